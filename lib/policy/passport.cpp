#include "policy/passport.h"

#include <algorithm>
#include <utility>

#include "base/base64url.h"
#include "base/json.h"
#include "base/json_value.h"
#include "base/stir_limits.h"
#include "base/text.h"
#include "message/sdp.h"
#include "message/values.h"

namespace intermediary {
namespace {

using Trouble = std::unexpected<std::string>;

constexpr std::size_t signature_octets = 64;  // RFC 7518 §3.4
constexpr std::size_t number_digits = 15;     // E.164
constexpr std::string_view extension_shaken = "shaken";

// RFC 3966 §3: what may stand between digits.
bool is_separator(char c) { return std::string_view("-.()").find(c) != std::string_view::npos; }

// RFC 8224 §8.3; "" where it is no number. A local number belongs to the global prefix of its context (RFC 3966
// §5.1.5).
std::string canonical_number(std::string_view text, std::string_view context) {
  std::string number;
  const bool is_global = text.starts_with('+');
  if (is_global) text.remove_prefix(1);
  if (!is_global && context.starts_with('+')) number = canonical_number(context, {});
  for (const char c : text) {
    if (is_separator(c)) continue;
    if (!is_digit(c) && c != '#' && c != '*') return {};
    number += c;
  }
  return number.size() <= number_digits ? number : std::string();
}

bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

// RFC 3986 §6.2.2.1, §6.2.2.2; the user in lower case, too (RFC 8224 §8.5).
std::string normal_user(std::string_view user) {
  std::string normal;
  while (!user.empty()) {
    std::string_view octet = user.substr(0, 1);
    if (octet == "%" && user.size() >= 3) octet = user.substr(0, 3);
    user.remove_prefix(octet.size());
    const std::string plain = octet.size() == 3 ? unescaped_user(octet) : std::string();
    if (plain.size() == 1 && is_unreserved(plain.front())) {
      normal += to_lower(plain.front());
    } else if (octet.size() == 3) {
      normal += {'%', to_upper(octet[1]), to_upper(octet[2])};
    } else {
      normal += to_lower(octet.front());
    }
  }
  return normal;
}

std::string normal_uri(const Uri& uri) {
  if (!uri.is_sip()) return uri.to_string();
  std::string normal = uri.is_sips() ? "sips:" : "sip:";
  if (uri.has_user) normal += normal_user(uri.user) + "@";
  Uri host;
  host.host = lowercase(uri.host);
  return normal + host.host_port();
}

std::string json_list(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + json_string(text);
  return "[" + list + "]";
}

std::string json_of_header(const Passport& passport) {
  std::string json = R"({"alg":"ES256")";
  if (!passport.extension.empty()) json += R"(,"ppt":)" + json_string(passport.extension);
  return json + R"(,"typ":"passport","x5u":)" + json_string(passport.certificate_url) + "}";
}

std::string json_of_media(const std::vector<MediaKey>& media) {
  std::string list;
  for (const MediaKey& key : media) {
    list += (list.empty() ? "" : ",") + (R"({"alg":)" + json_string(key.algorithm)) + R"(,"dig":)" +
            json_string(key.digest) + "}";
  }
  return "[" + list + "]";
}

std::string json_of_payload(const Passport& passport) {
  std::string json = "{";
  if (!passport.attest.empty()) json += R"("attest":)" + json_string(passport.attest) + ",";
  json += R"("dest":{)";
  if (!passport.numbers.empty()) json += R"("tn":)" + json_list(passport.numbers);
  if (!passport.numbers.empty() && !passport.uris.empty()) json += ",";
  if (!passport.uris.empty()) json += R"("uri":)" + json_list(passport.uris);
  json += R"(},"iat":)" + std::to_string(passport.issued);
  if (!passport.media.empty()) json += R"(,"mky":)" + json_of_media(passport.media);
  json += std::string(R"(,"orig":{)") + (passport.origin.is_number ? R"("tn":)" : R"("uri":)") +
          json_string(passport.origin.name) + "}";
  if (!passport.origid.empty()) json += R"(,"origid":)" + json_string(passport.origid);
  return json + "}";
}

// ---- reading

// That member as a text; nullopt where there is none, or it is something else.
std::optional<std::string_view> text_of(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.find(name);
  return member && member->text() ? std::optional<std::string_view>(*member->text()) : std::nullopt;
}

// Texts alone, at least one; nullopt for anything else.
std::optional<std::vector<std::string>> texts_of(const JsonValue& list) {
  if (!list.array() || list.array()->empty()) return std::nullopt;
  std::vector<std::string> all;
  for (const JsonValue& one : *list.array()) {
    if (!one.text()) return std::nullopt;
    all.push_back(*one.text());
  }
  return all;
}

std::expected<JsonValue, std::string> read_part(std::string_view text, std::string_view which) {
  const auto json = from_base64url(text);
  if (!json) return Trouble("its " + std::string(which) + " is no base64url");
  if (json->size() > limit::passport_bytes) return Trouble("its " + std::string(which) + " is too large");
  auto claims = JsonValue::parse(*json);
  if (!claims) return Trouble("its " + std::string(which) + " cannot be read: " + claims.error());
  if (!claims->object()) return Trouble("its " + std::string(which) + " is no JSON object");
  return claims;
}

// RFC 8225 §4, §8.1. An algorithm is taken by name, so that neither "none" nor a hash under a public key is one.
std::string take_header(const JsonValue& header, Passport& passport) {
  const auto type = text_of(header, "typ"), algorithm = text_of(header, "alg"), url = text_of(header, "x5u");
  if (!type || *type != "passport") return "it is no PASSporT: 'typ' in its header is another";
  if (!algorithm) return "its header names no algorithm";
  if (*algorithm != "ES256") return "its algorithm is '" + std::string(*algorithm) + "', and ES256 is the only one";
  if (header.find("crit")) return "its header has critical extensions ('crit'), of which none is known";
  if (!url || url->empty()) return "its header names no certificate ('x5u')";
  passport.certificate_url = *url;
  const JsonValue* extension = header.find("ppt");
  if (!extension) return {};
  const auto name = text_of(header, "ppt");
  if (!name || *name != extension_shaken) return "its extension ('ppt') is not supported";
  passport.extension = *name;
  return {};
}

std::string take_origin(const JsonValue& payload, Passport& passport) {
  const JsonValue* origin = payload.find("orig");
  if (!origin || !origin->object()) return "it does not say who calls ('orig')";
  const auto number = text_of(*origin, "tn"), uri = text_of(*origin, "uri");
  if (origin->object()->size() != 1 || (!number && !uri)) return "its 'orig' is not one number or URI";
  passport.origin = {number.has_value(), std::string(number ? *number : *uri)};
  return passport.origin.name.empty() ? "its 'orig' is empty" : "";
}

std::string take_destinations(const JsonValue& payload, Passport& passport) {
  const JsonValue* destinations = payload.find("dest");
  if (!destinations || !destinations->object()) return "it does not say who is called ('dest')";
  for (const auto& [name, target] : {std::pair("tn", &passport.numbers), std::pair("uri", &passport.uris)}) {
    const JsonValue* list = destinations->find(name);
    if (!list) continue;
    auto texts = texts_of(*list);
    if (!texts) return "its 'dest' is no list of texts";
    *target = *std::move(texts);
  }
  return passport.numbers.empty() && passport.uris.empty() ? "its 'dest' names nobody" : "";
}

std::string take_time(const JsonValue& payload, Passport& passport) {
  const JsonValue* issued = payload.find("iat");
  if (!issued) return "it does not say when it was made ('iat')";
  const auto seconds = issued->number() ? parse_decimal<std::int64_t>(issued->number()->text) : std::nullopt;
  constexpr std::int64_t latest = 253'402'300'799;  // of the year 9999
  if (!seconds || *seconds > latest) return "its 'iat' is no number of seconds";
  passport.issued = *seconds;
  return {};
}

std::string take_media(const JsonValue& payload, Passport& passport) {
  const JsonValue* media = payload.find("mky");
  if (!media) return {};
  if (!media->array()) return "its 'mky' is no list";
  for (const JsonValue& key : *media->array()) {
    const auto algorithm = text_of(key, "alg"), digest = text_of(key, "dig");
    if (!algorithm || !digest) return "its 'mky' has something that is no key";
    passport.media.push_back({std::string(*algorithm), std::string(*digest)});
  }
  return {};
}

// RFC 8588 §4, §5.
std::string take_attestation(const JsonValue& payload, Passport& passport) {
  if (passport.extension != extension_shaken) return {};
  const auto attest = text_of(payload, "attest"), origid = text_of(payload, "origid");
  if (!attest || (*attest != "A" && *attest != "B" && *attest != "C")) return "its 'attest' is not A, B or C";
  if (!origid || origid->empty()) return "it has no 'origid'";
  if (!passport.origin.is_number) return "its 'orig' is no number, as \"shaken\" has it";
  passport.attest = *attest;
  passport.origid = *origid;
  return {};
}

std::expected<std::string, std::string> read_raw_signature(std::string_view text) {
  auto signature = from_base64url(text);
  if (!signature || signature->size() != signature_octets) return Trouble("its signature is not one of ES256");
  return *std::move(signature);
}

}  // namespace

PassportParty passport_party(const Uri& uri) {
  const bool is_tel = uri.scheme == Uri::Scheme::Tel;
  // Parameters of a number stand in the user of a SIP URI (RFC 3261 §19.1.6).
  const std::string user = is_tel ? uri.user : unescaped_user(uri.user);
  const std::size_t end = user.find(';');
  const std::string_view number = std::string_view(user).substr(0, end);
  const bool says_phone = uri.is_sip() && uri.parameter("user").value_or("") == "phone";
  if (is_tel || (uri.is_sip() && uri.has_user && (says_phone || number.starts_with('+')))) {
    Uri parts;
    parts.parameters = is_tel ? uri.parameters : end == std::string::npos ? std::string() : user.substr(end + 1);
    const std::string context(parts.parameter("phone-context").value_or(""));
    std::string canonical = canonical_number(number, context);
    if (!canonical.empty()) return {true, std::move(canonical)};
  }
  return {false, normal_uri(uri)};
}

std::vector<MediaKey> media_keys(std::string_view sdp) {
  std::vector<MediaKey> keys;
  const auto description = Sdp::parse(sdp);
  if (!description) return keys;
  const auto take = [&](const std::vector<Sdp::Line>& lines) {
    constexpr std::string_view name = "fingerprint:";
    for (const Sdp::Line& line : lines) {
      if (line.type != 'a' || !line.value.starts_with(name)) continue;
      const std::string_view value = trim(std::string_view(line.value).substr(name.size()));
      const std::size_t space = value.find(' ');
      if (space == std::string_view::npos) continue;
      MediaKey key{lowercase(value.substr(0, space)), {}};
      for (const char c : trim(value.substr(space))) {
        if (c != ':') key.digest += to_upper(c);
      }
      keys.push_back(std::move(key));
    }
  };
  take(description->session());
  for (const Sdp::Media& media : description->media()) take(media.lines);
  std::ranges::sort(keys, {}, [](const MediaKey& key) { return key.algorithm + key.digest; });
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return keys;
}

bool Passport::is_for(const PassportParty& party) const {
  const std::vector<std::string>& names = party.is_number ? numbers : uris;
  return std::ranges::find(names, party.name) != names.end();
}

std::string signing_input(const Passport& passport) {
  return to_base64url(json_of_header(passport)) + "." + to_base64url(json_of_payload(passport));
}

std::expected<PassportRead, std::string> read_passport(std::string_view token) {
  if (token.size() > limit::passport_bytes) return Trouble("it is too large");
  const std::size_t first = token.find('.'), second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Trouble("it has not the three parts of a PASSporT");
  }
  PassportRead read;
  const auto header = read_part(token.substr(0, first), "header");
  if (!header) return Trouble(header.error());
  if (std::string problem = take_header(*header, read.passport); !problem.empty()) return Trouble(std::move(problem));
  const auto payload = read_part(token.substr(first + 1, second - first - 1), "payload");
  if (!payload) return Trouble(payload.error());
  for (const auto take : {take_time, take_origin, take_destinations, take_media, take_attestation}) {
    if (std::string problem = take(*payload, read.passport); !problem.empty()) return Trouble(std::move(problem));
  }
  auto signature = read_raw_signature(token.substr(second + 1));
  if (!signature) return Trouble(signature.error());
  read.signature = *std::move(signature);
  read.signed_text = token.substr(0, second);
  return read;
}

