// Opening the journal of a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "output/run_journal.h"
#include "output/sink.h"

namespace fetchpool::cli {

// The options that shape the output, as the journal keeps them.
std::vector<std::string> shape_of(const Arguments& arguments);

// The journal lies beside the output: "pages.jsonl.journal". Without --continue it is written only
// where that can be done (a regular file, in a directory where files can be made), and nothing is
// forced to the disk. Throws UsageError, ResumeRefused and SystemError where the run cannot begin.
std::optional<output::RunJournal> open_journal(const Arguments& arguments,
                                               const output::OutputOptions& output);

}  // namespace fetchpool::cli
