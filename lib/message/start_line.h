// The start line as it stands (RFC 3261 §7.1, §7.2), and what the sender of a faulty message deserves.
#pragma once

#include <optional>
#include <string_view>

#include "message/parse_error.h"

namespace intermediary {

struct StartLine {
  enum class Kind : unsigned char { Request, Response, Neither };
  Kind kind = Kind::Neither;
  std::string_view method{};  // of a request
  std::string_view uri{};     // of a request whose line has no fault
  int status = 0;             // of a response whose line has no fault
  std::optional<ValueError> fault{};
};

// `line` is without its CRLF and may hold any bytes. A faulty line that still shows a method in front and a version
// behind is a request that can be answered.
StartLine scan_start_line(std::string_view line);

// Wrong requests are answered, all else is dropped; ACK is never answered (RFC 3261 §17.1.1.3, §18.3).
Answer answer_for(Fault fault, const StartLine& start_line);

// For error messages: at most 40 characters of a peer's text, with everything but printable ASCII escaped.
std::string shown(std::string_view text);

}  // namespace intermediary
