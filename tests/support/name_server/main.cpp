// A name server for tests: answers with what its arguments say, and ends when its stdin does.
//
//     fetchpool_test_name_server NAME=ADDRESS[,ADDRESS...][/ADDRESS...]... NAME=fails NAME=silent
//
// What follows a '/' is the answer to the next question for that name, the last one to all that
// come later. Names it does not know do not exist. Listens on 127.0.0.1:53 and prints "ready".
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace {

enum Type : std::uint16_t { kA = 1, kAaaa = 28 };
enum Code : std::uint8_t { kNoError = 0, kServerFailure = 2, kNoSuchName = 3 };
constexpr std::size_t kHeaderBytes = 12;

struct Zone {
  std::vector<std::string> answers;  // "ADDRESS,ADDRESS", one for each question
  std::size_t asked = 0;
};
using Zones = std::map<std::string, Zone, std::less<>>;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::size_t end = 0;  // of the question within the message
};

Question read_question(std::string_view message) {
  Question question;
  std::size_t at = kHeaderBytes;
  while (at < message.size() && message[at] != 0) {
    auto length = static_cast<std::size_t>(static_cast<unsigned char>(message[at]));
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, length);
    at += 1 + length;
  }
  if (at + 5 > message.size()) return {};
  question.type = static_cast<std::uint16_t>(static_cast<unsigned char>(message[at + 1]) << 8 |
                                             static_cast<unsigned char>(message[at + 2]));
  question.end = at + 5;
  return question;
}

// The addresses of the asked type, each as the bytes of a resource record. An IPv6 lookup of a name
// goes with an IPv4 one: only the latter counts as a question.
std::vector<std::string> records_for(Zone& zone, std::uint16_t type) {
  std::vector<std::string> records;
  const std::string& now = zone.answers[std::min(zone.asked, zone.answers.size() - 1)];
  for (const std::string& address : split(now, ',')) {
    char bytes[16];
    int family = type == kA ? AF_INET : AF_INET6;
    if (inet_pton(family, address.c_str(), bytes) != 1) continue;
    std::size_t size = type == kA ? 4 : 16;
    std::string record("\xc0\x0c\0", 3);  // the name of the question
    record += static_cast<char>(type);
    record += std::string("\0\1\0\0\0\0\0", 7);  // class IN, valid for no time
    record += static_cast<char>(size);
    record += std::string(bytes, size);
    records.push_back(record);
  }
  if (type == kA) ++zone.asked;
  return records;
}

// Empty: no answer at all.
std::string answer_to(std::string_view message, Zones& zones) {
  if (message.size() < kHeaderBytes) return {};
  Question question = read_question(message);
  if (question.end == 0) return {};
  auto zone = zones.find(question.name);
  std::uint8_t code = zone == zones.end() ? kNoSuchName : kNoError;
  std::vector<std::string> records;
  if (zone != zones.end()) {
    const std::string& first = zone->second.answers[0];
    if (first == "silent") return {};
    if (first == "fails")
      code = kServerFailure;
    else if (question.type == kA || question.type == kAaaa)
      records = records_for(zone->second, question.type);
  }
  std::string answer(message.substr(0, 2));
  answer += "\x85";
  answer += static_cast<char>(0x80 | code);
  answer += std::string("\0\1\0", 3);
  answer += static_cast<char>(records.size());
  answer += std::string(4, '\0');
  answer += message.substr(kHeaderBytes, question.end - kHeaderBytes);
  for (const std::string& record : records) answer += record;
  return answer;
}

void answer_one(int fd, Zones& zones) {
  char message[1500];
  sockaddr_in from{};
  socklen_t length = sizeof from;
  ssize_t size =
      recvfrom(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (size <= 0) return;
  std::string answer = answer_to({message, static_cast<std::size_t>(size)}, zones);
  if (!answer.empty())
    sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
}

}  // namespace

int main(int argc, char** argv) {
  Zones zones;
  for (int i = 1; i < argc; ++i) {
    std::string_view rule = argv[i];
    std::size_t equals = rule.find('=');
    zones[std::string(rule.substr(0, equals))].answers = split(rule.substr(equals + 1), '/');
  }
  fetchpool::UniqueFd server(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("cannot listen on 127.0.0.1:53");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    pollfd fds[] = {{server.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return 0;
    answer_one(server.get(), zones);
  }
}
