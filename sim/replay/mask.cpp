#include "sim/replay/mask.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "sim/replay/mask_text.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

// The name of a header field in small letters, never the compact one; "" where the line has none.
std::string field_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == npos) return {};
  const std::string name = lowercase(trim(line.substr(0, colon)));
  if (name == "y") return "identity";             // RFC 8224 §4
  if (name == "n") return "identity-info";        // RFC 4474 §9
  if (name == "d") return "request-disposition";  // RFC 3841 §9
  if (name == "j") return "reject-contact";
  return is_token(name) ? lowercase(long_name(name)) : std::string();
}

bool holds_credentials(std::string_view field) {
  return is_among(field, {"authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate",
                          "authentication-info", "proxy-authentication-info"});
}

bool holds_words(std::string_view field) { return is_among(field, {"subject", "organization", "content-description"}); }

// Fields that nobody is told by, their addresses apart. Of all others the whole value goes.
bool is_harmless(std::string_view field) {
  return is_among(field, {"accept",
                          "accept-contact",
                          "accept-encoding",
                          "accept-language",
                          "accept-resource-priority",
                          "alert-info",
                          "allow",
                          "allow-events",
                          "answer-mode",
                          "call-id",
                          "contact",
                          "content-disposition",
                          "content-encoding",
                          "content-id",
                          "content-language",
                          "content-length",
                          "content-transfer-encoding",
                          "content-type",
                          "cseq",
                          "date",
                          "diversion",
                          "error-info",
                          "event",
                          "expires",
                          "feature-caps",
                          "flow-timer",
                          "from",
                          "history-info",
                          "identity-info",
                          "in-reply-to",
                          "info-package",
                          "join",
                          "max-breadth",
                          "max-expires",
                          "max-forwards",
                          "mime-version",
                          "min-expires",
                          "min-se",
                          "p-asserted-identity",
                          "p-associated-uri",
                          "p-called-party-id",
                          "p-early-media",
                          "p-preferred-identity",
                          "path",
                          "priority",
                          "priv-answer-mode",
                          "privacy",
                          "proxy-require",
                          "rack",
                          "reason",
                          "record-route",
                          "recv-info",
                          "refer-events-at",
                          "refer-sub",
                          "refer-to",
                          "referred-by",
                          "reject-contact",
                          "remote-party-id",
                          "replaces",
                          "reply-to",
                          "request-disposition",
                          "require",
                          "resource-priority",
                          "retry-after",
                          "route",
                          "rseq",
                          "security-client",
                          "security-server",
                          "security-verify",
                          "server",
                          "service-route",
                          "session-expires",
                          "session-id",
                          "sip-etag",
                          "sip-if-match",
                          "subscription-state",
                          "supported",
                          "suppress-if-match",
                          "target-dialog",
                          "timestamp",
                          "to",
                          "unsupported",
                          "user-agent",
                          "via",
                          "warning"});
}

// Of Digest, what must stay for a challenge to be understood.
bool is_public_in_digest(std::string_view name) {
  return is_among(name, {"realm", "uri", "algorithm", "qop", "nc", "stale", "charset", "userhash", "domain"});
}

// Fields in which quotes and '<' are no name's.
bool is_of_machines(std::string_view field) {
  return is_among(field, {"via", "call-id", "in-reply-to", "cseq", "content-id", "replaces", "join", "target-dialog",
                          "session-id", "user-agent", "server"});
}

bool ends_user(char c) { return is_space(c) || c == '<' || c == '>' || c == '"'; }
bool is_of_number(char c) { return is_alpha(c) || is_digit(c) || std::string_view("+-.()*#%_").contains(c); }
bool begins_as_number(std::string_view text) { return !text.empty() && (text[0] == '+' || is_digit(text[0])); }

// The items between commas, but not those within quotes; one that is not closed takes all that follows.
std::vector<MaskedExtent> items_of(std::string_view line, std::size_t begin) {
  std::vector<MaskedExtent> items;
  for (std::size_t i = begin; i <= line.size(); ++i) {
    if (i == line.size() || line[i] == ',') {
      items.push_back({begin, i});
      begin = i + 1;
    } else if (line[i] == '"') {
      i = std::min(closing_quote(line, i), line.size() - 1);
    }
  }
  return items;
}

char byte_of(std::string_view escape) {
  const auto digit = [](char c) { return is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10; };
  return static_cast<char>(digit(escape[1]) * 16 + digit(escape[2]));
}

// "%41" becomes "%78": an x that is as long.
void cross_out_escaped(std::string& line, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    if (!is_escape(line, i)) {
      if (is_alpha(line[i]) || is_digit(line[i])) line[i] = 'x';
      continue;
    }
    const char c = byte_of(std::string_view(line).substr(i, 3));
    if (is_alpha(c) || is_digit(c)) line.replace(i, 3, "%78");
    i += 2;
  }
}

