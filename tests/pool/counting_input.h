// An input of tests, to be gone through once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace fetchpool::test {

// 0, 1, ... count - 1, or for ever where `count` is negative. Reading the element `bad` throws
// std::out_of_range; consumed() tells, of all copies together, how many were read.
class CountingInput {
 public:
  explicit CountingInput(int count, int bad = -1) : count_(count), bad_(bad) {}
  int consumed() const { return *consumed_; }

  class Iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(const CountingInput& input)
        : count_(input.count_), bad_(input.bad_), consumed_(input.consumed_) {}
    int operator*() const {
      if (at_ == bad_) throw std::out_of_range("no more input");
      *consumed_ = std::max(*consumed_, at_ + 1);
      return at_;
    }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.at_ == it.count_;
    }

   private:
    int at_ = 0;
    int count_ = 0;
    int bad_ = 0;
    std::shared_ptr<int> consumed_;
  };
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  int count_;
  int bad_;
  std::shared_ptr<int> consumed_ = std::make_shared<int>(0);
};

}  // namespace fetchpool::test
