#include "output/archiving_sink.h"

#include <optional>
#include <utility>

namespace fetchpool::output {

ArchivingSink::ArchivingSink(std::unique_ptr<Sink> records, WarcFiles files, ReorderOptions options,
                             Order order)
    : records_(std::move(records)),
      files_(std::move(files)),
      buffer_(std::move(options)),
      order_(order) {}

void ArchivingSink::put(FetchResult&& result) {
  archive(order_ == Order::of_the_list ? result.seq : arrived_++, result.warc);
  result.warc = {};
  records_->put(std::move(result));
}

void ArchivingSink::archive(std::uint64_t place, const Body& members) {
  if (buffer_.pass(place, members.size())) {
    for (const Bytes& piece : members.pieces()) files_.add(piece);
    files_.end_url();
  } else {
    buffer_.put(place, members.pieces());
  }
  write_due();
}

void ArchivingSink::write_due() {
  while (std::optional<ReorderBuffer::Piece> piece = buffer_.next()) {
    if (!piece->bytes.empty()) files_.add(std::move(piece->bytes));
    if (piece->ends_record) files_.end_url();
  }
}

void ArchivingSink::flush() {
  files_.flush();
  records_->flush();
}

// The archive first: it waits for nobody.
void ArchivingSink::finish() {
  files_.finish();
  records_->finish();
}

}  // namespace fetchpool::output
