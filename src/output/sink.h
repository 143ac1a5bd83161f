// Where results go.
#pragma once

#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetchpool/fetch.h"
#include "output/checkpoint.h"
#include "output/disk.h"

namespace fetchpool::output {

// Takes the results of a run and brings them to their place. Nothing but finish() waits for a slow
// reader: what cannot be written yet is kept, in memory and then in a temporary file.
//
//   while (running) {
//     for (FetchResult& result : fetcher.wait(0s)) sink->put(std::move(result));
//     sink->flush();
//     fetcher.hold(sink->wants_hold(), sink->waits_for_reader());
//     poll({fetcher.poll_fd(), POLLIN}, {sink->poll_fd(), sink->poll_events()});
//   }
//   sink->finish();
//
// put(), flush() and finish() throw OutputClosed when the reader is gone, and SystemError naming
// the file when it cannot be written; the sink is of no use after that. Requires that SIGPIPE and
// SIGXFSZ are ignored.
class Sink {
 public:
  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Takes one result; its `seq` comes once, and in the end no number is missing before it.
  virtual void put(FetchResult&& result) = 0;
  // Takes a record as a sink of this kind has written it before, without its line end, in place of
  // a result. Requires OutputForm::json.
  virtual void put_again([[maybe_unused]] std::uint64_t seq,
                         [[maybe_unused]] std::string_view record) {
    assert(false);
  }
  // Writes what can be written now. To be called before waiting for anything, and when poll_fd()
  // has an event: POLLERR and POLLHUP, which poll(2) reports unasked, are a reader that left.
  virtual void flush() = 0;
  // Whether that can be left for some milliseconds, to write more in one go: it is little, and goes
  // to a file, along which nobody is expected to read.
  virtual bool may_gather() const = 0;
  // Whether no new transfers should begin, because what waits to be written fills its bounds.
  // Those that awaited() needs must go on all the same, or the order waits for ever.
  virtual bool wants_hold() const = 0;
  // Whether that is because of the reader, so that not even the oldest one can help.
  virtual bool waits_for_reader() const = 0;
  // The lowest number whose result has not come yet or waits for the reader.
  virtual std::uint64_t awaited() const = 0;
  // For poll(2): the descriptor, and POLLOUT while something waits, else 0: then only the end of
  // the reader is waited for. (epoll(7) does not take regular files.)
  virtual int poll_fd() const = 0;
  virtual short poll_events() const = 0;
  // Writes all that is due, forces it to the disk where `durable`, and returns the place from which
  // another sink can go on: OutputOptions::resume_at. Nothing: what is written here cannot be taken
  // back, so that no run can go on from it.
  virtual std::optional<Checkpoint> checkpoint([[maybe_unused]] bool durable) {
    return std::nullopt;
  }
  // Whether a checkpoint() is due at once, because something can end only there.
  virtual bool wants_checkpoint() const { return false; }
  // Writes everything, waiting for the reader, and closes. Requires that no number is missing;
  // what lies behind one that is missing is not written.
  virtual void finish() = 0;
  // Results whose last byte was handed to the system, in the order they are written in.
  virtual std::uint64_t written() const = 0;
};

enum class OutputForm {
  json,  // a line of JSON each
  raw,   // the bodies of what is ok, one after the other
};

struct OutputOptions {
  std::string path{};  // the file, created or emptied; empty: `fd`
  int fd = 1;          // stays open and in the mode it is in
  std::string fd_name = "standard output";

  // Bodies as files beneath this directory, and records in its manifest.jsonl; `path`, `fd` and
  // `form` do not matter then, and the order is that of the list. Empty: none.
  std::string directory{};
  std::string name_template{};  // for expand_template(); empty: numbers in folders of 10,000
  bool keep_partial = false;    // bodies of what is not ok, as NAME.part

  // Goes on from here instead: what was written behind it is dropped. Numbers below `records` do
  // not come again.
  std::optional<Checkpoint> resume_at{};
  // `directory`: the job of an earlier run is gone on with, be it from its beginning.
  bool goes_on = false;
  Disk* disk = &system_disk();

  OutputForm form = OutputForm::json;
  bool bodies = true;    // json: bodies in the lines; they come best as BodyForm::json_text
  bool headers = false;  // json: `headers` in the lines
  BodyHash hash = BodyHash::none;  // json: which hash results bring, see RecordForm
  bool stable = false;             // json: null for what differs between two runs
  bool unordered = false;          // as results come, not as the list has them

  std::uint64_t order_window = std::uint64_t{64} << 20;  // bytes of memory for what waits
  std::uint64_t order_spill = std::uint64_t{4} << 30;    // bytes of disk; 0: none
  // For the temporary file; empty: beside `path`, or where that cannot be and for `fd` /var/tmp.
  std::string spill_directory{};

  // An archive besides, made of what results bring in FetchResult::warc; empty: none. A new file
  // begins once one has so many bytes (0: never); each names the user agent.
  std::string warc_path{};
  std::uint64_t warc_size = std::uint64_t{1} << 30;
  std::string user_agent{};
  bool checkpoints = false;  // checkpoint() will be called now and then

  // raw: takes a line, without its end, for each result that is not ok, when it comes.
  std::function<void(std::string_view line)> report{};
};

// Opens the output. Throws SystemError where it cannot be opened, and OutputClosed where its reader
// has left already.
std::unique_ptr<Sink> make_sink(const OutputOptions& options);

// What an earlier run has left beneath `directory` without records is nobody's to remove any more.
// To be called before the journal of a new run begins, which would take it for its own.
void disown_leftovers(const OutputOptions& options);
// Removes it, where the earlier run has records that stay of the numbers below `first`. To be
// called before its journal is begun anew.
void remove_leftovers(const OutputOptions& options, std::uint64_t first);

// Why the output of `options` cannot be taken up at `checkpoint`, naming the file that is missing
// or shorter than it was: "a.warc.gz is missing". Empty: it can.
std::string shortfall(const OutputOptions& options, const Checkpoint& checkpoint);

}  // namespace fetchpool::output
