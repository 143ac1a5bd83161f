// Many transfers side by side in one process.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/posix.h"
#include "base/unique_fd.h"
#include "fetch/byte_budget.h"
#include "fetch/concurrency_limit.h"
#include "fetch/curl_handles.h"
#include "fetch/hop.h"
#include "fetch/host_names.h"
#include "fetch/kept_connections.h"
#include "fetch/transfer.h"

namespace fetchpool::engine {

// Told of what happens to hops, from within TransferLoop::run().
class TransferObserver {
 public:
  virtual ~TransferObserver() = default;
  // The hop begins; `slot` is a number below settings.transfers that no other running hop has.
  virtual void on_begin(std::uint64_t job, int slot) = 0;
  virtual void on_connected(std::uint64_t job) = 0;
  // The hop ended. True: the observer is done with it. False: it still reads the body, and will
  // call TransferLoop::give_back(); until then the hop counts as running.
  virtual bool on_end(Transfer& transfer, HopResult& result) = 0;
};

// Runs hops: as many at once as are worth it, of those that it was made for, and of one host as
// many as its quota says. Others wait their turn. Deadlines are judged only after everything that
// lies in the sockets was read, and time in which this process was stopped does not count.
class TransferLoop {
 public:
  // libcurl must be initialised. Throws SystemError or Error where the system has no room.
  // `arena`: as TransferShared takes it.
  TransferLoop(const TransferSettings& settings, TransferObserver& observer,
               std::shared_ptr<ipc::SharedArena> arena);
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  void add(std::uint64_t job, HopRequest request);
  // Forgets the hops that wait for their turn, and returns their jobs.
  std::vector<std::uint64_t> drop_waiting();
  // The same, of one host.
  std::vector<std::uint64_t> drop_waiting(std::uint32_t host);
  // Waits up to `timeout` for anything to happen and does what is due. Returns whether a watched
  // descriptor has events.
  bool run(Clock::duration timeout);
  // Where the rate is limited: from now on so many bytes a second are read.
  void set_rate(std::uint64_t bytes_per_second) { budget_.set_rate(bytes_per_second); }
  // Descriptors of others to wait for, with events of epoll(7); 0 ends watching.
  void watch(int fd, std::uint32_t events);

  // How many hops it runs at once now.
  int limit() const { return limit_.get(); }
  // How many of its hops have to wait until others of their hosts end, whatever the limit is.
  std::size_t blocked() const { return blocked_; }
  bool is_idle() const { return running_ == 0; }
  int running() const { return running_; }

  // Whether the last look at the sockets found anything.
  bool has_served() const { return served_; }

  // The observer is done with the body of an ended transfer.
  void give_back(Transfer& transfer);

 private:
  struct Waiting {
    std::uint64_t job;
    HopRequest request;
  };
  struct HostQueue {
    std::uint32_t quota = 1;
    std::uint32_t running = 0;
    bool in_line = false;
    std::deque<Waiting> waiting;

    bool may_begin() const { return running < quota && !waiting.empty(); }
    std::size_t blocked() const { return running < quota ? 0 : waiting.size(); }
  };
  enum Wanted : std::uint8_t { kRead = 1, kWrite = 2 };

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static void on_socket_closing(void* self, curl_socket_t socket);

  void want(curl_socket_t socket, int what);
  Transfer& idle_transfer();
  void begin(Waiting&& hop);
  void connect(Transfer& transfer);
  void use(Transfer& transfer, const NameAnswer& answer);
  void hand_over(Transfer& transfer);
  void take_names();
  template <class Change>
  void change(HostQueue& host, Change&& change_it);
  void line_up(std::uint32_t id, HostQueue& host);
  void begin_next();
  void forget_if_done(std::uint32_t id, const HostQueue& host);
  void adapt_limit(Clock::duration worked, Clock::duration waited);
  bool serve_sockets(Clock::duration timeout);
  bool wait_for_budget(Clock::duration timeout);
  bool has_budget();
  void serve_timer();
  void collect();
  void end(Transfer& transfer, CURLcode code);
  void end_late_ones();
  bool excuse_held_back(Transfer& transfer);
  void end_slow_ones();
  void tell_connected();
  void discount_stop(TimePoint before, Clock::duration expected);

  TransferShared shared_;
  TransferObserver& observer_;
  UniqueFd epoll_;
  UniqueFd others_;  // where the rate is limited: an epoll set of the others' descriptors alone
  CurlMulti multi_;
  HostNames names_;
  std::vector<Transfer*> nameless_;  // to be ended: their hosts have no address
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_;
  std::vector<Transfer*> active_;  // by slot; null where free
  std::vector<int> free_slots_;
  std::vector<Transfer*> to_tell_;  // whose connection is to be reported
  std::unordered_map<std::uint32_t, HostQueue> hosts_;
  std::deque<std::uint32_t> in_line_;  // hosts of which a hop may begin
  std::size_t blocked_ = 0;
  ConcurrencyLimit limit_;
  std::uint64_t refused_ = 0;             // bodies for which there was no memory
  std::vector<std::uint8_t> wanted_;      // by socket: what libcurl waits for
  std::vector<std::uint8_t> registered_;  // by socket: what epoll waits for
  std::optional<TimePoint> timer_;
  TimePoint next_deadline_ = TimePoint::max();
  TimePoint next_look_ = TimePoint::max();
  TimePoint now_;
  int running_ = 0;
  ByteBudget budget_;
  std::uint64_t paid_for_ = 0;   // of the bytes received
  bool has_names_ = false;       // whether names were looked up that nobody has taken yet
  bool served_ = false;          // whether the last look at the sockets found anything
  KeptConnections connections_;  // last: when they are closed, their sockets are told to this
};

}  // namespace fetchpool::engine