// Of a URI's headers, "?Replaces=…&From=…", only what says which dialog is meant stays.
void mask_uri_headers(std::string& line, std::size_t begin, std::size_t end) {
  while (begin < end) {
    const std::size_t behind = std::min(line.find('&', begin), end);
    const std::size_t equals = std::min(line.find('=', begin), behind);
    const std::string name = lowercase(std::string_view(line).substr(begin, equals - begin));
    if (!is_among(name, {"replaces", "join", "target-dialog", "require", "expires", "event"})) {
      cross_out_escaped(line, equals, behind);
    }
    begin = behind + 1;
  }
}

}  // namespace

std::string Masker::masked(std::string_view message) { return masked_message(message, 0, false); }

// A text of one line may be anything that is shown to people, "sip:bob@example.com": no field that we do not know.
std::string Masker::masked_message(std::string_view message, int depth, bool is_part) {
  const bool has_lines = message.contains('\n');
  std::string out;
  out.reserve(message.size());
  BodyType type;
  bool is_first = true;
  while (!is_part && is_blank_line(message.substr(0, message.find('\n') + 1))) out += take_line(message);
  if (!out.empty() && message.starts_with("v=")) return out + masked_body(message, type, depth);
  while (!message.empty()) {
    std::string line(take_line(message));
    if (is_blank_line(line)) return out + line + masked_body(message, type, depth);
    while (line.ends_with('\n') && !message.empty() && (message[0] == ' ' || message[0] == '\t')) {
      line += take_line(message);
    }
    const std::string field = field_of(line);
    const std::string value(trim(std::string_view(line).substr(std::min(line.find(':'), line.size() - 1) + 1)));
    if (field == "content-type") type.media = value;
    if (field == "content-encoding") type.is_encoded = true;
    if (field == "content-transfer-encoding") {
      type.is_encoded = type.is_encoded || !is_among(lowercase(value), {"7bit", "8bit", "binary"});
    }
    const bool is_start_line = field.empty() && (is_part ? line.contains("SIP/2.0") : is_first);
    is_first = false;
    const bool is_known =
        !has_lines || is_start_line || holds_credentials(field) || holds_words(field) || is_harmless(field);
    if (is_known) {
      mask_field(line, field);
    } else {
      cross_out(line, line.find(':') + 1, line.size());
    }
    out += line;
  }
  return out;
}

void Masker::mask_field(std::string& line, std::string_view field) {
  const std::size_t value = line.find(':') + 1;
  if (holds_credentials(field)) {
    mask_credentials(line, field);
    return mask_uris(line);
  }
  if (holds_words(field)) {
    const std::size_t begin = past_spaces(line, value);
    return replace_name(line, begin, begin + trim(std::string_view(line).substr(begin)).size());
  }
  if (field == "identity") return cross_out(line, value, line.size());
  if (!is_of_machines(field)) mask_quoted_and_display_names(line, field == "reason");
  mask_uris(line);
}

// Several challenges or credentials may stand on one line, after each other (RFC 9110 §11.6.1).
void Masker::mask_credentials(std::string& line, std::string_view field) {
  bool is_digest = field.ends_with("-info");  // names no scheme
  for (const MaskedExtent item : items_of(line, line.find(':') + 1)) {
    std::size_t begin = past_spaces(line, item.begin);
    std::size_t behind = begin;
    while (behind < item.end && is_token_char(line[behind])) ++behind;
    const std::size_t next = past_spaces(line, behind);
    if (behind > begin && next > behind && next < item.end && line[next] != '=') {
      is_digest = equals_ignoring_case(std::string_view(line).substr(begin, behind - begin), "Digest");
      begin = next;
    }
    if (is_digest) {
      mask_digest(line, begin, item.end);
    } else {
      cross_out(line, begin, item.end);
    }
  }
}

// One parameter, or whatever stands in its place.
void Masker::mask_digest(std::string& line, std::size_t begin, std::size_t end) {
  const std::size_t equals = line.find('=', begin);
  if (equals >= end) return cross_out(line, begin, end);
  const std::string name = lowercase(trim(std::string_view(line).substr(begin, equals - begin)));
  std::size_t value = std::min(past_spaces(line, equals + 1), end), behind = value;
  while (behind < end && !is_space(line[behind])) ++behind;
  if (value < end && line[value] == '"') {
    behind = std::min(closing_quote(line, value), end);
    ++value;
  }
  if (name == "username") {
    replace_name(line, value, behind);
  } else if (!is_public_in_digest(name)) {
    cross_out(line, value, behind);
  }
  cross_out(line, behind + 1, end);
}

