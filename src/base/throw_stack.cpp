#include "base/throw_stack.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <typeinfo>

#include "base/current_exception.h"

namespace fetchpool {
namespace {

constexpr int kMostFrames = 64;

struct Stack {
  void* frames[kMostFrames];
  int count = 0;
  int below = 0;  // frames at the end that are not of interest
};
thread_local Stack stack;

struct Frame {
  const char* object = "?";
  std::uintptr_t offset = 0;  // in the object, as addr2line has it
  const char* symbol = nullptr;
  std::uintptr_t in_symbol = 0;
};

Frame frame_of(void* address) {
  Frame frame;
  // The address is where the call returns to, which may be another function's.
  auto call = reinterpret_cast<std::uintptr_t>(address) - 1;
  Dl_info info{};
  link_map* object = nullptr;
  if (dladdr1(reinterpret_cast<void*>(call), &info, reinterpret_cast<void**>(&object),
              RTLD_DL_LINKMAP) == 0)
    return frame;
  if (info.dli_fname) frame.object = info.dli_fname;
  frame.offset = call - (object ? object->l_addr : 0);
  frame.symbol = info.dli_sname;
  if (frame.symbol) frame.in_symbol = call - reinterpret_cast<std::uintptr_t>(info.dli_saddr);
  return frame;
}

bool is_throw(const Frame& frame) {
  std::string_view symbol = frame.symbol ? frame.symbol : "";
  return symbol == "__cxa_throw" || symbol == "__cxa_rethrow" ||
         symbol == "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE";
}

std::string line_of(int number, const Frame& frame) {
  char numbers[2][32];
  std::snprintf(numbers[0], sizeof numbers[0], "+0x%jx", static_cast<std::uintmax_t>(frame.offset));
  std::snprintf(numbers[1], sizeof numbers[1], "+0x%jx",
                static_cast<std::uintmax_t>(frame.in_symbol));
  std::string line = "#" + std::to_string(number) + " ";
  if (frame.symbol) line += readable_symbol(frame.symbol) + numbers[1] + " ";
  return line + "(" + frame.object + numbers[0] + ")\n";
}

}  // namespace

// What the C++ runtime asks whether a handler wants an exception. It takes over the name under
// which the runtime looks for the type of ThrowObserver.
class ObservingType : public std::type_info {
 public:
  ObservingType() : std::type_info("N9fetchpool13ThrowObserverE") {}
  bool __do_catch(const std::type_info*, void**, unsigned) const override {
    stack.count = backtrace(stack.frames, kMostFrames);
    return false;
  }
};

// Before all other objects, some of which may throw.
__attribute__((init_priority(101)))
ObservingType observing_type __asm__("_ZTIN9fetchpool13ThrowObserverE");

void begin_throw_stacks() {
  void* frames[kMostFrames];
  stack.below = std::max(backtrace(frames, kMostFrames) - 1, 0);
  stack.count = 0;
}

std::string stack_of_throw() {
  int end = stack.count < kMostFrames ? std::max(stack.count - stack.below, 0) : stack.count;
  // The first frames are the runtime's, up to the throw itself.
  int begin = 0;
  for (int i = 0; i < std::min(end, 12); ++i)
    if (is_throw(frame_of(stack.frames[i]))) begin = i + 1;
  std::string text;
  for (int i = begin; i < end; ++i) text += line_of(i - begin, frame_of(stack.frames[i]));
  return text;
}

}  // namespace fetchpool
