// One place of a supervisor: the worker in it, and what it has to do.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/posix.h"
#include "ipc/channel.h"
#include "process/silence_watch.h"
#include "process/start_guard.h"
#include "process/supervisor.h"
#include "process/wake_set.h"

namespace fetchpool::process {

// Holds one worker after the other. Knows frames and jobs; whether and when a worker is started,
// killed or replaced is the supervisor's to decide. Every job given ends in one event of `events`.
class WorkerPlace {
 public:
  enum class Phase {
    vacant,    // no worker
    starting,  // asked for, and not ready yet
    ready,     // takes jobs
  };
  enum class Input {
    taken,        // what came was taken; more may come
    end_of_file,  // the worker closed its end
    garbage,      // no frame, or one that it had no reason to send
  };

  WorkerPlace(int number, bool kept, const SupervisorOptions& options, WakeSet& wakes);
  ~WorkerPlace() = default;
  WorkerPlace(const WorkerPlace&) = delete;
  WorkerPlace& operator=(const WorkerPlace&) = delete;

  // Vacant: asks `session` for a worker by the name of `id`. Throws SystemError.
  void start(SpawnerSession& session, std::uint32_t id);
  // Its process runs: from now on it is listened to.
  void born(pid_t pid);
  // The worker is gone: takes what it still said, then ends its jobs as lost, then is vacant.
  void worker_ended(ExitStatus status, std::vector<Event>& events);

  void submit(JobId job, Bytes request);
  void submit(JobId job, std::string_view request);
  void submit(JobId job, std::string_view head, Bytes body);
  // As Supervisor::withdraw().
  bool withdraw(JobId job);
  // Sends the stop frame.
  void ask_to_leave();
  // Writes what waits; the rest when the channel takes more.
  void flush();
  // Reads once.
  Input read(std::vector<Event>& events);
  // Nothing is read from or written to this worker any more.
  void ignore();

  int number() const { return number_; }
  Phase phase() const { return phase_; }
  bool has_worker() const { return phase_ != Phase::vacant; }
  std::uint32_t worker() const { return worker_; }
  pid_t pid() const { return pid_; }
  const std::deque<JobId>& jobs() const { return jobs_; }
  const StatusPage& status() const { return status_; }
  // Whether the worker, or the last one, said Ready.
  bool was_ready() const { return was_ready_; }
  // Whether the place is of no use without its worker.
  bool goes_with_worker() const;
  int room() const;
  int wanted() const;
  // Whether flush() should be called; while the channel is full, it is called when it is not.
  bool wants_to_write() const {
    return input_watched_ && !output_watched_ && channel_.wants_to_write();
  }
  bool waits_to_write() const { return output_watched_; }
  // Why the worker that ended before it was ready did so.
  std::string start_failure(ExitStatus status) const;
  // How the worker that was ready ended, where it did so by itself, soon, and before it had begun a
  // job; else empty.
  std::string unused_end(ExitStatus status, TimePoint now) const;

  // The supervisor's notes about the place and its worker.
  const bool kept;       // a new worker follows the one that ends
  bool removed = false;  // none does any more
  bool leaving = false;  // no more jobs for this worker: it ends after those it has
  bool stop_sent = false;
  bool kill_sent = false;
  Event::Cause cause = Event::Cause::died;
  std::optional<TimePoint> deadline;  // to be ready, to leave, or to be reported as ended
  SilenceWatch silence;
  StartGuard unused_ends;

 private:
  static constexpr std::uint32_t kAnyNumber = ~std::uint32_t{0};

  void note_job(JobId job);
  void ask(SpawnerSession& session);
  std::shared_ptr<ipc::SharedArena> make_arena() const;
  void open_channel(WorkerStart& worker_ends);
  void take_last_words(std::vector<Event>& events);
  Input take_frames(std::vector<Event>& events);
  bool take(ipc::Frame frame, std::vector<Event>& events);
  void lose_jobs(ExitStatus status, std::vector<Event>& events);
  void watch_output(bool on);
  void vacate();

  const int number_;
  const SupervisorOptions& options_;
  WakeSet& wakes_;
  Phase phase_ = Phase::vacant;
  std::uint32_t worker_ = 0;
  pid_t pid_ = 0;
  ipc::Channel channel_;
  StatusPage status_;
  std::deque<JobId> jobs_;
  std::uint32_t window_ = kAnyNumber;  // how many jobs the worker wants to have
  std::uint64_t jobs_given_ = 0;       // to this worker
  std::string failure_;
  bool input_watched_ = false;
  bool output_watched_ = false;
  bool damaged_ = false;
  bool was_ready_ = false;
  TimePoint ready_since_{};
};

}  // namespace fetchpool::process
