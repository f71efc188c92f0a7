// Where records of calls end up. A sink takes a record once: what it has already it leaves out, so that a record whose
// delivery was cut off can be given to it again.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/config.h"
#include "runtime/cdr/call_text.h"

namespace intermediary {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // All of them are there and on the disk, in their order; or the error names the file and the cause, and some of them
  // may be there.
  virtual std::expected<void, std::string> write(const std::vector<KeptCall>& calls) = 0;
};

using OpenedSink = std::expected<std::unique_ptr<RecordSink>, std::string>;

// A file of lines (runtime/cdr/line_file.cpp). `left`: what may be in it already.
OpenedSink open_json_records(const CallRecordsConfig& config, const std::vector<KeptCall>& left);
OpenedSink open_csv_records(const CallRecordsConfig& config, const std::vector<KeptCall>& left);
// Of a program that was built without SQLite, the error says so.
OpenedSink open_sqlite_records(const CallRecordsConfig& config);
// Why it could not be opened, as far as a look at it shows, in the same words; "": nothing is known.
std::string problem_with_line_file(const std::string& path);
std::string problem_with_sqlite_records(const CallRecordsConfig& config);

}  // namespace intermediary
