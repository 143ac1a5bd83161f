#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "process/spawner.h"
#include "process/spawner_messages.h"

namespace fetchpool::process {
namespace {

SpawnerReport report_of(const SpawnerReply& reply) {
  SpawnerReport report{};
  report.worker = reply.worker;
  report.pid = reply.pid;
  switch (reply.kind) {
    case SpawnerReply::Kind::born:
      report.kind = SpawnerReport::Kind::born;
      break;
    case SpawnerReply::Kind::refused:
      report.kind = SpawnerReport::Kind::refused;
      report.error_number = reply.error_number;
      break;
    case SpawnerReply::Kind::ended:
      report.kind = SpawnerReport::Kind::ended;
      report.status = ExitStatus::from_wait_status(reply.wait_status);
      break;
    case SpawnerReply::Kind::spare_gone:
    case SpawnerReply::Kind::hello:
      report.kind = SpawnerReport::Kind::spare_gone;
      break;
  }
  return report;
}

}  // namespace

void SpawnerSession::start(std::uint32_t worker, WorkerStart start, const StatusPage& status) {
  SpawnerRequest request{SpawnerRequest::Kind::start};
  request.worker = worker;
  request.function = start.function;
  request.index = start.index;
  request.inherits_descriptors = start.descriptors == WorkerDescriptors::inherited;
  request.own_group = start.own_group;
  request.max_payload = start.max_payload;
  request.has_two_descriptors = start.out.is_open();
  request.has_arena = start.arena != nullptr;
  std::vector<int> fds = {status.fd(), start.in.get()};
  if (request.has_two_descriptors) fds.push_back(start.out.get());
  if (request.has_arena) fds.push_back(start.arena->fd());
  // A spawner that is gone is reported as lost.
  if (!send_message(socket_.get(), request, fds) && errno != EPIPE && errno != ECONNRESET)
    throw SystemError("cannot ask for a worker process", errno);
}

void SpawnerSession::kill(std::uint32_t worker) {
  SpawnerRequest request{SpawnerRequest::Kind::kill};
  request.worker = worker;
  send_message(socket_.get(), request);
}

std::optional<SpawnerReport> SpawnerSession::next_report() {
  if (!is_open()) return std::nullopt;
  // Asked before the socket is read: what a spawner said before it went must not be missed.
  bool gone = spawner_.is_open() && posix::is_readable(spawner_.get());
  SpawnerReply reply{};
  Received received = receive_message(socket_.get(), reply);
  if (received == Received::message) return report_of(reply);
  if (received == Received::nothing && !gone) return std::nullopt;
  is_lost_ = true;
  return SpawnerReport{SpawnerReport::Kind::lost};
}

void SpawnerSession::begin_end() {
  // Not close(2): a child of the host may hold the socket, too.
  if (is_open()) shutdown(socket_.get(), SHUT_WR);
}

bool SpawnerSession::end(std::chrono::milliseconds within) {
  if (!is_open()) return true;
  begin_end();
  TimePoint deadline = Clock::now() + within;
  while (is_open() && Clock::now() < deadline) {
    while (auto report = next_report())
      if (report->kind == SpawnerReport::Kind::lost) return true;
    struct pollfd polled[] = {{socket_.get(), POLLIN, 0}, {spawner_.get(), POLLIN, 0}};
    posix::poll_for(polled, 2, deadline - Clock::now());
  }
  return false;
}

}  // namespace fetchpool::process
