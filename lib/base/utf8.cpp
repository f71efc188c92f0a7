#include "base/utf8.h"

#include <cstdint>

namespace intermediary {

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
