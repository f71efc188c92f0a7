#include "policy/verstat.h"

#include <algorithm>

#include "base/text.h"
#include "message/editor.h"
#include "message/uri.h"
#include "message/values.h"
#include "policy/passport.h"
#include "policy/trust.h"

namespace intermediary {
namespace {

constexpr std::string_view verstat_name = "verstat", escaped_semicolon = "%3b";

// Quotes and angle brackets keep what stands in them together.
std::size_t find_outside(std::string_view text, std::string_view wanted) {
  bool quoted = false, bracketed = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    if (!bracketed && wanted.find(c) != wanted.npos) return i;
    if (c == '"' && !bracketed) quoted = true;
    if (c == '<') bracketed = true;
    if (c == '>') bracketed = false;
  }
  return std::string_view::npos;
}

struct Range {
  std::size_t begin = 0, end = 0;
};

// Of the URI within a name-address, or an address without brackets (RFC 3261 §20.10).
Range uri_range(std::string_view value) {
  const std::size_t open = find_outside(value, "<");
  if (open == value.npos) return {0, std::min(find_outside(value, ";"), value.size())};
  const std::size_t close = value.find('>', open);
  return {open + 1, std::min(close, value.size())};
}

// The next semicolon of a user behind its first character, escaped or not.
std::size_t find_separator(std::string_view user) {
  for (std::size_t i = 1; i < user.size(); ++i) {
    if (user[i] == ';' || equals_ignoring_case(user.substr(i, 3), escaped_semicolon)) return i;
  }
  return user.npos;
}

// The parameters of a number in the user of a SIP URI (RFC 3261 §19.1.6), without that one. Whoever reads it behind us
// may undo escapes before he looks.
std::string plain_user(std::string_view user) {
  std::string plain;
  while (!user.empty()) {
    const std::string_view part = user.substr(0, find_separator(user));
    user.remove_prefix(part.size());
    const std::string name = unescaped_user(part.substr(0, part.find('=')));
    const std::string_view shown = std::string_view(name).substr(0, name.find('='));
    if (!plain.empty() && equals_ignoring_case(shown, ";verstat")) continue;
    plain += part;
  }
  return plain;
}

// What the URI is to be; "" verstat: nothing is said.
Uri marked(Uri uri, std::string_view verstat) {
  const bool is_number = passport_party(uri).is_number;
  if (uri.scheme == Uri::Scheme::Tel) {
    uri.remove_parameter(verstat_name);
    if (!verstat.empty() && is_number) uri.set_parameter(verstat_name, verstat);
  } else if (uri.is_sip()) {
    uri.user = plain_user(uri.user);
    uri.remove_parameter(verstat_name);
    if (!verstat.empty() && is_number) uri.user += ";" + std::string(verstat_name) + "=" + std::string(verstat);
  }
  return uri;
}

bool is_of(const Message& message, const Field& line, std::string_view name) {
  return name == "From" ? line.name == FieldName::From : equals_ignoring_case(message.name_text(line), name);
}

}  // namespace

std::size_t first_entry(std::string_view value) { return std::min(find_outside(value, ","), value.size()); }

std::optional<std::string> with_verstat(const Message& message, std::string_view field, std::string_view verstat) {
  Editor editor(message);
  bool differs = false, is_first = true;
  for (const Field& line : message.fields()) {
    const bool is_asserted = is_of(message, line, asserted_identity);
    if (!is_asserted && line.name != FieldName::From) continue;
    const bool is_meant = is_of(message, line, field);
    std::string_view rest = message.value(line);
    std::size_t at = line.value_begin;
    while (!rest.empty()) {
      const std::size_t size = is_asserted ? first_entry(rest) : rest.size();
      const std::string_view entry = rest.substr(0, size);
      const std::string_view own = trim(entry);
      const Range range = uri_range(own);
      const std::string_view text = own.substr(range.begin, range.end - range.begin);
      const auto uri = Uri::parse(trim(text));
      const Uri wanted = uri ? marked(*uri, is_meant && is_first ? verstat : std::string_view()) : Uri();
      if (is_meant) is_first = false;
      if (uri && *uri != wanted) {
        const std::size_t begin = at + static_cast<std::size_t>(own.data() - entry.data()) + range.begin;
        const bool has_brackets = range.begin != 0;
        const std::string written = has_brackets ? wanted.to_string() : "<" + wanted.to_string() + ">";
        editor.splice(static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + text.size()), written);
        differs = true;
      }
      const std::size_t step = std::min(size + 1, rest.size());
      rest.remove_prefix(step);
      at += step;
    }
  }
  if (!differs) return std::nullopt;
  return editor.finish();
}

}  // namespace intermediary
