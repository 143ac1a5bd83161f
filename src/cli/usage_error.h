// What was asked for makes no sense, or cannot be read: the program ends with 2.
#pragma once

#include "fetchpool/error.h"

namespace fetchpool::cli {

class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace fetchpool::cli
