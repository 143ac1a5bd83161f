// An HTTP/2 server over TLS that ends its answers in all ways:
//   fetchpool_test_h2_origin CERTIFICATE KEY BEHAVIOUR
// It answers every request the same way, whatever is asked for, and prints its port.
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

// Of RFC 9113 section 6.
enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
};
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;
constexpr std::uint32_t kInternalError = 2;
constexpr std::uint32_t kRefusedStream = 7;
constexpr std::uint32_t kEnhanceYourCalm = 11;
// SETTINGS_MAX_CONCURRENT_STREAMS = 1.
const std::string kOneStream("\0\x03\0\0\0\x01", 6);
// Of a connection, before the server of "goaway-often" leaves and that of "cut-many" fails.
constexpr int kStreamsOften = 5;
constexpr int kStreamsMany = 5;
constexpr std::size_t kPrefaceBytes = 24;

std::atomic<int> requests{0};

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xff);
  return bytes;
}

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  const std::string& payload) {
  std::string head = big_endian(static_cast<std::uint32_t>(payload.size())).substr(1);
  head += static_cast<char>(type);
  head += static_cast<char>(flags);
  return head + big_endian(stream) + payload;
}

// :status 200 from the static table of HPACK, and content-length as a literal.
std::string response_headers(int length) {
  std::string block = "\x88";
  if (length >= 0) {
    std::string text = std::to_string(length);
    block += std::string("\x0f\x0d", 2) + static_cast<char>(text.size()) + text;
  }
  return block;
}

struct SslCloser {
  void operator()(SSL* ssl) const {
    // In good order, as far as TLS and TCP are concerned: nothing is left unread.
    SSL_shutdown(ssl);
    int fd = SSL_get_fd(ssl);
    shutdown(fd, SHUT_WR);
    char rest[256];
    while (read(fd, rest, sizeof rest) > 0) {
    }
    close(fd);
    SSL_free(ssl);
  }
};

class Connection {
 public:
  Connection(SSL_CTX* settings, int fd, std::string_view behaviour)
      : ssl_(SSL_new(settings)), behaviour_(behaviour) {
    SSL_set_fd(ssl_.get(), fd);
  }

  void serve() {
    if (SSL_accept(ssl_.get()) != 1) return;
    send(frame(kSettings, 0, 0, behaviour_ == "one-stream" ? kOneStream : ""));
    if (!read(kPrefaceBytes)) return;
    while (take_frame()) {
    }
  }

 private:
  bool read(std::size_t size) {
    input_.resize(size);
    for (std::size_t at = 0; at < size;) {
      int count = SSL_read(ssl_.get(), input_.data() + at, static_cast<int>(size - at));
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

  void send(const std::string& bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }

  bool take_frame() {
    if (!read(9)) return false;
    auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(input_[at]); };
    std::size_t size =
        static_cast<std::size_t>(byte(0)) << 16 | static_cast<std::size_t>(byte(1)) << 8 | byte(2);
    auto type = byte(3);
    auto flags = byte(4);
    std::uint32_t stream = static_cast<std::uint32_t>(byte(5)) << 24 |
                           static_cast<std::uint32_t>(byte(6)) << 16 |
                           static_cast<std::uint32_t>(byte(7)) << 8 | byte(8);
    if (size > 0 && !read(size)) return false;
    if (type == kSettings && !(flags & kAck)) send(frame(kSettings, kAck, 0, ""));
    if (type == kPing && !(flags & kAck)) send(frame(kPing, kAck, 0, input_));
    if (type != kHeaders) return true;
    return answer(stream, requests++);
  }

  // False where the connection ends with it.
  bool answer(std::uint32_t stream, int number) {
    auto headers = [&](int length) {
      send(frame(kHeaders, kEndHeaders, stream, response_headers(length)));
    };
    auto data = [&](bool last) { send(frame(kData, last ? kEndStream : 0, stream, "hello")); };
    auto reset = [&](std::uint32_t code) { send(frame(kRstStream, 0, stream, big_endian(code))); };
    // Of the streams, those up to `last` were taken up; the others may be sent again.
    auto go_away = [&](std::uint32_t last, std::uint32_t code) {
      send(frame(kGoaway, 0, 0, big_endian(last) + big_endian(code)));
      return false;
    };
    ++streams_;
    if (behaviour_ == "length" || behaviour_ == "no-length") {
      headers(behaviour_ == "length" ? 5 : -1);
      data(true);
    } else if (behaviour_ == "cut-length" || behaviour_ == "cut-no-length") {
      headers(behaviour_ == "cut-length" ? 10 : -1);
      data(false);
      return false;
    } else if (behaviour_ == "cut-headers") {
      return false;
    } else if (behaviour_ == "reset") {
      headers(-1);
      data(false);
      reset(kInternalError);
    } else if (behaviour_ == "refuse-first" && number == 0) {
      reset(kRefusedStream);
    } else if (behaviour_ == "goaway-first" && number == 0) {
      return go_away(0, 0);
    } else if (behaviour_ == "goaway-always") {
      return go_away(0, kEnhanceYourCalm);
    } else if (behaviour_ == "goaway-often") {
      headers(5);
      data(true);
      if (streams_ == kStreamsOften) return go_away(stream, 0);
    } else if (behaviour_ == "calm") {
      reset(kEnhanceYourCalm);
    } else if (behaviour_.starts_with("cut-many") && number > 0) {
      headers(behaviour_ == "cut-many" ? -1 : 10);
      data(false);
      if (streams_ == kStreamsMany) return go_away(stream, kInternalError);
    } else {
      headers(5);
      data(true);
    }
    return true;
  }

  std::unique_ptr<SSL, SslCloser> ssl_;
  std::string_view behaviour_;
  std::string input_;
  int streams_ = 0;
};

int choose_h2(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
              unsigned offered_size, void*) {
  static constexpr unsigned char kH2[] = "\x02h2";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, size, kH2, 3, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_settings(const char* certificate, const char* key) {
  SSL_CTX* settings = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(settings, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(settings, key, SSL_FILETYPE_PEM) != 1)
    std::exit(2);
  SSL_CTX_set_alpn_select_cb(settings, choose_h2, nullptr);
  return settings;
}

int listen_somewhere() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd, generic, size) != 0 || listen(fd, 64) != 0) std::exit(2);
  getsockname(fd, generic, &size);
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* settings = make_settings(argv[1], argv[2]);
  if (std::string_view(argv[3]) == "wants-certificate")
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  int listener = listen_somewhere();
  for (;;) {
    int fd = accept(listener, nullptr, nullptr);
    if (fd >= 0) std::thread([=] { Connection(settings, fd, argv[3]).serve(); }).detach();
  }
}
