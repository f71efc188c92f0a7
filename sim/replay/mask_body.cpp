// The bodies of messages. A type that is not known here is crossed out: whatever may stand in it.
#include <algorithm>

#include "base/text.h"
#include "sim/replay/mask.h"
#include "sim/replay/mask_text.h"

namespace intermediary::sim {
namespace {

constexpr int deepest_body = 8;  // so many within each other

std::string crossed_out(std::string_view text) {
  std::string out(text);
  cross_out(out, 0, out.size());
  return out;
}

std::string boundary_of(std::string_view media) {
  constexpr std::string_view name = "boundary=";
  const std::size_t at = find_ignoring_case(media, name, 0);
  if (at == npos) return {};
  const std::string_view value = media.substr(at + name.size());
  if (value.starts_with('"')) return std::string(value.substr(1, std::min(value.find('"', 1), value.size()) - 1));
  return std::string(trim(value.substr(0, value.find_first_of("; \t\r\n"))));
}

bool is_secret_attribute(std::string_view name) {
  return name == "key-mgmt" || name == "ice-pwd" || name == "identity" || name.starts_with("x-");
}

// Every key of the line: several may stand there, and some behind session parameters (RFC 4568 §§6.1, 6.3.3).
void mask_keys(std::string& line, std::size_t begin, std::size_t end) {
  constexpr std::string_view method = "inline:";
  std::size_t at = find_ignoring_case(line, method, begin);
  if (at == npos) return cross_out(line, std::min(line.find(' ', begin), end), end);
  for (; at != npos; at = find_ignoring_case(line, method, at + method.size())) {
    const std::size_t key = at + method.size();
    cross_out(line, key, std::min(line.find_first_of("| ;\t", key), end));
  }
}

// Attributes of XML that say how a dialog or a document stands, not of whom.
bool stays_in_xml(std::string_view attribute) {
  return attribute.starts_with("xmlns") ||
         is_among(attribute, {"version", "encoding", "standalone", "state", "event", "expires", "call-id", "local-tag",
                              "remote-tag", "direction"});
}

bool is_uri(std::string_view text) {
  for (const std::string_view scheme : {"sip:", "sips:", "tel:", "pres:", "im:", "mailto:", "xmpp:"}) {
    if (equals_ignoring_case(text.substr(0, scheme.size()), scheme)) return text.find_first_of(" \t\r\n") == npos;
  }
  return false;
}

std::string_view attribute_before(std::string_view text, std::size_t quote) {
  std::string_view before = trim(text.substr(0, quote));
  if (!before.ends_with('=')) return {};
  before = trim(before.substr(0, before.size() - 1));
  const std::size_t space = before.find_last_of(" \t\r\n<");
  return before.substr(space == npos ? 0 : space + 1);
}

}  // namespace

std::string Masker::masked_body(std::string_view body, const BodyType& type, int depth) {
  const std::string media = lowercase(trim(std::string_view(type.media).substr(0, type.media.find(';'))));
  if (type.is_encoded || depth >= deepest_body) return crossed_out(body);
  const bool is_description = is_among(media, {"application/sdp", "application/trickle-ice-sdpfrag"});
  if (is_description || (media.empty() && body.starts_with("v="))) return masked_description(body);
  if (media == "message/sip" || media == "message/sipfrag") return masked_message(body, depth + 1, true);
  if (media.starts_with("multipart/")) return masked_parts(body, boundary_of(type.media), depth + 1);
  if (media.ends_with("/xml") || media.ends_with("+xml")) return masked_xml(body);
  return crossed_out(body);
}

std::string Masker::masked_parts(std::string_view body, const std::string& boundary, int depth) {
  std::string out, part;
  bool is_within = false;
  const auto finish_part = [&] {
    out += is_within ? masked_message(part, depth, true) : crossed_out(part);
    part.clear();
  };
  while (!body.empty()) {
    const std::string_view line = take_line(body);
    const bool may_be = !boundary.empty() && line.starts_with("--") && line.substr(2).starts_with(boundary);
    const std::string_view behind = may_be ? trim(line.substr(2 + boundary.size())) : std::string_view("-");
    if (!behind.empty() && behind != "--") {
      part += line;
      continue;
    }
    finish_part();
    out += line;
    is_within = behind.empty();
  }
  finish_part();
  return out;
}

std::string Masker::masked_description(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    std::string line(take_line(body));
    mask_description_line(line);
    mask_uris(line);
    out += line;
  }
  return out;
}

