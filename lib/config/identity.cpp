// [signer.NAME] and [verifier]: signed identities of callers. The files are read here, once: the engine gets what
// stands in them.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::string_view pem_certificate = "-----BEGIN CERTIFICATE-----";

// What may stand between "<" and ">" of an Identity field, and in JSON as it is.
bool is_certificate_url(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  constexpr std::size_t longest = 500;
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c > ' ' && c <= '~' && std::string_view("<>\"\\").find(c) == std::string_view::npos; });
  return text.starts_with(scheme) && text.size() > scheme.size() && text.size() <= longest && is_plain;
}

void take_url(const Placed<std::string>& text, const std::string& what, Problems& problems) {
  if (is_certificate_url(text.value)) return;
  problems.error(text.at, what + " must be a URL such as \"https://certificates.example.com/calls.pem\", not '" +
                              text.value + "'");
}

void read_caller(TableReader& reader, CallerField& caller) {
  if (const auto word = reader.word("caller", {"from", "asserted"})) caller = static_cast<CallerField>(*word);
}

void read_signer_keys(TableReader& reader, const Placed<std::string>& certificate, Draft& draft, SignerConfig& signer) {
  Problems& problems = reader.problems();
  draft.signer_certificates.push_back(certificate.value);
  if (!is_there(draft.config.certificates, certificate, "certificate", problems)) return;
  const auto place = std::ranges::find(draft.config.certificates, certificate.value, &CertificateConfig::name) -
                     draft.config.certificates.begin();
  const CertificateTexts& texts = draft.certificates[static_cast<std::size_t>(place)];
  if (texts.chain.empty() || texts.key.empty()) return;  // reported at their places
  signer.keys = {texts.chain, texts.key};
  if (const auto opened = StirSigner::open(signer.keys); !opened) {
    problems.error(certificate.at, reader.naming("certificate") + ": " + opened.error());
  }
}

void read_signer(TableReader& reader, const Placed<std::string>& name, Draft& draft) {
  Problems& problems = reader.problems();
  SignerConfig signer{.name = name.value};
  if (!is_token(name.value)) {
    problems.error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
  }
  const auto certificate = reader.text("certificate"), url = reader.text("url"), origid = reader.text("origid");
  read_caller(reader, signer.caller);
  reader.finish();
  if (!reader.has("certificate")) {
    problems.error(reader.at(), reader.naming("certificate") + " is missing: what calls are signed with");
  }
  if (!reader.has("url")) {
    problems.error(reader.at(), reader.naming("url") + " is missing: where others find the certificate");
  }
  if (url) {
    take_url(*url, reader.naming("url"), problems);
    signer.url = url->value;
  }
  if (origid) {
    signer.origid = origid->value;
    const bool good = signer.origid.size() <= 100 &&
                      std::ranges::all_of(signer.origid, [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
    if (!good || signer.origid.empty()) {
      problems.error(origid->at, reader.naming("origid") +
                                     " must be a UUID such as \"123e4567-e89b-12d3-a456-426655440000\", not '" +
                                     signer.origid + "'");
    }
  }
  if (certificate) read_signer_keys(reader, *certificate, draft, signer);
  draft.policies.emplace_back("signer." + name.value, name.at);
  draft.config.identity.signers.push_back(std::move(signer));  // wrong or not: rules may name it
}

void read_known_certificates(TableReader& reader, const ConfigSurroundings& surroundings, VerifierConfig& verifier) {
  std::optional<TableReader> table = reader.table("certificates", "'certificates' of " + reader.name());
  if (!table) return;
  for (const Placed<std::string>& url : table->keys()) {
    take_url(url, "what stands in " + table->name(), table->problems());
    PemFile file = read_pem(*table, url.value, pem_certificate, "certificate", surroundings);
    verifier.certificates.push_back({url.value, std::move(file.text)});
  }
  table->finish();
}

// "cr.example.com", "cr.example.com:8443", "*.example.com", "*", "*:8443".
bool is_certificate_host(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != text.npos) {
    const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return false;
  }
  std::string_view host = text.substr(0, colon);
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return is_hostname(host) || IpAddress::parse(host).has_value();
}

// From where certificates are fetched; the rest of it is of no use without.
void read_fetching(TableReader& reader, VerifierConfig& verifier) {
  for (const Placed<std::string>& host : reader.texts("hosts")) {
    if (!is_certificate_host(host.value)) {
      reader.problems().error(host.at, "'" + host.value + "' in " + reader.naming("hosts") +
                                           " is no host such as 'certificates.example.com', '*.example.com', '*' or "
                                           "'certificates.example.com:8443'");
    }
    verifier.hosts.push_back(lowercase(host.value));
  }
  reader.boolean("inside", verifier.inside);
  reader.duration("timeout", verifier.timeout, range::certificate_timeout);
  reader.duration("keep", verifier.keep, range::certificate_keep);
  for (const std::string_view key : {"inside", "timeout", "keep"}) {
    if (!reader.has(key) || reader.has("hosts")) continue;
    reader.problems().error(reader.key_at(key), reader.naming(key) + " is of certificates that are fetched, and " +
                                                    "'hosts' is missing: from where");
  }
}

void read_verifier(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  std::optional<TableReader> reader = top.table("verifier", "[verifier]");
  if (!reader) return;
  draft.verifier = reader->at();
  VerifierConfig verifier;
  const std::size_t errors_before = reader->problems().errors();
  const PemFile authorities = read_pem(*reader, "authorities", pem_certificate, "certificate", surroundings);
  reader->duration("freshness", verifier.freshness, range::identity_freshness);
  read_caller(*reader, verifier.caller);
  read_known_certificates(*reader, surroundings, verifier);
  read_fetching(*reader, verifier);
  reader->finish();
  if (reader->problems().errors() > errors_before) return;
  verifier.authorities = authorities.text;
  if (const auto opened = StirAuthorities::open(verifier.authorities); !opened) {
    return reader->problems().error(reader->key_at("authorities"),
                                    reader->naming("authorities") + ": " + opened.error());
  }
  if (verifier.certificates.empty() && verifier.hosts.empty()) {
    reader->problems().warning(reader->at(),
                               "[verifier] has neither 'certificates' nor 'hosts': no signature can be judged");
  }
  draft.config.identity.verifier = std::move(verifier);
}

// Both belong to what forwards.
bool forwards(const TableReader& actions) {
  return actions.has("relay") || actions.has("lookup") || actions.has("ask");
}

}  // namespace

