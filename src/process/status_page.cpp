#include "process/status_page.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::process {

struct StatusPage::Layout {
  // An entry is in use while `since` is not 0.
  struct Entry {
    std::atomic<std::int64_t> since;
    std::atomic<std::uint64_t> job;
  };

  std::atomic<std::uint64_t> beats;
  std::atomic<std::uint64_t> started;
  std::atomic<std::uint64_t> finished;
  std::uint64_t jobs;
  std::uint64_t offers;

  Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
};

namespace {

enum Offer : std::uint32_t { none, offered, claimed, withdrawn };

// Only the worker writes, so no read-modify-write is needed.
void add_one(std::atomic<std::uint64_t>& count) {
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace

StatusPage StatusPage::create(int jobs, int offers) {
  std::size_t size = sizeof(Layout) + static_cast<std::size_t>(jobs) * sizeof(Layout::Entry) +
                     static_cast<std::size_t>(offers) * sizeof(std::atomic<std::uint32_t>);
  StatusPage page(posix::make_memory("fetchpool-status", size), size);
  page.layout_->jobs = static_cast<std::uint64_t>(jobs);
  page.layout_->offers = static_cast<std::uint64_t>(offers);
  page.jobs_ = jobs;
  page.offers_ = page.layout_->offers;
  return page;
}

StatusPage StatusPage::attach(UniqueFd memory) {
  struct stat info {};
  if (fstat(memory.get(), &info) != 0 || info.st_size < static_cast<off_t>(sizeof(Layout)))
    throw SystemError("cannot find the size of shared memory", errno);
  StatusPage page(std::move(memory), static_cast<std::size_t>(info.st_size));
  page.jobs_ = static_cast<int>(page.layout_->jobs);
  page.offers_ = page.layout_->offers;
  return page;
}

StatusPage::StatusPage(UniqueFd memory, std::size_t size) : memory_(std::move(memory)) {
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped == MAP_FAILED) throw SystemError("cannot map shared memory", errno);
  layout_ = static_cast<Layout*>(mapped);
  size_ = size;
}

StatusPage::StatusPage(StatusPage&& other) noexcept
    : memory_(std::move(other.memory_)),
      layout_(std::exchange(other.layout_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      jobs_(std::exchange(other.jobs_, 0)),
      offers_(std::exchange(other.offers_, 0)) {}

StatusPage& StatusPage::operator=(StatusPage&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(layout_, other.layout_);
  std::swap(size_, other.size_);
  std::swap(jobs_, other.jobs_);
  std::swap(offers_, other.offers_);
  return *this;
}

StatusPage::~StatusPage() {
  if (layout_) munmap(layout_, size_);
}

void StatusPage::begin(int slot, std::uint64_t job, TimePoint now) {
  Layout::Entry& entry = layout_->entries()[slot];
  entry.job.store(job, std::memory_order_relaxed);
  entry.since.store(std::chrono::nanoseconds(now.time_since_epoch()).count(),
                    std::memory_order_release);
  add_one(layout_->started);
  beat();
}

void StatusPage::end(int slot) {
  layout_->entries()[slot].since.store(0, std::memory_order_release);
  add_one(layout_->finished);
  beat();
}

void StatusPage::beat() {
  add_one(layout_->beats);
}

std::atomic<std::uint32_t>& StatusPage::offer_at(std::uint64_t n) const {
  auto* offers = reinterpret_cast<std::atomic<std::uint32_t>*>(layout_->entries() + jobs_);
  return offers[n % offers_];
}

bool StatusPage::claim(std::uint64_t n) {
  std::uint32_t state = Offer::offered;
  return offer_at(n).compare_exchange_strong(state, Offer::claimed);
}

void StatusPage::offer(std::uint64_t n) {
  offer_at(n).store(Offer::offered);
}

bool StatusPage::withdraw(std::uint64_t n) {
  std::uint32_t state = Offer::offered;
  return offer_at(n).compare_exchange_strong(state, Offer::withdrawn);
}

std::vector<StatusPage::Running> StatusPage::running() const {
  std::vector<Running> jobs;
  for (int slot = 0; slot < jobs_; ++slot) {
    const Layout::Entry& entry = layout_->entries()[slot];
    std::int64_t since = entry.since.load(std::memory_order_acquire);
    if (since == 0) continue;
    std::uint64_t job = entry.job.load(std::memory_order_acquire);
    // The entry of a living worker may change under this look; then its next job is of no concern.
    if (entry.since.load(std::memory_order_relaxed) == since) jobs.push_back({job, since});
  }
  return jobs;
}

std::optional<std::int64_t> StatusPage::running_since(std::uint64_t job) const {
  for (const Running& running_job : running())
    if (running_job.job == job) return running_job.since_ns;
  return std::nullopt;
}

std::uint64_t StatusPage::beats() const {
  return layout_ ? layout_->beats.load(std::memory_order_acquire) : 0;
}
std::uint64_t StatusPage::started() const {
  return layout_ ? layout_->started.load(std::memory_order_acquire) : 0;
}
std::uint64_t StatusPage::finished() const {
  return layout_ ? layout_->finished.load(std::memory_order_acquire) : 0;
}

}  // namespace fetchpool::process
