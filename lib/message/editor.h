// Splicing: a new message that differs from an old one in the places named, and nowhere else.
//
// Edits are collected against the original and applied at once by finish(): their order does not matter, except that
// texts inserted at the same place keep theirs. Overlapping edits are a mistake of the caller's (asserted).
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/message.h"
#include "message/values.h"

namespace intermediary {

using FieldLine = std::pair<std::string, std::string>;  // a name and a value

class Editor {
 public:
  // REQUIRES: `message` outlives the editor.
  explicit Editor(const Message& message) : message_(message) {}

  void set_request_uri(std::string_view uri);
  void set_value(const Field& field, std::string_view value);
  // The value of the first field of that name, or a new line at the end of the header section.
  void set(FieldName name, std::string_view value);
  void remove(const Field& field);
  void remove_all(FieldName name);
  // Takes one entry out of its comma list; the line goes when it held nothing else.
  void remove(const Entry& entry);
  // A whole line "Name: value" (without CRLF) before the first field of that name, or else before the first field.
  void prepend(FieldName name, std::string_view value);
  // A line at the end of the header section.
  void append(std::string_view name, std::string_view value);
  void append(FieldName name, std::string_view value);
  // Behind the last entry of that name, as a new line; at the end of the header section when there is none.
  void append_entry(FieldName name, std::string_view value);
  // Replaces the body and its Content-Length (adds one when absent).
  void set_body(std::string_view body);
  // Any range of the message's bytes. REQUIRES: begin <= end <= size.
  void splice(std::uint32_t begin, std::uint32_t end, std::string_view text);

  std::string finish() const;

 private:
  struct Edit {
    std::uint32_t begin, end;            // of what is replaced
    std::size_t text_begin, text_bytes;  // what replaces it, within texts_
  };
  using Edits = boost::container::small_vector<Edit, 12>;
  void make_room();
  void insert_line(std::uint32_t at, std::string_view name, std::string_view value);
  std::uint32_t header_end() const { return message_.body_offset() - 2; }  // in front of the empty line
  void resolve_removals(Edits& edits) const;

  const Message& message_;
  std::string texts_;  // of all edits, one behind the other
  Edits edits_;
  std::vector<Entry> removed_;  // entries to take out; which commas go with them is known when all are
};

}  // namespace intermediary