void read_identity(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("signer")) read_signer(reader, name, draft);
  read_verifier(top, surroundings, draft);
}

void read_rule_identity(TableReader& actions, const Draft& draft, Rule& rule) {
  Problems& problems = actions.problems();
  constexpr RuleIdentity::Verify ways[] = {RuleIdentity::Verify::Mark, RuleIdentity::Verify::IfSigned,
                                           RuleIdentity::Verify::Require};
  if (const auto word = actions.word("verify", {"mark", "if-signed", "require"})) {
    rule.identity.verify = ways[*word];
    if (!draft.verifier) {
      problems.error(actions.key_at("verify"), "there is no [verifier], which says whose signatures count");
    }
  }
  const auto signer = actions.text("sign");
  if (signer && is_there(draft.config.identity.signers, *signer, "signer", problems)) {
    rule.identity.signer = signer->value;
  }
  constexpr const char* levels[] = {"A", "B", "C"};
  if (const auto level = actions.word("attest", {"A", "B", "C"})) rule.identity.attest = levels[*level];
  if (actions.has("attest") && !actions.has("sign")) {
    problems.error(actions.key_at("attest"), "'attest' belongs to 'sign', which is missing here");
  }
  for (const std::string_view key : {"verify", "sign"}) {
    if (!actions.has(key) || forwards(actions)) continue;
    problems.error(actions.key_at(key),
                   "'" + std::string(key) + "' belongs to 'lookup', 'relay' or 'ask', which are missing here");
  }
  const bool keeps_state = rule.mode.value_or(draft.config.proxy.mode) != ProxyMode::Stateless;
  for (const std::string_view key : {"verify", "sign"}) {
    if (!actions.has(key) || keeps_state) continue;
    problems.error(actions.key_at(key), "'" + std::string(key) +
                                            "' needs state: a repetition would be judged or signed anew; use mode = "
                                            "\"stateful\" or \"call-stateful\"");
  }
}

void read_rule_protection(TableReader& actions, RuleProtection& protection) {
  const std::vector<std::string> known{"tls", "srtp"};
  for (const Placed<std::string>& word : actions.texts("require")) {
    if (word.value == "tls") {
      protection.tls = true;
    } else if (word.value == "srtp") {
      protection.srtp = true;
    } else {
      actions.problems().error(word.at, actions.naming("require") + " takes 'tls' and 'srtp', not '" + word.value +
                                            "'" + suggestion(word.value, known));
    }
  }
}

}  // namespace intermediary
