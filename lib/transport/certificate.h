// Who the other end of a TLS connection is, by its certificate (RFC 5922).
#pragma once

#include <string>
#include <vector>

namespace intermediary {

// What a certificate says of its owner, after its chain was found good (RFC 5922 §7.1): as it stands, unjudged.
struct CertificateNames {
  std::vector<std::string> uris;       // subjectAltName of type URI
  std::vector<std::string> dns_names;  // subjectAltName of type DNS
  std::string common_name;             // of the subject; counts only where there is no subjectAltName at all
  bool has_alternatives = false;       // there is a subjectAltName, whatever types are in it

  friend bool operator==(const CertificateNames&, const CertificateNames&) = default;
};

}  // namespace intermediary
