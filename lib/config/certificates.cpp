#include "base/text.h"
#include "config/draft.h"

namespace intermediary {
namespace {

constexpr std::string_view certificate_line = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view key_line_end = "PRIVATE KEY-----";

std::string located(const std::string& path, const std::string& folder) {
  return folder.empty() || path.starts_with('/') ? path : folder + "/" + path;
}

void read_tls(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  std::optional<TableReader> tls = top.table("tls", "[tls]");
  if (!tls) return;
  if (tls->has("authorities")) {
    draft.authorities = tls->key_at("authorities");
    draft.config.authorities_file = read_pem(*tls, "authorities", certificate_line, "certificate", surroundings).path;
  }
  tls->text("authorities");
  tls->finish();
}

}  // namespace

PemFile read_pem(TableReader& reader, std::string_view key, std::string_view wanted, std::string_view what,
                 const ConfigSurroundings& surroundings) {
  const std::optional<Placed<std::string>> path = reader.text(key);
  if (!path) {
    if (!reader.has(key)) {
      reader.problems().error(reader.at(), reader.naming(key) + " is missing: the PEM file of " + std::string(what));
    }
    return {};
  }
  const std::expected<std::string, std::string> contents = surroundings.read_file(path->value);
  if (!contents) {
    reader.problems().error(path->at, reader.naming(key) + ": cannot read '" + path->value + "': " + contents.error());
    return {};
  }
  if (!contents->contains(wanted)) {
    reader.problems().error(path->at, reader.naming(key) + ": '" + path->value + "' holds no " + std::string(what) +
                                          " in PEM form ('" + std::string(wanted) + "')");
    return {};
  }
  return {located(path->value, surroundings.folder), *contents};
}

void read_certificates(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("certificate")) {
    CertificateConfig certificate{.name = name.value, .chain_file = {}, .key_file = {}};
    if (!is_token(name.value)) {
      top.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
    }
    PemFile chain = read_pem(reader, "chain", certificate_line, "certificate", surroundings);
    PemFile key = read_pem(reader, "key", key_line_end, "private key", surroundings);
    certificate.chain_file = std::move(chain.path);
    certificate.key_file = std::move(key.path);
    reader.finish();
    draft.certificates.push_back({name.at, std::move(chain.text), std::move(key.text)});
    draft.config.certificates.push_back(std::move(certificate));
  }
  read_tls(top, surroundings, draft);
}

}  // namespace intermediary
