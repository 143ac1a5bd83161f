// What libcurl alone costs: the requests of fetchpool in forked processes, bodies over pipes to a
// parent that throws them away. No records, no order, no supervision, no decoding, nothing is tried
// again.
//
//   bare_loop LIST PROCESSES CONNECTIONS [CA_FILE]
//
// Writes the number of bytes that came.
#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBatch = std::size_t{256} << 10;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "bare_loop: %s: %s\n", what, std::strerror(errno));
  std::_Exit(1);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0) fail("cannot write to the pipe");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// One process's share of the list.
class Loop {
 public:
  Loop(std::vector<std::string> urls, std::string ca_file, int out)
      : urls_(std::move(urls)), ca_file_(std::move(ca_file)), out_(out) {
    curl_global_init(CURL_GLOBAL_ALL);
    multi_ = curl_multi_init();
    epoll_ = epoll_create1(0);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  void run(int connections) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, long{connections});
    for (int i = 0; i < connections; ++i) start(new_transfer());
    std::array<epoll_event, 256> events;
    while (running_ > 0) {
      int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                             timeout_ < 0 ? 1000 : static_cast<int>(timeout_));
      int left = 0;
      if (count == 0 || timeout_ == 0) {
        timeout_ = -1;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &left);
      }
      for (int i = 0; i < count; ++i) serve(events[static_cast<std::size_t>(i)]);
      collect();
    }
    write_all(out_, batch_);
  }

 private:
  struct Transfer {
    CURL* easy = nullptr;
    std::string body;
  };

  Transfer* new_transfer() {
    transfers_.push_back(std::make_unique<Transfer>());
    Transfer* transfer = transfers_.back().get();
    transfer->easy = curl_easy_init();
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    // libcurl formats a request byte by byte, which is a tenth of what a page costs it: so they
    // have to be of the same length.
    curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, "fetchpool/0.1.0");
    curl_easy_setopt(transfer->easy, CURLOPT_BUFFERSIZE, 60L << 10);
    if (!ca_file_.empty()) curl_easy_setopt(transfer->easy, CURLOPT_CAINFO, ca_file_.c_str());
    curl_easy_setopt(transfer->easy, CURLOPT_CAPATH, nullptr);
    return transfer;
  }

  void start(Transfer* transfer) {
    if (next_ == urls_.size()) return;
    transfer->body.clear();
    curl_easy_setopt(transfer->easy, CURLOPT_URL, urls_[next_++].c_str());
    curl_multi_add_handle(multi_, transfer->easy);
    ++running_;
  }

  void serve(const epoll_event& event) {
    int what = (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int left = 0;
    curl_multi_socket_action(multi_, event.data.fd, what, &left);
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi_, transfer->easy);
      --running_;
      send(transfer->body);
      start(transfer);
    }
  }

  void send(std::string_view body) {
    batch_.append(body);
    if (batch_.size() < kBatch) return;
    write_all(out_, batch_);
    batch_.clear();
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
    static_cast<Transfer*>(transfer)->body.append(data, size * count);
    return size * count;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    static_cast<Loop*>(self)->timeout_ = milliseconds;
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& loop = *static_cast<Loop*>(self);
    epoll_event event{};
    event.data.fd = socket;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    int operation = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
                    : known                  ? EPOLL_CTL_MOD
                                             : EPOLL_CTL_ADD;
    epoll_ctl(loop.epoll_, operation, socket, &event);
    curl_multi_assign(loop.multi_, socket, what == CURL_POLL_REMOVE ? nullptr : self);
    return 0;
  }

  std::vector<std::string> urls_;
  std::string ca_file_;
  int out_;
  CURLM* multi_ = nullptr;
  int epoll_ = -1;
  long timeout_ = -1;
  std::size_t next_ = 0;
  int running_ = 0;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::string batch_;
};

int start_process(const std::vector<std::string>& urls, std::size_t first, std::size_t step,
                  int connections, const std::string& ca_file) {
  int ends[2];
  if (pipe(ends) != 0) fail("cannot make a pipe");
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  pid_t pid = fork();
  if (pid < 0) fail("cannot fork");
  if (pid == 0) {
    close(ends[0]);
    std::vector<std::string> share;
    for (std::size_t i = first; i < urls.size(); i += step) share.push_back(urls[i]);
    Loop(std::move(share), ca_file, ends[1]).run(connections);
    std::_Exit(0);
  }
  close(ends[1]);
  return ends[0];
}

std::size_t drain(std::vector<pollfd> pipes) {
  static std::array<char, 1 << 20> block;
  std::size_t bytes = 0;
  for (std::size_t open = pipes.size(); open > 0;) {
    poll(pipes.data(), pipes.size(), -1);
    for (pollfd& pipe : pipes) {
      if (pipe.fd < 0 || pipe.revents == 0) continue;
      ssize_t count = read(pipe.fd, block.data(), block.size());
      if (count > 0) {
        bytes += static_cast<std::size_t>(count);
        continue;
      }
      close(pipe.fd);
      pipe.fd = -1;
      --open;
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bare_loop LIST PROCESSES CONNECTIONS [CA_FILE]\n");
    return 2;
  }
  std::ifstream list(argv[1]);
  std::vector<std::string> urls;
  for (std::string line; std::getline(list, line);) urls.push_back(line);
  auto processes = static_cast<std::size_t>(std::atoi(argv[2]));
  std::string ca_file = argc > 4 ? argv[4] : "";
  std::vector<pollfd> pipes;
  for (std::size_t i = 0; i < processes; ++i)
    pipes.push_back({start_process(urls, i, processes, std::atoi(argv[3]), ca_file), POLLIN, 0});
  std::printf("%zu\n", drain(std::move(pipes)));
  int worst = 0;
  for (int status = 0; wait(&status) > 0;)
    if (status != 0) worst = 1;
  return worst;
}
