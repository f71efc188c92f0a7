#include "policy/media_protection.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "message/multipart.h"
#include "message/sdp.h"

namespace intermediary {
namespace {

bool has_attribute(const std::vector<Sdp::Line>& lines, std::string_view name) {
  return std::ranges::any_of(lines,
                             [&](const Sdp::Line& line) { return line.type == 'a' && line.value.starts_with(name); });
}

// The words of an m= line: media, port, protocol (RFC 8866 §5.14).
std::array<std::string_view, 3> words_of(std::string_view line) {
  std::array<std::string_view, 3> words;
  for (std::string_view& word : words) {
    const std::size_t space = line.find(' ');
    word = line.substr(0, space);
    line.remove_prefix(space == line.npos ? line.size() : space + 1);
  }
  return words;
}

std::string problem_with(const Sdp::Media& media, const Sdp& description) {
  const auto [kind, port, protocol] = words_of(media.lines.front().value);
  if (port == "0") return {};  // refused or not wanted: nothing is sent (RFC 3264 §5.1)
  const std::string what = std::string(kind) + " over " + std::string(protocol);
  if (protocol == "RTP/SAVP" || protocol == "RTP/SAVPF") {
    return has_attribute(media.lines, "crypto:") ? "" : what + " comes without a key (a=crypto)";
  }
  const bool over_dtls = protocol.contains("TLS/");  // DTLS, too
  if (!over_dtls) return what + " is not encrypted";
  const bool has_fingerprint =
      has_attribute(media.lines, "fingerprint:") || has_attribute(description.session(), "fingerprint:");
  return has_fingerprint ? "" : what + " comes without a fingerprint (a=fingerprint)";
}

}  // namespace

std::string problem_with_media(const Message& invite) {
  if (invite.body().empty()) return "it offers no media, and what its answer offers cannot be seen here";
  if (invite.has(FieldName::ContentEncoding) ||
      !is_media_type(invite.value(FieldName::ContentType), "application/sdp")) {
    return "its body is no session description that could be read";
  }
  const auto description = Sdp::parse(invite.body());
  if (!description) return "its session description cannot be read: " + description.error().detail;
  for (const Sdp::Media& media : description->media()) {
    if (std::string problem = problem_with(media, *description); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace intermediary
