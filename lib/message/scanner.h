// A cursor over one field value as it stands in the message: white space may be folds, positions are absolute.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "message/characters.h"

namespace intermediary {

class Scanner {
 public:
  // REQUIRES: begin <= end; a readable byte at `end` that is white space or no part of any token, host or value: behind
  // a field's value there is always one.
  Scanner(std::string_view bytes, std::size_t begin, std::size_t end)
      : data_(bytes.data()), at_(bytes.data() + begin), end_(bytes.data() + end) {}
  explicit Scanner(std::string_view value) : Scanner(value, 0, value.size()) {}

  bool done() const { return at_ == end_; }
  char peek() const { return done() ? '\0' : *at_; }
  std::uint32_t position() const { return static_cast<std::uint32_t>(at_ - data_); }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  void advance() { ++at_; }

  [[gnu::always_inline]] void skip_space() {
    while (at_ != end_ && character::is(*at_, character::Space)) ++at_;
  }
  // The longest run of a class, possibly empty. REQUIRES: the class is not Space.
  [[gnu::always_inline]] std::string_view run(character::Class wanted) {
    const char* begin = at_;
    for (; character::is(*at_, wanted); ++at_) {  // two a turn
      if (!character::is(*++at_, wanted)) break;
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }
  bool take(char wanted) {
    if (peek() != wanted || done()) return false;
    ++at_;
    return true;
  }
  [[gnu::always_inline]] bool take(std::string_view wanted) {
    if (!rest().starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  // A separator with the white space that may stand on both sides of it (SLASH, EQUAL, SEMI, COMMA, COLON). What stands
  // before a separator that does not come stays where it is.
  [[gnu::always_inline]] bool separator(char wanted) {
    const char* before = at_;
    skip_space();
    if (take(wanted)) {
      skip_space();
      return true;
    }
    at_ = before;
    return false;
  }
  // Past the closing quote of the quoted-string that begins here; false when there is none.
  // REQUIRES: peek() == '"'.
  bool skip_quoted() {
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '"') {
        ++at_;
        return true;
      }
      if (*at_ == '\\' && ++at_ == end_) return false;
    }
    return false;
  }
  // Up to the first such character, or the end.
  void skip_to(char a) {
    const void* found = done() ? nullptr : std::memchr(at_, a, static_cast<std::size_t>(end_ - at_));
    at_ = found == nullptr ? end_ : static_cast<const char*>(found);
  }
  void skip_to(char a, char b) {
    while (at_ != end_ && *at_ != a && *at_ != b) ++at_;
  }

 private:
  const char* data_;
  const char* at_;
  const char* end_;
};

}  // namespace intermediary
