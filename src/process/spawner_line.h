// A supervisor's line to the spawner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "process/spawner.h"
#include "process/wake_set.h"

namespace fetchpool::process {

// One session after the other: when the spawner is lost, the next one is with its successor. Its
// descriptors are in the supervisor's wake set.
class SpawnerLine {
 public:
  // Throws PoolBroken.
  SpawnerLine(std::shared_ptr<Spawner> spawner, WakeSet& wakes);

  SpawnerSession& session() { return session_; }
  // Whether an entry of the wake set with this id means that reports may be there.
  static bool is_id(std::uint64_t id) { return id >= kSession; }
  // Goes on with the spare, for which the spawner is given up. Throws PoolBroken.
  void change_over();
  // Has a new spare made, as far as that is possible now.
  void restore_spare();
  // Ends the workers, after whom no session comes, and beside them what else nobody needs then.
  // Waits for nothing.
  void begin_end();
  // Ends the spawner of the session, and with it all workers that it started.
  void give_up();

 private:
  // Ids in the wake set; all smaller ones are workers.
  static constexpr std::uint64_t kSession = std::uint64_t{1} << 32;
  static constexpr std::uint64_t kSpawner = kSession + 1;

  void open(std::optional<std::uint64_t> lost_generation);

  std::shared_ptr<Spawner> spawner_;
  WakeSet& wakes_;
  SpawnerSession session_;
};

}  // namespace fetchpool::process
