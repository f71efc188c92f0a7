// A session description as a document of lines (RFC 8866 §5): what we do not know survives byte for byte.
//
// Ours, because sofia-sip's sdp_parse allocates without end on some input. Typed views come with the rooms that need
// them. What parse() asks for: "v=" first, each line a letter and '=', no NUL and no lone CR, four words in an m= line,
// the limits of base/limits.h.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "message/parse_error.h"

namespace intermediary {

class Sdp {
 public:
  struct Line {
    char type = 'v';
    std::string value;
    std::string ending = "\r\n";  // as it stood: CRLF, LF, nothing at the end; with it the empty lines at the end
    friend bool operator==(const Line&, const Line&) = default;
  };
  // The lines of one m= section, the m= line first.
  struct Media {
    std::vector<Line> lines;
    friend bool operator==(const Media&, const Media&) = default;
  };

  static std::expected<Sdp, ValueError> parse(std::string_view text);
  std::string to_string() const;

  std::vector<Line>& session() { return session_; }
  const std::vector<Line>& session() const { return session_; }
  std::vector<Media>& media() { return media_; }
  const std::vector<Media>& media() const { return media_; }

  friend bool operator==(const Sdp&, const Sdp&) = default;

 private:
  std::vector<Line> session_;
  std::vector<Media> media_;
};

}  // namespace intermediary
