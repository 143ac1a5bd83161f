#include "process/spawner_line.h"

#include <utility>

#include "fetchpool/error.h"

namespace fetchpool::process {

SpawnerLine::SpawnerLine(std::shared_ptr<Spawner> spawner, WakeSet& wakes)
    : spawner_(std::move(spawner)), wakes_(wakes) {
  open(std::nullopt);
}

void SpawnerLine::open(std::optional<std::uint64_t> lost_generation) {
  session_ = spawner_->open_session(lost_generation);
  wakes_.watch(session_.poll_fd(), EPOLLIN, kSession);
  if (session_.spawner_fd() >= 0) wakes_.watch(session_.spawner_fd(), EPOLLIN, kSpawner);
}

void SpawnerLine::change_over() {
  wakes_.forget(session_.poll_fd());
  wakes_.forget(session_.spawner_fd());
  open(session_.generation());
}

void SpawnerLine::restore_spare() {
  try {
    spawner_->restore_spare();
  } catch (const SystemError&) {
    // It is tried again with the next session; until then there is no spare.
  }
}

void SpawnerLine::begin_end() {
  session_.begin_end();
  if (spawner_.use_count() == 1) spawner_->end_spare();
}

void SpawnerLine::give_up() {
  try {
    spawner_->open_session(session_.generation());
  } catch (const Error&) {
    // Both spawners are gone, and so is what they started.
  }
}

}  // namespace fetchpool::process
