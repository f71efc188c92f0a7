// Cutting a byte stream into messages and keep-alives (RFC 3261 §7.5, §18.3; RFC 5626 §3.5.1).
//
// Feed what arrives, then take frames until there is none. The result does not depend on where the bytes were cut.
// After a FramingError the stream cannot be trusted any more: next() repeats it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/limits.h"
#include "message/parse_error.h"

namespace intermediary {

struct Frame {
  std::string bytes;  // one message, header section and body
};
struct KeepAlivePing {};  // CRLF CRLF between messages; a single CRLF (a pong, or filler) is taken without a word
struct FramingError {
  ParseError error;
  // The header section, or what the limit allows of it: Message::parse(head, Framing::Stream, …) refuses it, too, and
  // its Refused::partial is what a request can be answered from before the close. The answer is `error`'s.
  std::string head;
};
using FramingResult = std::variant<Frame, KeepAlivePing, FramingError>;

class StreamFramer {
 public:
  explicit StreamFramer(const Limits& limits) : limits_(limits) {}

  void feed(std::string_view bytes);
  std::optional<FramingResult> next();

  // Where the pending message stands, for the deadlines of slow senders.
  enum class Pending : unsigned char { Nothing, Header, Body };
  Pending pending() const;
  std::size_t buffered() const { return buffer_.size() - consumed_; }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  std::string_view pending_bytes() const { return std::string_view(buffer_).substr(consumed_); }
  bool take_empty_lines();
  void find_header_end();
  void accept_header(std::string_view head);
  void fail(FramingError error);

  Limits limits_;
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::size_t scanned_ = 0;      // the search for the header section's end goes on from here
  std::size_t header_size_ = 0;  // 0 until the header section is complete
  std::size_t body_size_ = 0;    // known then
  bool half_ping_ = false;       // one CRLF of a possible ping is behind us
  std::optional<FramingError> failed_;
};

}  // namespace intermediary
