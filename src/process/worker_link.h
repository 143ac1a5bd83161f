// What a worker function is given: its end of everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/channel.h"
#include "process/status_page.h"

namespace fetchpool::process {

// The worker's end of its channel and status page. The channel is blocking until the worker
// function makes its descriptors non-blocking. End of file on it means that nobody wants answers
// any more: the worker function should return.
//
// Jobs may have arrived together with the setup: call channel().next() before waiting for more.
class WorkerLink {
 public:
  WorkerLink(int index, std::string setup, ipc::Channel channel, StatusPage status)
      : index_(index),
        setup_(std::move(setup)),
        channel_(std::move(channel)),
        status_(std::move(status)) {}

  // The number of the worker's place, from 0 on. A replacement has the number of the worker it
  // replaces.
  int index() const { return index_; }
  const std::string& setup() const { return setup_; }
  ipc::Channel& channel() { return channel_; }
  StatusPage& status() { return status_; }

  // Tells the parent that the worker takes jobs from now on; to be called once, within the
  // deadline for starting. Writes at once. `bytes` come with the event.
  void ready(std::string_view bytes = {});
  // Tells the parent why the worker cannot start. The worker function should then return.
  void failed(std::string_view reason);
  // Tells the parent how many jobs this worker wants to have at once from now on, for
  // Supervisor::wanted(). Requires jobs > 0. Goes out with the next flush of the channel.
  void want(std::uint32_t jobs);
  // Whether ready() was called.
  bool is_ready() const { return is_ready_; }

 private:
  void send(ipc::FrameKind kind, std::string_view payload);

  int index_;
  std::string setup_;
  ipc::Channel channel_;
  StatusPage status_;
  bool is_ready_ = false;
};

// Runs in a worker process. What it returns is the worker's exit code; an exception that leaves it
// is reported as `failed` where Ready was not said, and ends the worker with exit code 1. It must
// be a plain function or captureless lambda of the program's own image: only its address travels.
using WorkerFunction = int (*)(WorkerLink&);

}  // namespace fetchpool::process
