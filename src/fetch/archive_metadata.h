// What the parent adds to the records that the workers made of a URL's exchanges.
#pragma once

#include <cstdint>
#include <string_view>

#include "fetch/gzip_member.h"
#include "fetch/warc_record.h"
#include "fetchpool/fetch.h"

namespace fetchpool::archive {

// Makes the metadata record of a result: what became of the URL, and by which way.
class MetadataWriter {
 public:
  // A gzip member. `date` is that of the last hop, in microseconds since the epoch of system_clock;
  // `response_id` that of its response record, empty where there is none.
  Bytes member(const FetchResult& result, std::int64_t date, std::string_view response_id);

 private:
  RecordIds ids_;
  // Stored, not packed: this is the parent, and packing would cost it ten times as much.
  MemberPacker packer_{0};
};

// Takes the first `size` bytes out of `whole`. Requires size <= whole.size().
Body take_front(Body& whole, std::size_t size);

}  // namespace fetchpool::archive
