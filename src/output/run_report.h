// What a directory says about the run that filled it.
#pragma once

#include <string_view>

#include "output/directory.h"

namespace fetchpool::output {

inline constexpr const char* kManifest = "manifest.jsonl";
inline constexpr const char* kFailedList = "failed.txt";
inline constexpr const char* kSummary = "summary.json";

// Reads the manifest and writes, in place of earlier ones: failed.txt, a list of the URLs that did
// not end well, each with its id and a comment why, to be fetched again (what else a line of JSON
// asked for is not there, and a URL that had credentials is a comment); summary.json, counts by
// outcome and status. They are made in `job`, a folder beneath, and moved. Throws SystemError.
void write_reports(Directory& directory, Directory& job);

// Makes room for the manifest of a new run: one that is there becomes manifest-1.jsonl, or the next
// number that is free. Throws SystemError.
void keep_manifest(Directory& directory);

// Whether a body of that name would be in the way of what is written about the run.
bool is_of_reports(std::string_view name);

}  // namespace fetchpool::output
