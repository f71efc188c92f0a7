#include "sim/replay/mask.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace intermediary::sim {
namespace {

constexpr auto npos = std::string::npos;

void cross_out(std::string& line, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < std::min(end, line.size()); ++i) line[i] = 'x';
}

// Where `what` begins, without case; from `from` on.
std::size_t find_ignoring_case(std::string_view text, std::string_view what, std::size_t from) {
  for (std::size_t i = from; i + what.size() <= text.size(); ++i) {
    if (equals_ignoring_case(text.substr(i, what.size()), what)) return i;
  }
  return npos;
}

// The name of a header field; "" where the line has none.
std::string field_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == npos) return {};
  const std::string_view name = trim(line.substr(0, colon));
  return is_token(name) ? lowercase(name) : std::string();
}

bool is_among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// The extent of a parameter's value, quotes apart: [begin, end).
struct Extent {
  std::size_t begin = npos, end = npos;
};

Extent parameter(std::string_view line, std::string_view name) {
  for (std::size_t at = 0; (at = find_ignoring_case(line, name, at)) != npos; at += name.size()) {
    const bool starts = at == 0 || !is_token_char(line[at - 1]);
    std::size_t value = at + name.size();
    while (value < line.size() && is_space(line[value])) ++value;
    if (!starts || value >= line.size() || line[value] != '=') continue;
    ++value;
    while (value < line.size() && is_space(line[value])) ++value;
    if (value < line.size() && line[value] == '"') return {value + 1, std::min(line.find('"', value + 1), line.size())};
    return {value, std::min(line.find_first_of(", \t\r", value), line.size())};
  }
  return {};
}

bool ends_user(char c) { return is_space(c) || c == '<' || c == '>' || c == '"'; }
bool is_of_number(char c) { return is_digit(c) || std::string_view("+-.()*#").contains(c); }

}  // namespace

std::string Masker::masked(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  std::string field;
  bool in_body = false;
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    std::string line(message.substr(0, end));
    message.remove_prefix(end == npos ? message.size() : end + 1);
    const bool is_folded = !line.empty() && (line[0] == ' ' || line[0] == '\t');
    if (trim(line).empty()) in_body = true;
    if (!is_folded) field = field_of(line);
    mask_line(line, field);
    if (in_body) mask_description(line);
    out += line;
    if (end != npos) out += '\n';
  }
  return out;
}

void Masker::mask_line(std::string& line, std::string_view field) {
  if (is_among(field, {"authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate",
                       "authentication-info", "proxy-authentication-info"})) {
    mask_credentials(line);
  } else if (field == "identity") {
    const std::size_t begin = is_space(line.empty() ? ' ' : line[0]) ? 0 : line.find(':') + 1;
    for (std::size_t i = begin; i < line.size(); ++i) {
      if (!is_space(line[i])) line[i] = 'x';
    }
  }
  mask_display_names(line);
  mask_users(line);
}

// Of Digest, what proves or could be tried against a dictionary; of any other scheme, all.
void Masker::mask_credentials(std::string& line) {
  const std::size_t colon = line.find(':');
  const bool is_folded = !line.empty() && is_space(line[0]);
  if (!is_folded && colon != npos) {
    const std::size_t scheme = line.find_first_not_of(" \t", colon + 1);
    const std::size_t behind = scheme == npos ? npos : line.find_first_of(" \t\r", scheme);
    const std::string_view name = std::string_view(line).substr(std::min(scheme, line.size()), behind - scheme);
    const bool has_parameters = name.contains('=');  // Authentication-Info names no scheme
    if (behind != npos && !has_parameters && !equals_ignoring_case(name, "Digest")) {
      return cross_out(line, behind + 1, line.size() - (line.ends_with('\r') ? 1 : 0));
    }
  }
  for (const std::string_view name : {"response", "nonce", "cnonce", "nextnonce", "rspauth", "opaque"}) {
    const Extent value = parameter(line, name);
    if (value.begin != npos) cross_out(line, value.begin, value.end);
  }
  const Extent user = parameter(line, "username");
  if (user.begin != npos) replace_name(line, user.begin, user.end);
}

void Masker::mask_description(std::string& line) {
  const std::size_t end = line.size() - (line.ends_with('\r') ? 1 : 0);
  if (line.size() < 2 || line[1] != '=') return;
  if (line.starts_with("a=crypto:") || line.starts_with("a=key-mgmt:")) {
    const std::size_t inline_key = line.find("inline:");
    const std::size_t begin = inline_key != npos ? inline_key + 7 : line.find(' ', 9);
    if (begin != npos) cross_out(line, begin, std::min(line.find_first_of("| ;", begin + 1), end));
  } else if (line.starts_with("a=ice-pwd:")) {
    cross_out(line, 10, end);
  } else if (line.starts_with("k=")) {
    cross_out(line, 2, end);
  } else if (line.starts_with("o=")) {
    replace_name(line, 2, std::min(line.find(' '), end));
  } else if (is_among(std::string_view(line).substr(0, 2), {"s=", "i=", "e=", "p=", "u="})) {
    replace_name(line, 2, end);
  }
}

// Up to the '@' of a SIP URI, a password in it included; of a tel URI its number.
void Masker::mask_users(std::string& line) {
  constexpr std::array<std::string_view, 3> schemes = {"sips:", "sip:", "tel:"};
  for (const std::string_view scheme : schemes) {
    for (std::size_t at = 0; (at = find_ignoring_case(line, scheme, at)) != npos; at += scheme.size()) {
      if (at > 0 && is_token_char(line[at - 1])) continue;
      const std::size_t begin = at + scheme.size();
      std::size_t end = begin;
      if (scheme == "tel:") {
        while (end < line.size() && is_of_number(line[end])) ++end;
        replace_name(line, begin, end);
        continue;
      }
      while (end < line.size() && line[end] != '@' && !ends_user(line[end])) ++end;
      if (end == line.size() || line[end] != '@') continue;
      const std::size_t password = std::min(line.find(':', begin), end);
      cross_out(line, std::min(password + 1, end), end);
      replace_name(line, begin, password);
    }
  }
}

// "Alice" <sip:…> and Alice Smith <sip:…>.
void Masker::mask_display_names(std::string& line) {
  for (std::size_t angle = 0; (angle = line.find('<', angle)) != npos; ++angle) {
    std::size_t end = angle;
    while (end > 0 && is_space(line[end - 1])) --end;
    if (end == 0) continue;
    if (line[end - 1] == '"') {
      const std::size_t open = end < 2 ? npos : line.rfind('"', end - 2);
      if (open != npos) replace_name(line, open + 1, end - 1);
      continue;
    }
    std::size_t begin = end;
    while (begin > 0 && (is_token_char(line[begin - 1]) || line[begin - 1] == ' ')) --begin;
    while (begin < end && is_space(line[begin])) ++begin;
    const bool is_name = begin > 0 && (line[begin - 1] == ' ' || line[begin - 1] == ':' || line[begin - 1] == ',');
    if (is_name) replace_name(line, begin, end);
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
  std::string made(name);
  std::uint64_t place = 0;
  for (char& c : made) {
    const std::uint64_t word = KeyedHash(key_).field(name).number(attempt).number(place++).finish();
    if (is_digit(c)) c = static_cast<char>('0' + word % 10);
    if (is_alpha(c)) c = static_cast<char>((c >= 'a' ? 'a' : 'A') + word % 26);
    if (static_cast<unsigned char>(c) >= 0x80) c = static_cast<char>('a' + word % 26);
  }
  return made;
}

}  // namespace intermediary::sim
