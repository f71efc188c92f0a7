#include "policy/digest_client.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "message/credentials.h"
#include "message/values.h"

namespace intermediary {
namespace {

using Quality = DigestChallenge::Quality;

bool can_answer(const DigestLogin& login, std::string_view realm, DigestAlgorithm algorithm) {
  if (!login.realm.empty() && login.realm != realm) return false;
  return !login.password.empty() || !login.secrets[static_cast<std::size_t>(algorithm)].empty();
}

// RFC 7616 §3.3: a list of tokens in quotes; what is not known is ignored. Nullopt: none of them can be used.
std::optional<Quality> quality_of(const Credentials& asked) {
  const auto offered = asked.value("qop");
  if (!offered) return Quality::None;
  bool whole = false;
  std::string_view rest = *offered;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view word = trim(rest.substr(0, end));
    if (equals_ignoring_case(word, "auth")) return Quality::Auth;
    whole |= equals_ignoring_case(word, "auth-int");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return whole ? std::optional(Quality::AuthInt) : std::nullopt;
}

std::optional<DigestChallenge> read_challenge(std::string_view value, bool by_proxy, const DigestLogin& login) {
  const auto asked = parse_credentials(value);
  if (!asked || !asked->is_digest()) return std::nullopt;
  const auto realm = asked->value("realm"), nonce = asked->value("nonce");
  const auto algorithm = parse_digest_algorithm(asked->value("algorithm").value_or("MD5"));
  const auto quality = quality_of(*asked);
  if (!realm || !nonce || !algorithm || !quality || !can_answer(login, *realm, *algorithm)) return std::nullopt;
  // RFC 8760 §2.7: the other algorithms have a qop always.
  if (*quality == Quality::None && *algorithm != DigestAlgorithm::Md5) return std::nullopt;
  DigestChallenge challenge{.by_proxy = by_proxy, .realm = std::string(*realm), .nonce = std::string(*nonce)};
  challenge.opaque = asked->value("opaque").value_or("");
  challenge.algorithm = *algorithm;
  challenge.quality = *quality;
  challenge.stale = equals_ignoring_case(asked->value("stale").value_or(""), "true");
  const std::size_t size = challenge.realm.size() + challenge.nonce.size() + challenge.opaque.size();
  return size <= limit::challenge_bytes ? std::optional(std::move(challenge)) : std::nullopt;
}

bool is_better(const DigestChallenge& challenge, const DigestChallenge& than) {
  return challenge.algorithm != DigestAlgorithm::Md5 && than.algorithm == DigestAlgorithm::Md5;
}

std::string count_text(std::uint32_t count) {
  constexpr std::size_t digits = 8;
  return to_hex(count).substr(16 - digits);
}

}  // namespace

std::vector<DigestChallenge> answerable(const Message& response, const DigestLogin& login) {
  std::vector<DigestChallenge> best;
  const bool by_proxy = response.status() == 407;
  const FieldName field = by_proxy ? FieldName::ProxyAuthenticate : FieldName::WwwAuthenticate;
  for (const Field& each : response.fields()) {
    if (each.name != field) continue;
    auto challenge = read_challenge(response.value(each), by_proxy, login);
    if (!challenge) continue;
    const auto same = std::ranges::find(best, challenge->realm, &DigestChallenge::realm);
    if (same != best.end()) {
      if (is_better(*challenge, *same)) *same = *std::move(challenge);
    } else if (best.size() < limit::answered_realms) {
      best.push_back(*std::move(challenge));
    }
  }
  return best;
}

std::string credentials_for(DigestChallenge& challenge, const DigestLogin& login, std::string_view method,
                            std::string_view uri, std::string_view cnonce, std::string_view body) {
  constexpr std::array<std::string_view, 3> words{"", "auth", "auth-int"};
  const std::string_view qop = words[static_cast<std::size_t>(challenge.quality)];
  const std::string count = count_text(++challenge.count);
  std::string secret = login.secrets[static_cast<std::size_t>(challenge.algorithm)];
  if (!login.password.empty()) {
    secret = digest_hash(challenge.algorithm, {login.user, challenge.realm, login.password});
  }
  DigestInput input{.method = method, .uri = uri, .nonce = challenge.nonce, .qop = qop};
  if (!qop.empty()) {
    input.nc = count;
    input.cnonce = cnonce;
    input.body = body;
  }
  std::string value = "Digest username=" + quoted(login.user) + ", realm=" + quoted(challenge.realm) +
                      ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(uri) + ", response=\"" +
                      digest_response(challenge.algorithm, secret, input) +
                      "\", algorithm=" + std::string(algorithm_name(challenge.algorithm));
  if (!challenge.opaque.empty()) value += ", opaque=" + quoted(challenge.opaque);
  if (!qop.empty()) {
    value += ", qop=" + std::string(qop) + ", nc=" + count + ", cnonce=\"" + std::string(cnonce) + '"';
  }
  return value;
}

}  // namespace intermediary
