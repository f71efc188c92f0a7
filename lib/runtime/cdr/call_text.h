// Records of calls as text (docs/operating.md, "Records of calls", lists the columns).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace intermediary {

// What is kept of a call. `id` is unique: of the run of the server, and of the call in it.
struct KeptCall {
  std::string id;
  CallRecorded record;
};

// In the order of the columns. Times are RFC 3339 in UTC with milliseconds, durations whole milliseconds.
struct CallColumn {
  std::string_view name;
  std::string value;
  bool is_number = false;
};
std::vector<CallColumn> columns_of(const KeptCall& call);
// One object, one line, with its newline.
std::string json_line(const KeptCall& call);
// RFC 4180, but lines end with a line feed alone. A value that a spreadsheet would take for a formula gets an
// apostrophe.
std::string csv_line(const KeptCall& call);
std::string csv_header();
// "2026-11-27T03:04:05.678Z"
std::string time_text(WallTime time);

}  // namespace intermediary