std::expected<IdentityField, std::string> read_identity_field(std::string_view value) {
  if (value.size() > limit::passport_bytes) return Trouble("it is too large");
  IdentityField field;
  std::string text = unfold(value);
  const std::size_t end = text.find(';');
  field.token = trim(std::string_view(text).substr(0, end));
  // A long value may have been folded within its token.
  std::erase_if(field.token, is_space);
  std::vector<std::string> names;
  std::string_view rest = end == std::string::npos ? std::string_view() : std::string_view(text).substr(end);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the semicolon
    rest = trim(rest);
    const std::size_t equals = rest.find_first_of("=;");
    const std::string_view name = trim(rest.substr(0, equals));
    if (name.empty()) return Trouble("a parameter of it has no name");
    rest = equals == rest.npos || rest[equals] == ';' ? rest.substr(std::min(equals, rest.size()))
                                                      : trim(rest.substr(equals + 1));
    std::size_t stop = rest.find(';');
    std::string_view taken = trim(rest.substr(0, stop));
    for (const auto& [open, close] : {std::pair('<', '>'), std::pair('"', '"')}) {
      if (!rest.starts_with(open)) continue;
      const std::size_t closing = rest.find(close, 1);
      if (closing == rest.npos) return Trouble("a parameter of it does not end");
      taken = rest.substr(1, closing - 1);
      stop = rest.find(';', closing);
      if (!trim(rest.substr(closing + 1, stop == rest.npos ? stop : stop - closing - 1)).empty()) {
        return Trouble("something stands behind a parameter of it");
      }
    }
    const std::string lower = lowercase(name);
    if (std::ranges::find(names, lower) != names.end()) return Trouble("its '" + lower + "' stands twice");
    names.push_back(lower);
    if (lower == "info") field.certificate_url = taken;
    if (lower == "alg") field.algorithm = taken;
    if (lower == "ppt") field.extension = taken;
    rest = stop == rest.npos ? std::string_view() : rest.substr(stop);
  }
  if (field.token.empty()) return Trouble("it is empty");
  if (field.certificate_url.empty()) return Trouble("it does not say where its certificate is ('info')");
  return field;
}

std::expected<std::string, std::string> compact_signature(const IdentityField& field) {
  return read_raw_signature(std::string_view(field.token).substr(2));
}

std::string identity_value(const Passport& passport, std::string_view signature) {
  std::string value =
      signing_input(passport) + "." + to_base64url(signature) + ";info=<" + passport.certificate_url + ">;alg=ES256";
  if (!passport.extension.empty()) value += ";ppt=" + passport.extension;
  return value;
}

}  // namespace intermediary
