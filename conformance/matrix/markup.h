// Text within XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace intermediary::conformance {

// Markup characters as references; control characters that XML cannot hold as question marks.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
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
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
        break;
    }
  }
  return out;
}

}  // namespace intermediary::conformance
