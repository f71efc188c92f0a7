#include "base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace intermediary {
namespace {

// Of a sequence of several bytes.
bool commands_a_terminal(std::string_view sequence) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(sequence[i]); };
  if (octet(0) == 0xc2) return octet(1) < 0xa0;  // C1
  if (octet(0) != 0xe2) return false;
  const bool separates_or_turns = octet(1) == 0x80 && octet(2) >= 0xa8 && octet(2) <= 0xae;  // U+2028 to U+202E
  return separates_or_turns || (octet(1) == 0x81 && octet(2) >= 0xa6 && octet(2) <= 0xa9);   // U+2066 to U+2069
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
    const std::size_t bytes = is_ascii ? 1 : sequence_bytes(text);
    const bool stays =
        is_ascii ? !is_control(c) || c == '\n' || c == '\t' : bytes != 0 && !commands_a_terminal(text.substr(0, bytes));
    for (std::size_t left = std::max<std::size_t>(bytes, 1); left > 0; --left) {
      const auto octet = static_cast<std::uint8_t>(text.front());
      if (stays) {
        out += text.front();
      } else {
        out.append("\\x").append(1, hex[octet >> 4]).append(1, hex[octet & 15]);
      }
      text.remove_prefix(1);
    }
  }
  return out;
}

std::size_t sequence_bytes(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  const std::size_t bytes = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = octet(1);
  const bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool too_great = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  const bool no_character = first == 0xef && second == 0xbf && octet(2) >= 0xbe;  // U+FFFE, U+FFFF
  return too_long || too_great || no_character ? 0 : bytes;
}

}  // namespace intermediary
