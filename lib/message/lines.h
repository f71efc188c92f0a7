// Splitting a header section into lines and names: the one reading that both the parser and the framer go by.
#pragma once

#include <cstddef>

#include "message/byte_search.h"
#include "message/characters.h"
#include "message/field.h"

namespace intermediary {

// One logical header line: it goes on while white space follows its CRLF (RFC 3261 §7.3.1).
struct Line {
  const char* end = nullptr;          // the CRLF that ends it; `limit` when there is none
  const char* bad_control = nullptr;  // the first control character that may not stand there
  bool bare_line_end = false;         // one of them is a CR or an LF on its own
  bool folded = false;
  bool complete = false;
};

// REQUIRES: begin <= limit. A start line cannot be folded.
inline Line scan_line(const char* begin, const char* limit, bool may_fold) {
  Line line;
  for (const char* at = begin;;) {
    at = find_control(at, limit);
    line.end = at;
    if (at == limit) return line;
    if (*at == '\t') {
      ++at;
    } else if (*at == '\r' && limit - at >= 2 && at[1] == '\n') {
      if (!may_fold || limit - at < 3 || (at[2] != ' ' && at[2] != '\t')) {
        line.complete = true;
        return line;
      }
      line.folded = true;
      at += 3;
    } else {
      if (line.bad_control == nullptr) line.bad_control = at;
      if (*at == '\r' || *at == '\n') line.bare_line_end = true;
      ++at;
    }
  }
}

// field-name HCOLON (RFC 3261 §25.1), up to the colon.
struct NamePart {
  FieldName name = FieldName::Other;
  const char* name_end = nullptr;
  const char* value = nullptr;  // behind the colon; null when the line has no name or no colon
};

// REQUIRES: a byte that is no token character at `limit` or somewhere behind it.
inline NamePart scan_name(const char* begin, const char* limit) {
  NamePart part;
  const char* at = begin;
  while (character::is(*at, character::Token)) ++at;
  part.name_end = at;
  while (*at == ' ' || *at == '\t') ++at;
  if (*at == ':' && part.name_end != begin && at < limit) part.value = at + 1;
  part.name = field_name({begin, static_cast<std::size_t>(part.name_end - begin)});
  return part;
}

}  // namespace intermediary