// Up to the '@' of a URI, a password in it included; of a tel URI and its like the number.
void Masker::mask_uris(std::string& line) {
  for (const std::string_view scheme : {"sips:", "sip:", "pres:", "im:", "mailto:", "xmpp:"}) mask_users(line, scheme);
  for (const std::string_view scheme : {"tel:", "fax:", "imei:", "meid:", "imsi:"}) mask_numbers(line, scheme);
  for (const std::string_view scheme : {"sips%3a", "sip%3a", "tel%3a"}) {  // within the parameter of another
    for (std::size_t at = 0; (at = find_ignoring_case(line, scheme, at)) != npos; at += scheme.size()) {
      std::size_t end = at + scheme.size();
      while (end < line.size() && !equals_ignoring_case(std::string_view(line).substr(end, 3), "%40") &&
             !ends_user(line[end]) && !std::string_view(";,&?@").contains(line[end])) {
        ++end;
      }
      const bool is_user = scheme == "tel%3a" || (end < line.size() && (line[end] == '%' || line[end] == '@'));
      if (is_user) replace_name(line, at + scheme.size(), end);
    }
  }
  for (const std::string_view name : {";isub=", ";postd=", ";phone-context=", ";ext=", ";rn="}) {
    for (std::size_t at = 0; (at = find_ignoring_case(line, name, at)) != npos; at += name.size()) {
      const std::size_t begin = at + name.size();
      const std::size_t end = std::min(line.find_first_of(";,?&<>\" \t\r\n", begin), line.size());
      const std::string_view value = std::string_view(line).substr(begin, end - begin);
      if (name == ";isub=" || name == ";postd=" || begins_as_number(value)) replace_name(line, begin, end);
    }
  }
}

void Masker::mask_users(std::string& line, std::string_view scheme) {
  for (std::size_t at = 0; (at = find_ignoring_case(line, scheme, at)) != npos; at += scheme.size()) {
    if (at > 0 && is_token_char(line[at - 1])) continue;
    const std::size_t begin = at + scheme.size();
    std::size_t end = begin;
    while (end < line.size() && line[end] != '@' && !ends_user(line[end])) ++end;
    const std::size_t behind = std::min(line.find_first_of("<>\" \t\r\n", end), line.size());
    if (end < line.size() && line[end] == '@') {
      const std::size_t password = std::min(line.find(':', begin), end);
      cross_out(line, std::min(password + 1, end), end);
      replace_name(line, begin, password);
    } else {
      end = begin;
    }
    const std::size_t headers = line.find('?', end);
    if (headers < behind) mask_uri_headers(line, headers + 1, behind);
  }
}

void Masker::mask_numbers(std::string& line, std::string_view scheme) {
  for (std::size_t at = 0; (at = find_ignoring_case(line, scheme, at)) != npos; at += scheme.size()) {
    if (at > 0 && is_token_char(line[at - 1])) continue;
    const std::size_t begin = at + scheme.size();
    std::size_t end = begin;
    while (end < line.size() && is_of_number(line[end])) ++end;
    replace_name(line, begin, end);
  }
}

// "Alice \"Al\"" <sip:…>, Alice Smith <sip:…>, the text of a warning; what is quoted behind '=' is a parameter's and
// stays, unless `with_parameters`.
void Masker::mask_quoted_and_display_names(std::string& line, bool with_parameters) {
  std::size_t begin = line.find(':') + 1;  // of what may be a name
  if (begin == 0) return;
  for (std::size_t i = begin; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && closing_quote(line, i) != npos) {
      const std::size_t close = closing_quote(line, i);
      const std::string_view before = trim(std::string_view(line).substr(0, i));
      if (with_parameters || !before.ends_with('=')) replace_name(line, i + 1, close);
      i = close;
    } else if (c == '<') {
      const std::string_view name = trim(std::string_view(line).substr(begin, i - begin));
      const std::size_t start = past_spaces(line, begin);
      replace_name(line, start, start + name.size());
      i = std::min(line.find('>', i), i);
    } else if (!std::string_view(",;:>").contains(c)) {
      continue;
    }
    begin = i + 1;
  }
}

void Masker::replace_name(std::string& line, std::size_t begin, std::size_t end) {
  if (begin >= end || end > line.size()) return;
  line.replace(begin, end - begin, pseudonym(std::string_view(line).substr(begin, end - begin)));
}

// Another name for each: where one is taken, the next is drawn, while there may be any left of that shape.
std::string Masker::pseudonym(std::string_view name) {
  constexpr std::uint64_t most_attempts = 64;
  if (const auto known = pseudonyms_.find(name); known != pseudonyms_.end()) return known->second;
  std::string made;
  for (std::uint64_t attempt = 0; attempt < most_attempts; ++attempt) {
    made = drawn(name, attempt);
    if (!taken_.contains(made)) break;
  }
  taken_.insert(made);
  pseudonyms_.emplace(name, made);
  return made;
}

std::string Masker::drawn(std::string_view name, std::uint64_t attempt) const {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string made(name);
  std::uint64_t place = 0;
  const auto other = [&](char c) {
    const std::uint64_t word = KeyedHash(key_).field(name).number(attempt).number(place++).finish();
    if (is_digit(c)) return static_cast<char>('0' + word % 10);
    if (is_alpha(c)) return static_cast<char>((c >= 'a' ? 'a' : 'A') + word % 26);
    return static_cast<unsigned char>(c) >= 0x80 ? static_cast<char>('a' + word % 26) : c;
  };
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!is_escape(made, i)) {
      made[i] = other(made[i]);
      continue;
    }
    // Stays an escape, of another character.
    const auto octet = static_cast<unsigned char>(other(byte_of(name.substr(i, 3))));
    made[++i] = hex[octet >> 4];
    made[++i] = hex[octet & 0xf];
  }
  return made;
}

}  // namespace intermediary::sim
