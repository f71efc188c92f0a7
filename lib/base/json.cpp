#include "base/json.h"

#include "base/utf8.h"

namespace intermediary {

std::string json_string(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string quoted = "\"";
  while (!text.empty()) {
    const char c = text.front();
    std::size_t bytes = 1;
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n' || c == '\r' || c == '\t') {
      quoted += {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : 't'};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += {'\\', 'u', '0', '0', hex[static_cast<std::size_t>(c) >> 4], hex[static_cast<std::size_t>(c) & 15]};
    } else if (static_cast<unsigned char>(c) < 0x80) {
      quoted += c;
    } else if (bytes = sequence_bytes(text); bytes != 0) {
      quoted += text.substr(0, bytes);
    } else {
      quoted += "\\ufffd";  // what is not UTF-8 makes no JSON (RFC 8259 §8.1)
      bytes = 1;
    }
    text.remove_prefix(bytes);
  }
  return quoted + '"';
}

}  // namespace intermediary
