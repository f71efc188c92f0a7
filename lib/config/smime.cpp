// [registrar] smime_certificate and smime_authorities. The files are read here, once: the engine gets what stands in
// them.
#include <algorithm>

#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::string_view certificate_key = "smime_certificate", authorities_key = "smime_authorities";

// Its place in the draft; nullopt where there is no such certificate.
std::optional<std::size_t> find_certificate(const Draft& draft, const std::string& name) {
  const auto& all = draft.config.certificates;
  const auto found = std::ranges::find(all, name, &CertificateConfig::name);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

std::string no_certificate(const Draft& draft, const std::string& name) {
  std::vector<std::string> names;
  names.reserve(draft.config.certificates.size());
  for (const CertificateConfig& certificate : draft.config.certificates) names.push_back(certificate.name);
  return "there is no [certificate." + name + "]" + (names.empty() ? std::string() : suggestion(name, names));
}

}  // namespace

void read_smime(TableReader& registrar, const ConfigSurroundings& surroundings, Draft& draft) {
  Problems& problems = registrar.problems();
  const auto name = registrar.text(certificate_key), file = registrar.text(authorities_key);
  if (name) draft.smime_certificate = name->value;
  if (name && !registrar.has(authorities_key)) {
    problems.error(name->at, registrar.naming(authorities_key) +
                                 " is missing: the PEM file of those whose signatures on certificates count");
  }
  if (file && !registrar.has(certificate_key)) {
    problems.error(file->at, registrar.naming(certificate_key) + " is missing: what answers are signed with");
  }
  if (!name || !file) return;
  const PemFile authorities =
      read_pem(registrar, authorities_key, "-----BEGIN CERTIFICATE-----", "certificate", surroundings);
  const auto place = find_certificate(draft, name->value);
  if (!place) return problems.error(name->at, no_certificate(draft, name->value));
  const CertificateTexts& texts = draft.certificates[*place];
  if (texts.chain.empty() || texts.key.empty() || authorities.text.empty()) return;  // reported at their places
  SmimeKeys keys{texts.chain, texts.key, authorities.text};
  if (const auto opened = Smime::open(keys); !opened) {
    const bool of_authorities = opened.error().starts_with("the authorities ");
    return problems.error(of_authorities ? file->at : name->at,
                          registrar.naming(of_authorities ? authorities_key : certificate_key) + ": " + opened.error());
  }
  draft.config.smime = std::move(keys);
}

}  // namespace intermediary
