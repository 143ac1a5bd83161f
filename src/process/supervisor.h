// Worker processes and the jobs they carry: the core under Pool and Fetcher.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "fetchpool/bytes.h"
#include "fetchpool/exit_status.h"
#include "process/spawner.h"
#include "process/start_guard.h"
#include "process/worker_link.h"

namespace fetchpool::process {

using JobId = std::uint64_t;

struct SupervisorOptions {
  WorkerFunction function = nullptr;
  // Given to every worker before its first job.
  std::string setup;
  // How many jobs one worker holds at most, running or waiting.
  int jobs_per_worker = 1;
  // How many of those it runs at once (entries of its status page).
  int running_per_worker = 1;
  // Whether withdraw() can be used. The worker then asks StatusPage::claim() before it runs a job,
  // and answers jobs in the order in which it got them.
  bool withdrawable = false;
  enum class Transport { pipes, socket } transport = Transport::pipes;
  // What a worker can answer before its answers are read; the system may grant less to sockets.
  std::size_t pipe_bytes = std::size_t{1} << 20;
  // Of shared memory for each worker, in which it leaves what is large while there is room; 0:
  // none. Where the system gives none, everything goes through the channel.
  std::size_t arena_bytes = 0;
  // A longer frame from a worker is damage.
  std::size_t max_payload = std::size_t{1} << 30;
  WorkerDescriptors descriptors = WorkerDescriptors::only_its_own;
  bool own_group = false;
  // A worker that is not ready by then is killed and counts as a failed start.
  std::chrono::milliseconds ready_within{30000};
  // After a stop frame, before SIGKILL.
  std::chrono::milliseconds grace{2000};
  // A worker that runs jobs and whose beat stands still for so long is killed; 0: never. Time in
  // which this process itself was stopped does not count.
  std::chrono::milliseconds silent_for{0};
  StartGuard::Options start_guard;
};

struct Event {
  enum class Kind {
    ready,     // the worker takes jobs; `bytes` are what it said with that
    progress,  // of `job`; `bytes` say what
    part,      // bytes of the answer to `job`, more to come
    done,      // the answer to `job`, or the rest of it
    lost,      // `job` will have no answer: its worker ended. Its parts must be forgotten
  };
  Kind kind;
  int worker = -1;  // the place, as returned by add_worker()
  JobId job = 0;
  Bytes bytes;
  // lost: how the worker ended, whether the job had begun (and may have been the cause), whether
  // the supervisor itself ended the worker, and why.
  ExitStatus status;
  pid_t pid = 0;
  bool started = false;
  // How many jobs (as StatusPage::begin counts them) that worker has begun in its life.
  std::uint64_t begun = 0;
  enum class Cause { died, killed, silent, garbage, spawner_lost, stopped } cause = Cause::died;
};

// Starts workers, hands jobs to them, and replaces those that end. Carries ids and bytes and knows
// no meaning.
//
// Passive: it has no thread and calls nobody back. Whoever owns it calls wait(), or waits for
// poll_fd() in a loop of its own and then calls wait() with no timeout. Every job submitted ends
// as exactly one `done` or `lost` event, in whatever way its worker ends. Not thread-safe.
class Supervisor {
 public:
  Supervisor(std::shared_ptr<Spawner> spawner, SupervisorOptions options);
  // Kills all workers and returns when they are gone.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // A place for workers. `kept`: whenever its worker ends, a new one is started. Otherwise the
  // place is gone with its worker. Returns the place's number; those of gone places are used
  // again.
  int add_worker(bool kept = true);
  // Finish the jobs it has, then end the worker (by frame; after the grace, by SIGKILL); a kept
  // place then gets a fresh worker.
  void renew_worker(int worker);
  // The same, and the place goes.
  void remove_worker(int worker);
  // Kill the worker now. Its jobs end as lost, with cause `killed`.
  void kill_worker(int worker);

  // How many more jobs the worker takes now; 0 while it is not ready.
  int room(int worker) const;
  // How many more jobs the worker wants now: room(), or fewer where it has said how many it wants
  // to have at once (WorkerLink::want).
  int wanted(int worker) const;
  bool is_ready(int worker) const;
  pid_t pid(int worker) const;
  const StatusPage& status(int worker) const;
  // Jobs submitted and not ended.
  std::size_t outstanding() const;

  // Requires room(worker) > 0, and an id that no outstanding job has. Sent with the next wait().
  void submit(int worker, JobId job, Bytes request);
  void submit(int worker, JobId job, std::string_view request);
  // A request of two pieces: a head that is copied and a body that is not.
  void submit(int worker, JobId job, std::string_view head, Bytes body);
  // Takes a job back that its worker has not begun: it will not be run there. It still ends as
  // `done`, without bytes, or `lost`. False: it has begun, or ended. Requires `withdrawable`.
  bool withdraw(int worker, JobId job);

  // Sends what was submitted, without waiting; the rest goes out with wait().
  void send();
  // Sends what was submitted, then returns what happened, waiting up to `timeout` (nothing: as
  // long as it takes) for the first event. May return none before the timeout has passed. The
  // vector is valid until the next call. Throws PoolBroken, with the collected cause, when
  // workers cannot be started or the spawner and its spare are both gone; jobs then outstanding
  // are reported as lost by calls before it throws.
  const std::vector<Event>& wait(std::optional<Clock::duration> timeout);
  // Readable when wait() has something to do: descriptors and timers both.
  int poll_fd() const;

  // Asks all workers to finish their jobs and leave, and replaces none from now on.
  void stop();
  // What its owner should tell the user about, once each: sentences such as "cannot start more
  // workers: Resource temporarily unavailable; going on with 3" and "worker process 817 sent
  // damaged data and is replaced". One for each death of a worker, but not thousands: where ten
  // of a kind have come, one every 10 s, which says how many before it had none.
  std::vector<std::string> take_warnings();

  // Whether no worker process is left.
  bool all_gone() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fetchpool::process
