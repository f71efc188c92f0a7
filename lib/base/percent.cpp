#include "base/percent.h"

#include "base/text.h"

namespace intermediary {

namespace {

constexpr std::string_view hexadecimal_digits = "0123456789ABCDEF";

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::size_t high = hexadecimal_digits.find(to_upper(text[i + 1]));
    const std::size_t low = hexadecimal_digits.find(to_upper(text[i + 2]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string percent_encoded(std::string_view text, std::string_view plain) {
  constexpr std::string_view unreserved = "-._~";  // beside letters and digits, §2.3
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (is_alpha(c) || is_digit(c) || unreserved.contains(c) || plain.contains(c)) {
      out += c;
    } else {
      out += {'%', hexadecimal_digits[octet >> 4U], hexadecimal_digits[octet & 15U]};
    }
  }
  return out;
}

}  // namespace intermediary
