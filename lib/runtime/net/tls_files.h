// Certificates, keys and authorities, read from PEM files. Every error names the file and the cause.
#pragma once

#include <expected>
#include <string>

#include "engine/config.h"
#include "runtime/net/openssl_pointers.h"

namespace intermediary {

struct LoadedCertificate {
  std::string name;
  X509Ptr leaf;
  ChainPtr chain;  // what stands behind the leaf in its file
  KeyPtr key;
};

// The error begins with the certificate's name.
std::expected<LoadedCertificate, std::string> load_certificate(const CertificateConfig& config);
// What an operator should know of its end: "it has expired", "it expires within 30 days", or "".
std::string problem_with_age(const LoadedCertificate& certificate, int days);
// The authorities of that file; "": the system's.
std::expected<StorePtr, std::string> load_authorities(const std::string& file);
// Of the topmost error of OpenSSL, which is taken away: "no start line".
std::string openssl_reason();

}  // namespace intermediary
