// Exceptions on their way from a worker to the program.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include "fetchpool/codec.h"

namespace fetchpool::pool {

// To be called while an exception is being handled: writes it as an element's answer.
void encode_current_exception(Encoder& out);
// Writes that an element's arguments or result cannot travel.
void encode_serialization_error(Encoder& out, std::string_view what);

// Reads what the first two wrote.
std::exception_ptr decode_exception(Decoder& in, std::size_t task);

}  // namespace fetchpool::pool
