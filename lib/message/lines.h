// Splitting a header section into lines and names: the one reading that both the parser and the framer go by.
#pragma once

#include <cstdint>
#include <cstring>

#include "message/characters.h"

namespace intermediary {

// The first byte below SP or DEL in [at, end), or end. Eight bytes a step.
inline const char* find_control(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = ones * 0x80;
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t not_delete = word ^ (ones * 0x7f);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t is_delete = (not_delete - ones) & ~not_delete;
    if (((below_space | is_delete) & highs) != 0) break;
  }
  while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != 0x7f) ++at;
  return at;
}

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

// field-name HCOLON (RFC 3261 §25.1), up to the colon. REQUIRES: a readable byte at `limit`.
struct NamePart {
  const char* name_end = nullptr;
  const char* value = nullptr;  // behind the colon; null when the line has no name or no colon
};

inline NamePart scan_name(const char* begin, const char* limit) {
  NamePart part;
  const char* at = begin;
  while (at != limit && character::is(*at, character::Token)) ++at;
  part.name_end = at;
  while (at != limit && (*at == ' ' || *at == '\t')) ++at;
  if (part.name_end != begin && at != limit && *at == ':') part.value = at + 1;
  return part;
}

}  // namespace intermediary
