// Numbers as people write and read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fetchpool::cli {

// The values of options. Each throws UsageError, naming the option, the value and what is allowed.

int parse_count(std::string_view option, std::string_view text, int lowest, int highest);
// "10", "64K", "1M", "1G", "2T": powers of 1024; at most 1024T.
std::uint64_t parse_size(std::string_view option, std::string_view text);
// "10", "0.5", "10s", "500ms", "2m", "1h"; from one millisecond to a week.
std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text);
// A second: "20/s", "100/m", "1000/h", "5000/d".
double parse_rate(std::string_view option, std::string_view text);

// For messages.

// "512 B", "1.5 KiB", "24.1 MiB".
std::string format_bytes(std::uint64_t bytes);
// "0.3 s", "12.3 s", "2:05", "1:02:03".
std::string format_duration(std::chrono::nanoseconds duration);
// Things a second: "0.4/s", "12/s", "1250/s".
std::string format_rate(double per_second);
// "1 URL", "2 URLs".
std::string format_count(std::uint64_t count, std::string_view noun);

}  // namespace fetchpool::cli
