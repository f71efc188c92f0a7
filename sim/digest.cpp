#include "sim/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/text.h"

namespace intermediary::sim {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> fields{
    {{"WWW-Authenticate", "Authorization"}, {"Proxy-Authenticate", "Proxy-Authorization"}}};

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string text;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

std::string value_of(const DigestParts& parts, std::string_view name, std::string_view usual = {}) {
  const auto found = parts.find(name);
  return found == parts.end() ? std::string(usual) : found->second;
}

// What OpenSSL calls it.
const char* function_of(std::string_view algorithm) {
  if (equals_ignoring_case(algorithm, "MD5")) return "MD5";
  if (equals_ignoring_case(algorithm, "SHA-256")) return "SHA256";
  if (equals_ignoring_case(algorithm, "SHA-512-256")) return "SHA512-256";
  return nullptr;
}

std::string count_text(std::uint32_t count) {
  std::string digits(8, '0');
  for (std::size_t i = digits.size(); count > 0; count >>= 4) digits[--i] = "0123456789abcdef"[count & 15];
  return digits;
}

// Parameters in the order of RFC 3261 §22.2's example; which of them go without quotes: RFC 7616 §3.4.
constexpr std::array<std::string_view, 10> order{"username",  "realm",  "nonce", "uri", "response",
                                                 "algorithm", "cnonce", "qop",   "nc",  "opaque"};
bool is_quoted(std::string_view name) { return name != "algorithm" && name != "qop" && name != "nc"; }

std::string written(const DigestParts& parts) {
  std::string value;
  const auto append = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    value += (value.empty() ? "Digest " : ", ") + std::string(name) + '=' + (is_quoted(name) ? '"' + text + '"' : text);
  };
  for (const std::string_view name : order) append(name, value_of(parts, name));
  for (const auto& [name, text] : parts) {
    if (std::ranges::find(order, name) == order.end()) append(name, text);
  }
  return value;
}

// What is chosen, and is no parameter that stands in credentials as it is.
bool is_about_the_answer(std::string_view name) {
  return name == "user" || name == "password" || name == "body" || name == "response";
}

std::string response_for(const WireMessage& request, const DigestParts& parts, const std::string& password,
                         const std::string& covered_body) {
  const std::string said = value_of(parts, "algorithm"), algorithm = said.empty() ? "MD5" : said;
  const std::string nonce = value_of(parts, "nonce"), qop = value_of(parts, "qop"), nc = value_of(parts, "nc");
  const std::string cnonce = value_of(parts, "cnonce"), uri = value_of(parts, "uri"), method = request.method();
  const std::string user = value_of(parts, "username"), realm = value_of(parts, "realm");
  const std::string a1 = digest_of(algorithm, {user, realm, password});
  const std::string body = digest_of(algorithm, {covered_body});
  const std::string a2 =
      qop == "auth-int" ? digest_of(algorithm, {method, uri, body}) : digest_of(algorithm, {method, uri});
  if (qop.empty()) return digest_of(algorithm, {a1, nonce, a2});
  return digest_of(algorithm, {a1, nonce, nc, cnonce, qop, a2});
}

}  // namespace

std::optional<DigestParts> read_digest(std::string_view value) {
  value = trim(value);
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos || !equals_ignoring_case(value.substr(0, space), "Digest")) return std::nullopt;
  DigestParts parts;
  for (const std::string& parameter : split_outside_quotes(value.substr(space + 1), ',')) {
    const std::size_t equals = parameter.find('=');
    if (equals == std::string::npos) continue;
    parts.emplace(lowercase(trim(std::string_view(parameter).substr(0, equals))),
                  unquoted(trim(std::string_view(parameter).substr(equals + 1))));
  }
  return parts;
}

std::string digest_of(std::string_view algorithm, const std::vector<std::string_view>& parts) {
  static OSSL_LIB_CTX* const library = OSSL_LIB_CTX_new();  // of its own: nothing of the machine's settings
  const char* function = function_of(algorithm);
  if (!function) return {};
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text.append(i == 0 ? "" : ":").append(parts[i]);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  std::size_t size = 0;
  if (EVP_Q_digest(library, function, nullptr, text.data(), text.size(), bytes.data(), &size) != 1) return {};
  std::string digits;
  for (std::size_t i = 0; i < size; ++i) {
    digits += "0123456789abcdef"[bytes[i] >> 4];
    digits += "0123456789abcdef"[bytes[i] & 15];
  }
  return digits;
}

void Keyring::hear(const WireMessage& response) {
  if (response.status() != 401 && response.status() != 407) return;
  std::map<Asked, std::vector<DigestParts>> heard;
  for (const auto& [asks, answers] : fields) {
    for (const std::string& value : response.values(asks)) {
      auto challenge = read_digest(value);
      if (!challenge || !function_of(value_of(*challenge, "algorithm", "MD5"))) continue;
      heard[{std::string(answers), value_of(*challenge, "realm")}].push_back(*std::move(challenge));
    }
  }
  for (auto& [asked, challenges] : heard) challenges_[asked] = std::move(challenges);
}

void Keyring::answer(WireMessage& request, const Login& login, const DigestParts& chosen) {
  for (const auto& [asks, answers] : fields) request.set_values(answers, {});
  for (const auto& [asked, challenges] : challenges_) {
    const auto chosen_algorithm = chosen.find("algorithm");
    const bool any = chosen_algorithm == chosen.end();
    const std::string wanted = any || chosen_algorithm->second.empty() ? "MD5" : chosen_algorithm->second;
    const auto fits = [&](const DigestParts& challenge) {
      return any || equals_ignoring_case(value_of(challenge, "algorithm", "MD5"), wanted);
    };
    const auto found = std::ranges::find_if(challenges, fits);
    request.add(asked.first,
                credentials(request, found == challenges.end() ? challenges.front() : *found, login, chosen));
  }
}

std::string Keyring::credentials(const WireMessage& request, const DigestParts& challenge, const Login& login,
                                 const DigestParts& chosen) {
  DigestParts parts{{"username", value_of(chosen, "user", login.user)},
                    {"realm", value_of(challenge, "realm")},
                    {"nonce", value_of(challenge, "nonce")},
                    {"uri", request.uri()}};
  for (const std::string_view name : {"algorithm", "opaque"}) {
    if (challenge.contains(name)) parts.emplace(name, value_of(challenge, name));
  }
  const bool has_qop = challenge.contains("qop");
  if (has_qop && value_of(chosen, "qop", "auth") != "") {
    parts["qop"] = "auth";
    parts["cnonce"] = "c0ffee";
  }
  for (const auto& [name, value] : chosen) {
    if (!is_about_the_answer(name)) parts[name] = value;
  }
  std::uint32_t& uses = uses_[value_of(parts, "nonce")];
  if (has_qop && !value_of(parts, "qop").empty() && !chosen.contains("nc")) parts["nc"] = count_text(++uses);
  parts["response"] = response_for(request, parts, value_of(chosen, "password", login.password),
                                   value_of(chosen, "body", request.body));
  if (const auto response = chosen.find("response"); response != chosen.end()) parts["response"] = response->second;
  return written(parts);
}

bool says_stale(const WireMessage& response) {
  return std::ranges::any_of(fields, [&](const auto& field) {
    return std::ranges::any_of(response.values(field.first), [](const std::string& value) {
      const auto challenge = read_digest(value);
      return challenge && equals_ignoring_case(value_of(*challenge, "stale"), "true");
    });
  });
}

}  // namespace intermediary::sim
