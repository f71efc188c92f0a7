// Which SIP domains a certificate speaks for (RFC 5922 §7.1, §7.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/certificate.h"

namespace intermediary {

// In lower case, each once, at most limit::certificate_identities. Those of "sip:" URIs without a user; where there is
// none, the DNS names; where there is no subjectAltName at all, the common name. What is no host name counts
// for nothing: so wildcards do not.
std::vector<std::string> sip_identities(const CertificateNames& names);

// Whether one of them is that domain: the whole name, without case.
bool covers(const std::vector<std::string>& identities, std::string_view domain);

}  // namespace intermediary
