// The names in a certificate, as values (RFC 5922 §7.1).
#pragma once

#include <openssl/types.h>

#include <expected>
#include <string>

#include "transport/certificate.h"

namespace intermediary {

// All subjectAltNames of type URI and DNS, whether there are any of whatever type, and the subject's last common name.
// The error says in a line why such a certificate names nobody: a name with a control character (an embedded NUL ends
// it for others), or more names or longer ones than limit::certificate_names and limit::certificate_name_bytes.
std::expected<CertificateNames, std::string> names_in(const X509& certificate);

}  // namespace intermediary
