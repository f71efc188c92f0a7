#include "message/sdp.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "message/value_error.h"

namespace intermediary {
namespace {

// One line's bytes, with and without its end.
struct RawLine {
  std::string_view content;
  std::string_view ending;
};

RawLine cut_line(std::string_view rest) {
  const auto feed = rest.find('\n');
  if (feed == std::string_view::npos) return {rest, {}};
  const bool crlf = feed > 0 && rest[feed - 1] == '\r';
  const auto length = crlf ? feed - 1 : feed;
  return {rest.substr(0, length), rest.substr(length, feed + 1 - length)};
}

bool is_blank(std::string_view rest) { return rest.find_first_not_of("\r\n") == std::string_view::npos; }

// RFC 8866 §9: m= SP-separated media, port, proto, then at least one format.
std::size_t format_count(std::string_view media) {
  const auto words = static_cast<std::size_t>(std::ranges::count(media, ' ')) + 1;
  return words > 3 ? words - 3 : 0;
}

class SdpParser {
 public:
  explicit SdpParser(std::string_view text) : text_(text), rest_(text) {}

  std::optional<ValueError> parse(std::vector<Sdp::Line>& session, std::vector<Sdp::Media>& media) {
    if (text_.empty()) return wrong(Fault::Empty, "empty");
    if (text_.size() > limit::sdp_bytes) return wrong(Fault::TooLarge, "longer than the limit");
    while (!rest_.empty()) {
      ++line_;
      const auto raw = cut_line(rest_);
      if (auto error = check(raw.content, media.size())) return error;
      rest_.remove_prefix(raw.content.size() + raw.ending.size());
      Sdp::Line line{raw.content[0], std::string(raw.content.substr(2)), std::string(raw.ending)};
      if (is_blank(rest_)) line.ending += std::exchange(rest_, {});
      if (line.type == 'm') media.emplace_back();
      (media.empty() ? session : media.back().lines).push_back(std::move(line));
    }
    return std::nullopt;
  }

 private:
  std::optional<ValueError> check(std::string_view line, std::size_t media_before) const {
    if (line_ > limit::sdp_lines) return wrong(Fault::TooManyFields, "too many lines");
    if (line.size() > limit::sdp_line_bytes) return wrong(Fault::LineTooLong, "longer than the limit");
    if (line.size() < 2 || !is_alpha(line[0]) || line[1] != '=') {
      return wrong(Fault::BadFieldLine, "not a type and '=': " + in_quotes(line));
    }
    const auto forbidden = line.find_first_of(std::string_view("\0\r", 2));
    if (forbidden != std::string_view::npos) return wrong(Fault::ControlCharacter, "NUL or a lone CR", forbidden);
    if (line_ == 1 && line[0] != 'v') return wrong(Fault::MissingField, "does not begin with 'v='");
    if (line[0] != 'm') return std::nullopt;
    if (media_before == limit::sdp_media) return wrong(Fault::TooManyEntries, "too many media descriptions");
    const auto formats = format_count(line);
    if (formats == 0) return wrong(Fault::BadValue, "media, port, protocol or format is missing: " + in_quotes(line));
    if (formats > limit::sdp_formats) return wrong(Fault::TooManyEntries, "too many formats");
    return std::nullopt;
  }

  ValueError wrong(Fault fault, std::string cause, std::size_t offset_in_line = 0) const {
    const std::string place = line_ == 0 ? "SDP: " : "SDP line " + std::to_string(line_) + ": ";
    return {fault, text_.size() - rest_.size() + offset_in_line, place + std::move(cause)};
  }

  std::string_view text_;
  std::string_view rest_;
  std::size_t line_ = 0;
};

void append(std::string& text, const std::vector<Sdp::Line>& lines) {
  for (const auto& line : lines) {
    text += line.type;
    text.append("=").append(line.value).append(line.ending);
  }
}

}  // namespace

std::expected<Sdp, ValueError> Sdp::parse(std::string_view text) {
  Sdp sdp;
  if (auto error = SdpParser(text).parse(sdp.session_, sdp.media_)) return std::unexpected(*std::move(error));
  return sdp;
}

std::string Sdp::to_string() const {
  std::string text;
  append(text, session_);
  for (const auto& media : media_) append(text, media.lines);
  return text;
}

}  // namespace intermediary
