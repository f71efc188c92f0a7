// TLS without cryptography: who shows which names to whom, and when two hosts come to no agreement.
//
// A host chooses among its certificates by the name that the client asks for (RFC 6066 §3), compared to the letter;
// where none is meant, it shows the first. What the names are worth is the business of whoever is under test.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config.h"
#include "sim/scenario_text.h"
#include "transport/certificate.h"

namespace intermediary::sim {

struct TlsHost {
  std::vector<CertificateNames> certificates{};
  bool trusted = true;  // its certificates are signed by an authority that everybody knows
  ListenerConfig::ClientCertificate asks = ListenerConfig::ClientCertificate::Unasked;
};

// What each end knows of the other's certificate.
struct Handshake {
  std::optional<CertificateNames> server;  // as the client hears
  std::optional<CertificateNames> client;  // as the server hears
};

// The error is one line for people.
std::expected<Handshake, std::string> shake_hands(const TlsHost& client, const TlsHost& server,
                                                  std::string_view server_name);

// "example.com,sip:example.net,cn:example.org": DNS names, URIs, and the subject's common name; throws Wrong.
CertificateNames parse_certificate(const Piece& word);

}  // namespace intermediary::sim
