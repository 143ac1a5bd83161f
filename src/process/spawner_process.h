// The spawner, seen from inside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "process/spawner_messages.h"

struct pollfd;

namespace fetchpool::process {

// The program all spawners of one host come from.
struct SpawnerHost {
  pid_t pid = 0;
  UniqueFd process;      // readable when it is gone; not open where the system has no such thing
  std::vector<int> fds;  // what workers may inherit, sorted
};

// The life of a spawner: forks workers for any number of sessions, reaps them, reports their ends.
// A spare is a spawner that nobody has opened a session with yet. It has no thread and no state
// but this, and leaves, with all its workers, when the host is gone or closes the control socket.
class SpawnerProcess {
 public:
  // `spare`: readable when the spare that there is already has ended; not open where there is none.
  SpawnerProcess(UniqueFd control, const SpawnerHost& host, UniqueFd spare);

  // Returns only in a new spare, with that one's control socket.
  UniqueFd run();

 private:
  struct Session {
    UniqueFd socket;
    std::deque<SpawnerReply> unsent;
    bool ended;  // the host's end is gone; this one stays until its workers are
  };
  struct Worker {
    pid_t pid;
    std::uint32_t id;
    Session* session;
    bool own_group;
  };

  void wait_for_something(std::vector<struct pollfd>& polled);
  bool host_is_gone(const struct pollfd& polled) const;
  std::optional<UniqueFd> read_control();
  // Tells the sessions from `first_new` on where it cannot.
  std::optional<UniqueFd> make_spare(UniqueFd control, std::size_t first_new);
  void read_session(Session& session);
  void start(Session& session, const SpawnerRequest& request, ReceivedFds fds);
  void kill(const Session& session, std::uint32_t worker);
  void end_session(Session& session);
  void close_if_empty(Session& session);
  void reap();
  void report(Session& session, const SpawnerReply& reply);
  void send_reports(Session& session);
  void see_to_spare();
  [[noreturn]] void leave();

  const SpawnerHost& host_;
  pid_t pid_;
  UniqueFd control_;
  UniqueFd child_signals_;
  UniqueFd spare_;
  bool lacks_spare_ = false;  // though the host asked for one: a session that comes now is told
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<Worker> workers_;
};

// The whole life of a spawner that the host forks, and that of each spare made from it. Keeps the
// descriptors that `host` lists, and its own. `spare` as above.
[[noreturn]] void live_as_spawner(UniqueFd control, const SpawnerHost& host, UniqueFd spare);

}  // namespace fetchpool::process
