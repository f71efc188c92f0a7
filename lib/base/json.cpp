#include "base/json.h"

namespace intermediary {

std::string json_string(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += {'\\', 'u', '0', '0', hex[static_cast<std::size_t>(c) >> 4], hex[static_cast<std::size_t>(c) & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace intermediary
