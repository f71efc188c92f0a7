#include "message/multipart.h"

#include <algorithm>
#include <array>

#include "base/base64url.h"
#include "base/smime_limits.h"
#include "base/text.h"
#include "message/values.h"

namespace intermediary {
namespace {

using Error = std::unexpected<std::string>;
constexpr auto npos = std::string_view::npos;

std::string unquoted(std::string_view value) {
  if (!value.starts_with('"')) return std::string(value);
  std::string text;
  for (std::size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

// One past the end of what stands before the next ';' outside of quotes.
std::size_t end_of_parameter(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ';' && !quoted) {
      return i;
    }
  }
  return text.size();
}

// RFC 2046 §5.1.1: bchars. The last one is no space.
bool is_boundary(std::string_view text) {
  constexpr std::string_view others = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= limit::boundary_bytes && !text.ends_with(' ') &&
         std::ranges::all_of(text, [&](char c) { return is_alpha(c) || is_digit(c) || others.contains(c); });
}

// A line of dashes and the boundary.
struct Delimiter {
  std::size_t begin = npos;  // the CRLF before it counts to it
  std::size_t end = npos;    // behind its own CRLF
  bool last = false;         // "--" behind it: there are no more
  explicit operator bool() const { return begin != npos; }
};

class Cutter {
 public:
  Cutter(std::string_view body, std::string_view boundary) : body_(body), dashes_("--" + std::string(boundary)) {}

  // The first one that begins at `from` or behind.
  Delimiter next(std::size_t from) const {
    for (std::size_t at = body_.find(dashes_, from); at != npos; at = body_.find(dashes_, at + 1)) {
      const bool at_line = at == 0 || (at >= from + 2 && body_.substr(at - 2, 2) == "\r\n");
      if (!at_line) continue;
      const std::size_t begin = at == 0 ? 0 : at - 2;
      std::size_t end = at + dashes_.size();
      if (body_.substr(end).starts_with("--")) return {begin, end + 2, true};
      end = std::min(body_.find_first_not_of(" \t", end), body_.size());
      if (body_.substr(end).starts_with("\r\n")) return {begin, end + 2, false};
    }
    return {};
  }

  // What stands between two delimiters.
  std::string_view between(const Delimiter& one, const Delimiter& other) const {
    return one.end < other.begin ? body_.substr(one.end, other.begin - one.end) : std::string_view();
  }

 private:
  std::string_view body_;
  std::string dashes_;
};

struct Part {
  std::string type;
  std::string encoding;  // "" when not named
  std::string_view body;
};

std::expected<Part, std::string> read_part(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == npos) return Error("a part has no empty line behind its header lines");
  Part part{{}, {}, text.substr(end + 4)};
  std::string_view rest = text.substr(0, end + 2);
  for (std::size_t lines = 0; !rest.empty(); ++lines) {
    if (lines == limit::part_header_lines) return Error("a part has too many header lines");
    std::size_t stop = rest.find("\r\n");
    while (stop + 2 < rest.size() && (rest[stop + 2] == ' ' || rest[stop + 2] == '\t'))
      stop = rest.find("\r\n", stop + 2);
    const std::string line = unfold(rest.substr(0, stop));
    rest.remove_prefix(stop + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return Error("a header line of a part has no colon");
    const std::string_view name = trim(std::string_view(line).substr(0, colon));
    const std::string_view value = trim(std::string_view(line).substr(colon + 1));
    if (equals_ignoring_case(name, "Content-Type")) part.type = value;
    if (equals_ignoring_case(name, "Content-Transfer-Encoding")) part.encoding = lowercase(value);
  }
  return part;
}

// RFC 2045 §6.8, line ends and all.
std::optional<std::string> from_base64(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (!is_space(c)) digits += c == '+' ? '-' : c == '/' ? '_' : c == '-' || c == '_' ? '!' : c;
  }
  for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.pop_back();
  return from_base64url(digits);
}

std::string to_base64_lines(std::string_view bytes) {
  constexpr std::size_t line = 57;  // octets of one with 76 characters
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += line) {
    std::string digits = to_base64url(bytes.substr(at, line));
    for (char& c : digits) c = c == '-' ? '+' : c == '_' ? '/' : c;
    digits.append((4 - digits.size() % 4) % 4, '=');
    text += (at == 0 ? "" : "\r\n") + digits;
  }
  return text;
}

