#include "fetchpool/prepare.h"

#include <unistd.h>

#include <memory>
#include <mutex>

#include "process/spawner.h"

namespace fetchpool {
namespace process {
namespace {

// The one piece of state of the whole program.
struct Root {
  std::mutex mutex;
  std::shared_ptr<Spawner> spawner;
  pid_t host = 0;
};

Root& root_place() {
  static Root place;
  return place;
}

}  // namespace

std::shared_ptr<Spawner> Spawner::root() {
  Root& place = root_place();
  std::lock_guard lock(place.mutex);
  // A child that the host forked is another host: its parent's spawner serves its parent.
  return place.host == getpid() ? place.spawner : nullptr;
}

std::shared_ptr<Spawner> Spawner::obtain(const SpawnerOptions& options) {
  auto existing = root();
  return existing ? existing : create(options);
}

}  // namespace process

void prepare(const PrepareOptions& options) {
  using process::Spawner;
  if (Spawner::root()) return;
  // Made while the lock is not held, so that it is free in the workers.
  auto made = Spawner::create({.keep_descriptors = true, .allow_threads = options.allow_threads});
  process::Root& place = process::root_place();
  std::lock_guard lock(place.mutex);
  if (place.host == getpid() && place.spawner) return;
  place.spawner = std::move(made);
  place.host = getpid();
}

}  // namespace fetchpool
