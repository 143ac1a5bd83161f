// Between two members of a coded stream; only the layers include this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fetchpool::body {

// Collects the first bytes after a member, however they are cut, until it is plain whether they
// begin another one.
class MemberMagic {
 public:
  enum class Verdict { unsure, member, junk };

  // Takes from the front of `wire` and judges: `could_be` says of some bytes whether they are the
  // start of a magic number, whose whole length is `length`.
  template <typename CouldBe>
  Verdict judge(std::string_view& wire, std::size_t length, CouldBe could_be) {
    while (seen_.size() < length) {
      if (wire.empty()) return Verdict::unsure;
      seen_ += wire.front();
      wire.remove_prefix(1);
      if (!could_be(std::string_view(seen_))) return Verdict::junk;
    }
    return Verdict::member;
  }

  // The bytes taken so far.
  const std::string& seen() const { return seen_; }
  void clear() { seen_.clear(); }

 private:
  std::string seen_;
};

}  // namespace fetchpool::body
