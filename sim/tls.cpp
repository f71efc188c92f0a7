#include "sim/tls.h"

#include <algorithm>

namespace intermediary::sim {
namespace {

bool is_meant(const CertificateNames& names, std::string_view server_name) {
  const auto has = [](const std::vector<std::string>& all, const std::string& wanted) {
    return std::ranges::find(all, wanted) != all.end();
  };
  const std::string name(server_name);
  return has(names.dns_names, name) || has(names.uris, "sip:" + name) || names.common_name == name;
}

const CertificateNames& chosen(const std::vector<CertificateNames>& certificates, std::string_view server_name) {
  for (const CertificateNames& names : certificates) {
    if (is_meant(names, server_name)) return names;
  }
  return certificates.front();
}

}  // namespace

std::expected<Handshake, std::string> shake_hands(const TlsHost& client, const TlsHost& server,
                                                  std::string_view server_name) {
  using enum ListenerConfig::ClientCertificate;
  if (server.certificates.empty()) return std::unexpected("TLS handshake failed: the server has no certificate");
  if (!server.trusted) return std::unexpected("TLS handshake failed: the server's certificate is signed by a stranger");
  Handshake done{chosen(server.certificates, server_name), std::nullopt};
  if (server.asks == Unasked) return done;
  if (client.certificates.empty()) {
    if (server.asks == Asked) return done;
    return std::unexpected("TLS handshake failed: the client has no certificate");
  }
  if (!client.trusted) return std::unexpected("TLS handshake failed: the client's certificate is signed by a stranger");
  done.client = client.certificates.front();
  return done;
}

CertificateNames parse_certificate(const Piece& word) {
  CertificateNames names;
  std::string_view text = word.text;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    if (name.starts_with("cn:")) {
      if (!names.common_name.empty()) {
        throw Wrong{word.place, "a certificate has one common name, and '" + std::string(name) + "' is another"};
      }
      names.common_name = name.substr(3);
      continue;
    }
    names.has_alternatives = true;
    if (name.starts_with("ip:")) continue;  // an address names no domain
    if (name.contains(':')) {
      names.uris.emplace_back(name);
    } else {
      names.dns_names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace intermediary::sim
