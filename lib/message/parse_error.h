// Why a message or a value was refused: what, where, and the answer it deserves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace intermediary {

// What the receiver owes the sender of a broken message (RFC 3261 §16.3, §18.3, §21.4, §21.5). A wrong response or ACK
// is always Silence.
enum class Answer : std::uint8_t { BadRequest, VersionNotSupported, MessageTooLarge, Silence };

enum class Fault : std::uint8_t {
  Empty,
  NotSip,             // no start line that we can read
  WrongVersion,       // 505
  TooLarge,           // 513: the message, its header section
  LineTooLong,        // 400
  UriTooLong,         // 400 (414 is the user agent's)
  TooManyFields,      // 400
  TooManyEntries,     // 400
  TooManyParameters,  // 400
  ControlCharacter,   // NUL, bare CR, bare LF, others
  BadStartLine,
  BadFieldLine,  // no colon, no name, white space in the name
  MissingField,
  DuplicateField,
  BadValue,  // a value that its grammar does not allow
  BadContentLength,
  Truncated,       // shorter than its Content-Length says, or no empty line
  MethodMismatch,  // CSeq names another method than the start line
};

std::string_view fault_text(Fault fault);

// A value's error: what, and the offset within that value.
struct ValueError {
  Fault fault = Fault::BadValue;
  std::size_t offset = 0;
  std::string detail;  // one line for people: "port is not a number: 'x'"

  friend bool operator==(const ValueError&, const ValueError&) = default;
};

struct ParseError {
  Fault fault = Fault::BadValue;
  Answer answer = Answer::Silence;
  std::size_t offset = 0;     // into the bytes as received
  std::size_t line = 1;       // 1 is the start line
  std::string detail;         // "Content-Length: not a number: 'abc'"
  bool close_stream = false;  // on a stream the boundary of the next message is lost

  std::string to_string() const;  // "line 4: bad value: …"

  friend bool operator==(const ParseError&, const ParseError&) = default;
};

}  // namespace intermediary
