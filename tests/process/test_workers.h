// Workers that do as they are told, and what tests of the core have in common.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "process/supervisor.h"

namespace fetchpool::process {

// Answers each job at once. A request is a word and, after a colon, its argument:
//   echo:TEXT   TEXT            size:N    N bytes        pid:      its process id
//   setup:      the setup       index:    its place      fds:      its open descriptors
//   exit:N      exits           signal:N  kills itself   hang:     never answers
//   parts:N     N parts first   torn:N    N bytes of an 8 MiB answer, then SIGKILL
//   three:N     the first N bytes of three frames that make one answer, then SIGKILL
//   raw:BYTES   BYTES on the channel in place of an answer
//   twice:      the same answer twice
//   child:      starts a child that keeps the channel open, answers with its process id
//   signals:    "ok", or what is wrong with its dispositions and mask
//   close:      closes the channel and waits
//   done_before_exit:   answers, then exits with 7
int obedient(WorkerLink& link);

std::string pattern_of(std::size_t size);
// Two parts and the end of one answer, as they lie in the channel, and where each of them ends.
std::string three_frames(JobId job);
std::vector<std::size_t> ends_of_three_frames();

SupervisorOptions options_for(WorkerFunction function);
std::shared_ptr<Spawner> test_spawner();

// Collects the events of a supervisor.
class Run {
 public:
  explicit Run(SupervisorOptions options, std::shared_ptr<Spawner> spawner = test_spawner());

  Supervisor& supervisor() { return supervisor_; }
  // Waits until `claim` holds; fails the test after 30 seconds.
  void until(const std::function<bool()>& claim);
  // Workers in places of their own, all ready.
  void add_ready(int workers);
  void until_ready(int worker);
  // The new worker of the place, another than `old`.
  void until_replaced(int worker, pid_t old);

  // Gives the request to the first worker with room, waiting for one; returns the job's id.
  JobId submit(const std::string& request);
  JobId submit_to(int worker, const std::string& request);
  // Waits until the job ended; its last event.
  Event end_of(JobId job);
  // end_of(submit(request)), and its bytes, parts included; "LOST" when it was lost.
  std::string ask(const std::string& request);
  void until_all_ended();

  // Every event that ended a job, by job.
  const std::map<JobId, std::vector<Event>>& ends() const { return ends_; }
  const std::map<JobId, std::string>& parts() const { return parts_; }
  int workers = 0;

 private:
  void note(const std::vector<Event>& events);

  Supervisor supervisor_;
  JobId next_job_ = 1;
  std::map<JobId, std::vector<Event>> ends_;
  std::map<JobId, std::string> parts_;
};

// Whether the process has ended: a zombie nobody reaps counts as gone.
bool is_gone(pid_t pid);
// Waits for it, up to `within`; returns whether it is.
bool goes(pid_t pid, std::chrono::milliseconds within = std::chrono::seconds(5));
// 'R', 'S', 'T', 'Z' ... or 0.
char state_of(pid_t pid);
// Zombies and running processes whose parent this one is.
std::set<pid_t> children_of(pid_t parent);
// Runs `body` in a forked process, in which it must return true, within ten minutes.
bool passes_in_child(const std::function<bool()>& body);
// For such bodies, which cannot use the assertions of Catch: throws where the claim does not hold.
void must(bool claim, const char* what);

}  // namespace fetchpool::process