bool is_identity(const std::string& encoding) {
  return encoding.empty() || encoding == "7bit" || encoding == "8bit" || encoding == "binary";
}

bool is_signature_type(std::string_view type) {
  return is_media_type(type, "application/pkcs7-signature") || is_media_type(type, "application/x-pkcs7-signature");
}

std::expected<std::string, std::string> read_signature(std::string_view text) {
  const auto part = read_part(text);
  if (!part) return Error(part.error());
  if (!is_signature_type(part->type)) return Error("its second part is no application/pkcs7-signature");
  if (part->body.size() > 2 * limit::signature_bytes) return Error("its signature is too large");
  std::optional<std::string> signature;
  if (part->encoding == "base64") signature = from_base64(part->body);
  if (is_identity(part->encoding)) signature = part->body;
  if (!signature) return Error("its signature is neither base64 nor binary");
  if (signature->size() > limit::signature_bytes) return Error("its signature is too large");
  return *std::move(signature);
}

}  // namespace

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), type);
}

std::optional<std::string> media_parameter(std::string_view content_type, std::string_view name) {
  for (std::size_t at = end_of_parameter(content_type); at < content_type.size();) {
    content_type.remove_prefix(at + 1);
    at = end_of_parameter(content_type);
    const std::string_view parameter = content_type.substr(0, at);
    const std::size_t equals = parameter.find('=');
    if (equals == npos || !equals_ignoring_case(trim(parameter.substr(0, equals)), name)) continue;
    return unquoted(trim(parameter.substr(equals + 1)));
  }
  return std::nullopt;
}

std::expected<SignedBody, std::string> read_signed_body(std::string_view content_type, std::string_view body) {
  if (!is_signature_type(media_parameter(content_type, "protocol").value_or(""))) {
    return Error("the protocol of its multipart/signed is not application/pkcs7-signature");
  }
  const std::string boundary = media_parameter(content_type, "boundary").value_or("");
  if (!is_boundary(boundary)) return Error("its multipart/signed has no boundary");
  const Cutter cutter(body, boundary);
  std::array<Delimiter, 3> cuts;
  std::size_t from = 0;
  for (Delimiter& cut : cuts) {
    cut = cutter.next(from);
    if (!cut || cut.last != (&cut == &cuts.back())) return Error("its multipart/signed has not two parts");
    from = cut.end - 2;  // its CRLF may be the next one's
  }
  const std::string_view content = cutter.between(cuts[0], cuts[1]);
  const auto part = read_part(content);
  if (!part) return Error(part.error());
  if (!is_identity(part->encoding)) return Error("what is signed is encoded: " + part->encoding);
  auto signature = read_signature(cutter.between(cuts[1], cuts[2]));
  if (!signature) return Error(signature.error());
  return SignedBody{content, part->type, part->body, *std::move(signature)};
}

std::string signed_part(std::string_view type, std::string_view body) {
  return "Content-Type: " + std::string(type) + "\r\n\r\n" + std::string(body);
}

std::string write_signed_body(std::string_view content, std::string_view signature, std::string_view boundary) {
  const std::string dashes = "--" + std::string(boundary);
  std::string body = dashes + "\r\n";
  body.append(content).append("\r\n").append(dashes);
  body +=
      "\r\nContent-Type: application/pkcs7-signature;name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-Disposition: attachment;filename=smime.p7s;handling=required\r\n\r\n";
  return body + to_base64_lines(signature) + "\r\n" + dashes + "--\r\n";
}

std::string signed_body_type(std::string_view boundary) {
  return "multipart/signed;protocol=\"application/pkcs7-signature\";micalg=sha-256;boundary=\"" +
         std::string(boundary) + '"';
}

}  // namespace intermediary
