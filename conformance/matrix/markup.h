// Text within XML and HTML.
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace intermediary::conformance {

// Markup characters as references; control characters that XML cannot hold as question marks, what is not UTF-8 as
// U+FFFD.
inline std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    std::size_t bytes = 1;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x80) {
          out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
        } else if (bytes = sequence_bytes(text); bytes != 0) {
          out += text.substr(0, bytes);
        } else {
          out += "&#xFFFD;";
          bytes = 1;
        }
        break;
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace intermediary::conformance
