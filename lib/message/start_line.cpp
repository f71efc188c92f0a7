#include "message/start_line.h"

#include <string>

#include "base/limits.h"
#include "message/characters.h"

namespace intermediary {
namespace {

constexpr std::string_view our_version = "SIP/2.0";

bool starts_with_sip(std::string_view text) { return equals_ignoring_case(text.substr(0, 4), "SIP/"); }

bool is_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

// SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT; compared without case (RFC 3261 §7.1).
std::optional<ValueError> check_version(std::string_view version, std::size_t offset) {
  if (version == our_version || equals_ignoring_case(version, our_version)) return std::nullopt;
  const std::string_view number = version.substr(4);
  const std::size_t dot = number.find('.');
  const bool shaped = dot != number.npos && is_digits(number.substr(0, dot)) && is_digits(number.substr(dot + 1));
  return ValueError{shaped ? Fault::WrongVersion : Fault::BadStartLine, offset, "version is '" + shown(version) + "'"};
}

// absoluteURI as far as its scheme; its grammar is Uri::parse's.
bool has_scheme(std::string_view uri) {
  std::size_t colon = 0;
  while (colon < uri.size() && character::is(uri[colon], character::Scheme)) ++colon;
  return colon > 0 && is_alpha(uri.front()) && colon + 1 < uri.size() && uri[colon] == ':';
}

std::optional<ValueError> check_uri(std::string_view uri, std::size_t offset) {
  if (uri.size() > limit::uri_bytes) {
    return ValueError{Fault::UriTooLong, offset, "Request-URI has " + std::to_string(uri.size()) + " bytes"};
  }
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (character::is(uri[i], character::Uri)) continue;
    return ValueError{Fault::BadStartLine, offset + i, "Request-URI holds '" + shown(uri.substr(i, 1)) + "'"};
  }
  if (has_scheme(uri)) return std::nullopt;
  return ValueError{Fault::BadStartLine, offset, "Request-URI is no absolute URI: '" + shown(uri) + "'"};
}

// Status-Line = SIP-Version SP Status-Code SP Reason-Phrase. A line that ends behind the code is taken, too.
StartLine scan_status_line(std::string_view line) {
  StartLine result{.kind = StartLine::Kind::Response};
  const std::size_t space = line.find(' ');
  result.fault = check_version(line.substr(0, space), 0);
  if (result.fault) return result;
  const std::string_view rest = space == line.npos ? std::string_view() : line.substr(space + 1);
  const std::string_view code = rest.substr(0, rest.find(' '));
  if (code.size() != 3 || !is_digits(code) || code < "100" || code > "699") {
    result.fault = ValueError{Fault::BadStartLine, space + 1, "status code is '" + shown(code) + "'"};
    return result;
  }
  result.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  return result;
}

std::size_t last_word(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && !is_space(text[at - 1])) --at;
  return at;
}

// A request line with some fault; Neither when it is not even that.
StartLine scan_faulty_request_line(std::string_view line) {
  std::size_t method_end = 0;
  while (method_end < line.size() && character::is(line[method_end], character::Token)) ++method_end;
  if (method_end == 0 || method_end == line.size() || !is_space(line[method_end])) return {};
  const std::string_view trimmed = trim(line);
  const std::size_t version = last_word(trimmed);
  if (!starts_with_sip(trimmed.substr(version))) return {};

  StartLine result{.kind = StartLine::Kind::Request, .method = line.substr(0, method_end)};
  if (trimmed.size() != line.size()) {
    result.fault = ValueError{Fault::BadStartLine, trimmed.size(), "white space behind the version"};
  } else if (version < method_end + 2 || line[method_end] != ' ' || line[version - 1] != ' ') {
    result.fault = ValueError{Fault::BadStartLine, method_end, "no Request-URI between single spaces"};
  } else {
    result.uri = line.substr(method_end + 1, version - method_end - 2);
    result.fault = check_version(line.substr(version), version);
    if (!result.fault) result.fault = check_uri(result.uri, method_end + 1);
  }
  return result;
}

// Request-Line = Method SP Request-URI SP SIP-Version, with exactly these two spaces.
StartLine scan_request_line(std::string_view line) {
  if (!line.ends_with(" SIP/2.0")) return scan_faulty_request_line(line);
  // The space in front of the version ends both loops.
  std::size_t at = 0;
  while (character::is(line[at], character::Token)) ++at;
  const std::size_t method_end = at;
  if (method_end == 0 || line[at] != ' ') return scan_faulty_request_line(line);
  for (++at; character::is(line[at], character::Uri);) ++at;
  const std::string_view uri = line.substr(method_end + 1, at - method_end - 1);
  const bool sound = at + our_version.size() + 1 == line.size() && uri.size() <= limit::uri_bytes && has_scheme(uri);
  if (!sound) return scan_faulty_request_line(line);
  return {.kind = StartLine::Kind::Request, .method = line.substr(0, method_end), .uri = uri};
}

}  // namespace

StartLine scan_start_line(std::string_view line) {
  return starts_with_sip(line) ? scan_status_line(line) : scan_request_line(line);
}

Answer answer_for(Fault fault, const StartLine& start_line) {
  if (start_line.kind != StartLine::Kind::Request || start_line.method == "ACK") return Answer::Silence;
  if (fault == Fault::WrongVersion) return Answer::VersionNotSupported;
  if (fault == Fault::TooLarge) return Answer::MessageTooLarge;
  return Answer::BadRequest;
}

std::string shown(std::string_view text) {
  constexpr std::size_t most = 40;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  if (text.size() > most) out += "...";
  return out;
}

}  // namespace intermediary
