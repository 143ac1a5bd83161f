#include "output/existing_bodies.h"

#include <cerrno>
#include <utility>

#include "fetchpool/error.h"
#include "output/directory_sink.h"
#include "output/file_name.h"
#include "output/run_report.h"

namespace fetchpool::output {
namespace {

// Its time is that of the beginning, by the clock of the file system itself.
constexpr const char* kBegin = "begin";

}  // namespace

ExistingBodies::ExistingBodies(const std::string& directory, std::string name_template,
                               bool goes_on)
    : directory_(Directory::open(directory)), name_template_(std::move(name_template)) {
  Directory job = directory_.folder(kJobFolder);
  if (!goes_on) job.remove(kBegin);
  if (!job.look_at(kBegin)) (void)job.create(kBegin);
  auto begin = job.look_at(kBegin);
  if (!begin) throw SystemError("cannot make " + job.full_name(kBegin), errno);
  begin_ = begin->modified;
}

bool ExistingBodies::find(FetchResult& request) {
  for (const std::string& path : possible_paths(name_template_, request))
    // The numbered name first: the other one may be that of another URL.
    if (take(request, numbered(path, request.seq)) || take(request, path)) return true;
  return false;
}

bool ExistingBodies::take(FetchResult& request, const std::string& name) {
  if (is_of_reports(name)) return false;
  auto file = directory_.look_at(name);
  // Clocks of file systems are coarse: what has the very time of the beginning may be ours.
  if (!file || file->modified >= begin_) return false;
  request.outcome = Outcome::skipped_existing;
  request.out = name;
  request.size_body = file->size;
  return true;
}

}  // namespace fetchpool::output
