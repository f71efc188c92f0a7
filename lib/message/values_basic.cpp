#include <limits>

#include "base/text.h"
#include "message/start_line.h"
#include "message/values.h"

namespace intermediary {

std::expected<std::uint32_t, ValueError> parse_delta_seconds(std::string_view value) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t seconds = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!is_digit(value[i])) {
      return std::unexpected(ValueError{Fault::BadValue, i, "seconds are not a number: '" + shown(value) + "'"});
    }
    seconds = std::min(most, seconds * 10 + static_cast<std::uint64_t>(value[i] - '0'));
  }
  if (value.empty()) return std::unexpected(ValueError{Fault::BadValue, 0, "no seconds"});
  return static_cast<std::uint32_t>(seconds);
}

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
std::expected<int, ValueError> parse_q(std::string_view value) {
  const auto wrong = [value](std::size_t offset) {
    return std::unexpected(ValueError{Fault::BadValue, offset, "q is no number from 0 to 1: '" + shown(value) + "'"});
  };
  constexpr std::size_t longest = std::string_view("0.000").size();
  if (value.empty() || (value[0] != '0' && value[0] != '1')) return wrong(0);
  if (value.size() > longest) return wrong(longest);
  if (value.size() > 1 && value[1] != '.') return wrong(1);
  int thousandths = value[0] == '1' ? 1000 : 0;
  int weight = 100;
  for (std::size_t i = 2; i < value.size(); ++i, weight /= 10) {
    if (!is_digit(value[i])) return wrong(i);
    thousandths += (value[i] - '0') * weight;
  }
  if (thousandths > 1000) return wrong(2);
  return thousandths;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string unfold(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size();) {
    const std::size_t fold = value.find("\r\n", i);
    if (fold == value.npos) return out.append(value.substr(i));
    // LWS = [*WSP CRLF] 1*WSP: what stands around the CRLF belongs to the fold.
    std::size_t before = fold;
    while (before > i && (value[before - 1] == ' ' || value[before - 1] == '\t')) --before;
    out.append(value.substr(i, before - i)).append(" ");
    i = fold;
    while (i < value.size() && is_space(value[i])) ++i;
  }
  return out;
}

std::optional<std::chrono::seconds> retry_after(const Message& response) {
  if (!response.has(FieldName::RetryAfter)) return std::nullopt;
  const std::string_view text = trim(response.value(FieldName::RetryAfter));
  const std::string_view digits = text.substr(0, std::min(text.find_first_of("; \t("), text.size()));
  const auto seconds = parse_decimal<std::uint32_t>(digits);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

}  // namespace intermediary
