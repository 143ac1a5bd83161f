// The results of a lazy map, one after the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fetchpool/apply_result.h"
#include "fetchpool/detail/imap_feed.h"

namespace fetchpool {

// What imap() and imap_unordered() return: a range to be gone through once.
//
//   for (Page& page : pool.imap(parse, read_lines(file))) use(page);
//
// The input is read by the thread that calls next() (or moves the iterator), and never further
// ahead than CallOptions::max_in_flight; an input of any length, even endless, takes bounded
// memory. When this goes, what has not begun is dropped. To be used by one thread at a time.
template <class R>
class ImapResult {
 public:
  using Value = typename TaskOutcome<R>::Value;

  explicit ImapResult(std::unique_ptr<detail::ImapFeed> feed) : feed_(std::move(feed)) {}

  // The next value, waiting for it; nothing at the end. Throws the element's error where it has
  // one (values after it can still be read), and what the input threw, when its place has come.
  // After close() the input is read no further.
  std::optional<Value> next() { return next_within(std::nullopt); }
  // The same, but throws TimeoutError where it is not there in time; it can still be read later.
  std::optional<Value> next(std::chrono::nanoseconds timeout) { return next_within(timeout); }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    iterator() = default;
    explicit iterator(ImapResult& result) : result_(&result) { ++*this; }
    Value& operator*() const { return *result_->current_; }
    Value* operator->() const { return &*result_->current_; }
    iterator& operator++() {
      result_->current_ = result_->next();
      if (!result_->current_) result_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.result_ == b.result_; }

   private:
    ImapResult* result_ = nullptr;
  };
  iterator begin() { return iterator(*this); }
  iterator end() { return {}; }

 private:
  std::optional<Value> next_within(std::optional<std::chrono::nanoseconds> timeout) {
    if (position_ == outcomes_.size()) {
      auto segment = feed_->next(timeout);
      if (!segment) return std::nullopt;
      outcomes_ = detail::outcomes_of_segment<R>(*segment);
      position_ = 0;
    }
    feed_->element_taken();
    return std::move(outcomes_[position_++]).value();
  }

  std::unique_ptr<detail::ImapFeed> feed_;
  std::vector<TaskOutcome<R>> outcomes_;
  std::size_t position_ = 0;
  std::optional<Value> current_;
};

}  // namespace fetchpool
