#include "policy/trust.h"

#include <algorithm>

#include "base/text.h"
#include "message/uri.h"

namespace intermediary {
namespace {

struct HeaderLine {  // with the lines that it is folded into, and the end of the last
  std::size_t begin = 0, end = 0;
  std::string_view name, value;
};

// Calls `take` for each field until it returns false.
template <class Take>
void each_header_line(std::string_view message, Take take) {
  const auto line_end = [&](std::size_t from) {
    const std::size_t end = message.find("\r\n", from);
    return end == std::string_view::npos ? message.size() : end + 2;
  };
  std::size_t begin = line_end(0);  // the start line is none
  while (begin < message.size() && !message.substr(begin).starts_with("\r\n")) {
    std::size_t end = line_end(begin);
    while (end < message.size() && (message[end] == ' ' || message[end] == '\t')) end = line_end(end);
    const std::string_view line = message.substr(begin, end - begin);
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (!take(HeaderLine{begin, end, trim(line.substr(0, colon)), trim(value)})) return;
    begin = end;
  }
}

// §7, RFC 3323 §4.2: "none" stands alone.
bool wants_no_privacy(std::string_view message) {
  const auto privacy = field_value(message, "Privacy");
  return privacy && equals_ignoring_case(*privacy, "none");
}

constexpr bool stands_in_a_user(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-_.!~*'()&=+$,;?/").contains(c);
}

}  // namespace

std::optional<std::string_view> field_value(std::string_view message, std::string_view name) {
  std::optional<std::string_view> value;
  each_header_line(message, [&](const HeaderLine& line) {
    if (equals_ignoring_case(line.name, name)) value = line.value;
    return !value;
  });
  return value;
}

std::optional<std::string> without_field(std::string_view message, std::string_view name) {
  std::string kept;
  std::size_t copied = 0;
  each_header_line(message, [&](const HeaderLine& line) {
    if (equals_ignoring_case(line.name, name)) {
      kept.append(message.substr(copied, line.begin - copied));
      copied = line.end;
    }
    return true;
  });
  if (copied == 0) return std::nullopt;
  return kept.append(message.substr(copied));
}

std::optional<std::string> for_outside(std::string_view message) {
  if (wants_no_privacy(message)) return std::nullopt;
  return without_field(message, asserted_identity);
}

std::string asserting(std::string_view message, std::string_view uri) {
  std::string text(message);
  for (const std::string_view name : {asserted_identity, preferred_identity}) {
    if (auto without = without_field(text, name)) text = *std::move(without);
  }
  if (uri.empty()) return text;
  std::size_t end = text.size();
  each_header_line(text, [&](const HeaderLine& line) {
    end = line.end;
    return true;
  });
  return text.insert(end, std::string(asserted_identity) + ": <" + std::string(uri) + ">\r\n");
}

std::string identity_uri(std::string_view user, std::string_view host) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "sip:";
  for (const char c : user) {
    if (stands_in_a_user(c)) {
      uri += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    uri.append(1, '%').append(1, digits[octet >> 4]).append(1, digits[octet & 0xf]);
  }
  uri.append(1, '@').append(host);
  return !user.empty() && Uri::parse(uri) ? uri : std::string();
}

}  // namespace intermediary
