#include "output/archiving_sink.h"

#include <cassert>
#include <charconv>
#include <string>
#include <utility>

namespace fetchpool::output {

ArchivingSink::ArchivingSink(std::unique_ptr<Sink> records, WarcFiles files, ReorderOptions options,
                             Order order)
    : records_(std::move(records)),
      files_(std::move(files)),
      buffer_(std::move(options)),
      order_(order),
      arrived_(buffer_.awaited()) {}

void ArchivingSink::put(FetchResult&& result) {
  archive(order_ == Order::of_the_list ? result.seq : arrived_++, result.warc);
  result.warc = {};
  records_->put(std::move(result));
}

void ArchivingSink::put_again(std::uint64_t seq, std::string_view record) {
  archive(seq, {});
  records_->put_again(seq, record);
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

// Where one of both fails, the other one has what it can have.
void ArchivingSink::flush() {
  try {
    records_->flush();
  } catch (const Error&) {
    files_.flush();
    throw;
  }
  files_.flush();
}

std::optional<Checkpoint> ArchivingSink::checkpoint(bool durable) {
  std::optional<Checkpoint> point = records_->checkpoint(durable);
  if (!point) return point;
  // Both have got the same results, and neither waits for a reader.
  assert(point->records == buffer_.awaited());
  WarcFiles::Mark mark = files_.settle(durable);
  point->files.push_back({"warc", mark.bytes});
  point->state = std::to_string(mark.number) + " " + point->state;
  return point;
}

WarcFiles::Mark archive_part(const Checkpoint& checkpoint) {
  WarcFiles::Mark mark;
  const std::string& state = checkpoint.state;
  std::from_chars(state.data(), state.data() + state.size(), mark.number);
  if (!checkpoint.files.empty()) mark.bytes = checkpoint.files.back().bytes;
  return mark;
}

Checkpoint record_part(const Checkpoint& checkpoint) {
  Checkpoint part = checkpoint;
  if (!part.files.empty()) part.files.pop_back();
  part.state.erase(0, part.state.find(' ') + 1);
  return part;
}

// The archive first: it waits for nobody.
void ArchivingSink::finish() {
  files_.finish();
  records_->finish();
}

}  // namespace fetchpool::output
