// Where an exception was thrown, for those who catch it.
#pragma once

#include <string>

namespace fetchpool {

// To be named in a handler before all others, which never is entered:
//
//   try {
//     ...
//   } catch (const ThrowObserver&) {
//   } catch (...) {
//     use(stack_of_throw());
//   }
//
// While an exception looks for its handler, the stack of the throw still stands. Handlers are asked
// in their order whether they want it; this one notes the stack, and does not.
class ThrowObserver {
 public:
  ThrowObserver() = delete;
  ThrowObserver(const ThrowObserver&) = delete;
  ThrowObserver& operator=(const ThrowObserver&) = delete;
  // Not defined, so that no compiler makes a std::type_info of this class: ours is another one.
  virtual ~ThrowObserver();
};

// Forgets what was noted on this thread. The frames below the caller belong to none of the stacks
// noted from now on. To be called once before the first of them.
void begin_throw_stacks();
// Of the exception this thread threw last through such a handler: a line for each call, the
// innermost first, "#0 parse(int)+0x1f (/usr/bin/program+0x4242)". Functions have names where their
// object exports them; addr2line(1) makes a line of source of the rest.
std::string stack_of_throw();

}  // namespace fetchpool
