// What a line of a scenario says about one message: its start, and conditions that are either written (by the party
// that sends it) or checked (when a node sends it).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace intermediary::sim {

struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Start {
  enum class Kind { Request, Response, Raw };

  Kind kind = Kind::Request;
  std::string method;              // of a request; of a response the CSeq's, "" for any
  std::optional<std::string> uri;  // a pattern
  int status = 0;                  // 200; in an expectation 2 stands for "2xx"
  std::string raw;                 // a block, see expand_block()

  std::string to_string() const;
};

struct Condition {
  enum class Kind {
    Header,       // "Name: pattern", part by part
    Exact,        // "Name = pattern", the whole value
    Absent,       // "!Name"
    Count,        // "count Name 2"
    Body,         // `body """…"""`, exactly
    BodyIs,       // "body $x", "body *": the whole body against a pattern
    NoBody,       // "!body"
    Sdp,          // "sdp": written: a session description of the party's own; checked: the body is one
    Reason,       // "reason Not Here"
    SaveAs,       // "as $x": binds the whole message
    SameAs,       // "same $x": byte for byte what was bound
    Credentials,  // "credentials nc=00000007": written: answers the challenges of the receiver, the last request again
    Signed,       // "signed": written: a protected copy of what stands so far; checked: the body is one of the whole
    Again,        // "again": byte for byte the last one of this kind between the two
  };

  Kind kind = Kind::Header;
  std::string name;  // of a header or a variable
  std::string text;
  std::size_t count = 0;
  Place place;

  std::string to_string() const;
  // What it begins with: "count Via", "body", "same".
  std::string word() const;
};
using Conditions = std::vector<Condition>;

}  // namespace intermediary::sim
