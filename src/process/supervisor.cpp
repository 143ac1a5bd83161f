#include "process/supervisor.h"

#include <cassert>
#include <utility>

#include "process/supervisor_state.h"

namespace fetchpool::process {

Supervisor::Supervisor(std::shared_ptr<Spawner> spawner, SupervisorOptions options)
    : state_(std::make_unique<State>(std::move(spawner), std::move(options))) {}

Supervisor::~Supervisor() = default;

int Supervisor::add_worker(bool kept) {
  int number = state_->places.add(kept, state_->options, state_->wakes).number();
  state_->look_at(Clock::now());
  return number;
}

void Supervisor::renew_worker(int worker) {
  WorkerPlace* place = state_->places.at(worker);
  // One that is not ready yet is as new as one can be.
  if (place && place->phase() == WorkerPlace::Phase::ready) state_->begin_leaving(*place);
}

void Supervisor::remove_worker(int worker) {
  WorkerPlace* place = state_->places.at(worker);
  if (!place) return;
  place->removed = true;
  if (place->has_worker())
    state_->begin_leaving(*place);
  else
    state_->leave_if_gone(*place);
}

void Supervisor::kill_worker(int worker) {
  if (WorkerPlace* place = state_->places.at(worker))
    state_->kill(*place, Event::Cause::killed, Clock::now());
}

int Supervisor::room(int worker) const {
  const WorkerPlace* place = state_->places.at(worker);
  return place && !state_->stopping ? place->room() : 0;
}

int Supervisor::wanted(int worker) const {
  const WorkerPlace* place = state_->places.at(worker);
  return place && !state_->stopping ? place->wanted() : 0;
}

bool Supervisor::is_ready(int worker) const {
  const WorkerPlace* place = state_->places.at(worker);
  return place && place->phase() == WorkerPlace::Phase::ready;
}

pid_t Supervisor::pid(int worker) const {
  const WorkerPlace* place = state_->places.at(worker);
  return place && place->has_worker() ? place->pid() : 0;
}

const StatusPage& Supervisor::status(int worker) const {
  const WorkerPlace* place = state_->places.at(worker);
  return place ? place->status() : state_->no_status;
}

std::size_t Supervisor::outstanding() const {
  return state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, Bytes request) {
  assert(room(worker) > 0);
  state_->places.at(worker)->submit(job, std::move(request));
  ++state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, std::string_view request) {
  assert(room(worker) > 0);
  state_->places.at(worker)->submit(job, request);
  ++state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, std::string_view head, Bytes body) {
  assert(room(worker) > 0);
  state_->places.at(worker)->submit(job, head, std::move(body));
  ++state_->outstanding;
}

bool Supervisor::withdraw(int worker, JobId job) {
  WorkerPlace* place = state_->places.at(worker);
  return place && place->withdraw(job);
}

void Supervisor::send() {
  state_->flush();
}

const std::vector<Event>& Supervisor::wait(std::optional<Clock::duration> timeout) {
  state_->wait(timeout);
  return state_->events;
}

int Supervisor::poll_fd() const {
  return state_->wakes.fd();
}

std::vector<std::string> Supervisor::take_warnings() {
  return std::exchange(state_->warnings, {});
}

void Supervisor::stop() {
  state_->stopping = true;
  state_->places.for_each([this](WorkerPlace& place) {
    if (place.has_worker()) state_->begin_leaving(place);
  });
}

bool Supervisor::all_gone() const {
  return !state_->places.has_workers();
}

}  // namespace fetchpool::process
