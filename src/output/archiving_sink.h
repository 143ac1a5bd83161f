// Results as records, and in an archive besides.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "output/reorder_buffer.h"
#include "output/stream_sink.h"
#include "output/warc_files.h"

namespace fetchpool::output {

// Puts what results bring for an archive (FetchResult::warc) into WARC files, in order, and hands
// the results on to another sink.
class ArchivingSink : public Sink {
 public:
  ArchivingSink(std::unique_ptr<Sink> records, WarcFiles files, ReorderOptions options,
                Order order);

  void put(FetchResult&& result) override;
  // What the archive holds of it is there already.
  void put_again(std::uint64_t seq, std::string_view record) override;
  void flush() override;
  bool may_gather() const override { return records_->may_gather(); }
  bool wants_hold() const override { return buffer_.is_full() || records_->wants_hold(); }
  bool waits_for_reader() const override { return records_->waits_for_reader(); }
  std::uint64_t awaited() const override { return records_->awaited(); }
  int poll_fd() const override { return records_->poll_fd(); }
  short poll_events() const override { return records_->poll_events(); }
  std::optional<Checkpoint> checkpoint(bool durable) override;
  bool wants_checkpoint() const override { return files_.waits_for_settle(); }
  void finish() override;
  std::uint64_t written() const override { return records_->written(); }

 private:
  void archive(std::uint64_t place, const Body& members);
  void write_due();

  std::unique_ptr<Sink> records_;
  WarcFiles files_;
  ReorderBuffer buffer_;
  Order order_;
  std::uint64_t arrived_;
};

// A checkpoint is that of the records, and behind it the archive's file; its number comes first in
// the state. These take both apart again.
WarcFiles::Mark archive_part(const Checkpoint& checkpoint);
Checkpoint record_part(const Checkpoint& checkpoint);

}  // namespace fetchpool::output
