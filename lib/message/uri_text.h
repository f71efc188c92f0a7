// The text inside a URI: which characters may stand where, escapes, lists of parameters. For the files of Uri alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace intermediary::uri_text {

// Which characters may stand in which part (RFC 3261 §25.1), '%' apart. Tolerated beyond the grammar, because user
// agents in use send them and they cannot be mistaken for a delimiter: '#' in a user, '_' in a host.
enum Part : std::uint8_t { User = 1, Password = 2, Host = 4, Parameter = 8, Header = 16, Anywhere = 32, Plain = 64 };

constexpr std::array<std::uint8_t, 256> make_allowed() {
  std::array<std::uint8_t, 256> allowed{};
  auto allow = [&](std::string_view characters, unsigned parts) {
    for (char c : characters) {
      auto& entry = allowed[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | parts | Anywhere);
    }
  };
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::array<char, 2> both{c, to_upper(c)};
    allow(std::string_view(both.data(), 2), User | Password | Host | Parameter | Header | Plain);
  }
  allow("0123456789", User | Password | Host | Parameter | Header | Plain);
  allow("-_.", User | Password | Host | Parameter | Header | Plain);
  allow("+", Plain);
  allow("!~*'()", User | Password | Parameter | Header);
  allow("&=+$,", User | Password);
  allow(";?/#", User);
  allow("[]/:&+$", Parameter);
  allow("[]/?:+$", Header);
  allow("@", 0);
  allowed['%'] = User | Password | Parameter | Header;  // where it may stand: check_bytes() sees to its digits
  return allowed;
}
inline constexpr auto allowed = make_allowed();

inline bool may_stand(char c, Part part) { return (allowed[static_cast<unsigned char>(c)] & part) != 0; }

inline bool may_all_stand(std::string_view text, Part part) {
  unsigned common = part;
  for (char c : text) common &= allowed[static_cast<unsigned char>(c)];
  return common != 0;
}

inline int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
}

// Reads a text with its escapes folded: a plain character, or one that "%HH" stands for. An escaped character that
// means something else when it is not escaped keeps a mark (RFC 3261 §19.1.4, reserved set of RFC 2396 §2.2; also '%').
class FoldedText {
 public:
  static constexpr int end = -1;
  static constexpr int escaped = 0x100;

  explicit FoldedText(std::string_view text) : rest_(text) {}

  int next() {
    if (rest_.empty()) return end;
    if (!is_escape(rest_)) return take(1, static_cast<unsigned char>(rest_[0]));
    const int c = hex_value(rest_[1]) * 16 + hex_value(rest_[2]);
    const bool reserved = c != 0 && c < 0x80 && std::string_view(";/?:@&=+$,%").contains(static_cast<char>(c));
    return take(3, reserved ? c | escaped : c);
  }

 private:
  int take(std::size_t count, int c) {
    rest_.remove_prefix(count);
    return c;
  }
  std::string_view rest_;
};

enum class Case : std::uint8_t { Matters, Ignored };

inline int without_case(int c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

inline bool same_folded_text(std::string_view a, std::string_view b, Case rule) {
  FoldedText left(a), right(b);
  while (true) {
    int x = left.next();
    int y = right.next();
    if (rule == Case::Ignored) {
      x = without_case(x);
      y = without_case(y);
    }
    if (x != y) return false;
    if (x == FoldedText::end) return true;
  }
}

inline bool same_text(std::string_view a, std::string_view b, Case rule) {
  std::size_t plain = 0;  // mostly there is no escape, and the first characters differ
  for (; plain < a.size() && plain < b.size() && a[plain] != '%' && b[plain] != '%'; ++plain) {
    const bool same = rule == Case::Ignored ? to_lower(a[plain]) == to_lower(b[plain]) : a[plain] == b[plain];
    if (!same) return false;
  }
  if (plain == a.size() && plain == b.size()) return true;
  return same_folded_text(a.substr(plain), b.substr(plain), rule);
}

// A name, and the value behind its '=' where there is one.
struct Pair {
  std::string_view text;
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

// Goes through "a=b;c" or "a=b&c=d".
class Pairs {
 public:
  Pairs(std::string_view text, char separator) : rest_(text), separator_(separator), done_(text.empty()) {}

  std::optional<Pair> next() {
    if (done_) return std::nullopt;
    const auto length = rest_.find(separator_);
    Pair pair;
    pair.text = rest_.substr(0, length);
    done_ = length == std::string_view::npos;
    if (!done_) rest_.remove_prefix(length + 1);
    const auto equals = pair.text.find('=');
    pair.has_value = equals != std::string_view::npos;
    pair.name = pair.text.substr(0, equals);
    if (pair.has_value) pair.value = pair.text.substr(equals + 1);
    return pair;
  }

 private:
  std::string_view rest_;
  char separator_;
  bool done_;
};

inline std::optional<Pair> find_pair(std::string_view pairs, std::string_view name) {
  Pairs rest(pairs, ';');
  while (auto pair = rest.next()) {
    if (same_text(pair->name, name, Case::Ignored)) return pair;
  }
  return std::nullopt;
}

}  // namespace intermediary::uri_text