void Masker::mask_description_line(std::string& line) {
  const char letter = line.empty() ? ' ' : to_lower(line[0]);
  const bool is_known = line.size() >= 2 && line[1] == '=' && std::string_view("vosiuepcbtrzkam").contains(letter);
  if (!is_known) return cross_out(line, 0, line.size());
  const std::size_t end = trim(line).size();  // nothing stands before it
  if (letter == 'a') return mask_attribute(line, end);
  if (letter == 'k') return cross_out(line, 2, end);
  if (letter == 'o') return replace_name(line, 2, std::min(line.find(' '), end));
  if (std::string_view("siepu").contains(letter)) replace_name(line, 2, end);
}

void Masker::mask_attribute(std::string& line, std::size_t end) {
  const std::size_t colon = line.find(':');
  if (colon == npos) return;
  const std::string name = lowercase(trim(std::string_view(line).substr(2, colon - 2)));
  if (name == "crypto") {
    mask_keys(line, colon + 1, end);
  } else if (is_secret_attribute(name)) {
    cross_out(line, colon + 1, end);
  } else if (is_among(name, {"cat", "keywds"})) {
    replace_name(line, colon + 1, end);
  } else if (name == "ssrc") {  // RFC 5576 §6.1: a CNAME is user@host
    const std::size_t at = find_ignoring_case(line, " cname:", 0);
    if (at != npos) replace_name(line, at + 7, std::min(line.find_first_of("@ ", at + 7), end));
  }
}

// Texts and values become others of the same shape, URIs as everywhere; the elements stay.
std::string Masker::masked_xml(std::string_view body) {
  std::string out(body);
  bool is_tag = false;
  for (std::size_t i = 0; i < out.size();) {
    if (!is_tag && out[i] == '<') {
      const bool is_comment = out.compare(i, 4, "<!--") == 0;
      const bool is_data = out.compare(i, 9, "<![CDATA[") == 0;
      is_tag = !is_comment && !is_data;
      i += is_comment ? 4 : is_data ? 9 : 1;
    } else if (is_tag && out[i] == '>') {
      is_tag = false;
      ++i;
    } else if (is_tag && (out[i] == '"' || out[i] == '\'')) {
      const std::size_t close = std::min(out.find(out[i], i + 1), out.size());
      if (!stays_in_xml(attribute_before(out, i))) mask_xml_text(out, i + 1, close);
      i = close + 1;
    } else if (is_tag) {
      ++i;
    } else {
      const std::size_t end = std::min(out.find('<', i), out.size());
      mask_xml_text(out, i, end);
      i = end;
    }
  }
  return out;
}

void Masker::mask_xml_text(std::string& text, std::size_t begin, std::size_t end) {
  begin = std::min(past_spaces(text, begin), end);
  std::string part(trim(std::string_view(text).substr(begin, end - begin)));
  const std::size_t length = part.size();
  if (is_uri(part)) {
    mask_uris(part);
    text.replace(begin, length, part);
    return;
  }
  for (std::size_t at = begin; at < begin + length;) {
    const std::size_t entity = std::min(text.find('&', at), begin + length);
    replace_name(text, at, entity);
    const std::size_t behind = text.find(';', entity);
    at = behind - entity < 10 ? behind + 1 : entity + 1;  // "&amp;" stays one
  }
}

}  // namespace intermediary::sim
