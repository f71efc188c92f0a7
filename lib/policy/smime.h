// Detached CMS signatures (RFC 5652), as S/MIME has them in SIP (RFC 3261 §23, RFC 8591): made and judged. Of the
// core's two doors to OpenSSL this is the one to certificates.
//
// Pure: keys and certificates come in as text, the time as an argument, and a library context of our own keeps files
// and policies of the machine out. The same bytes at the same second get the same signature: keys are RSA, for whose
// PKCS #1 v1.5 nothing is drawn.
//
//   signers        one for each body; the certificate stands in the signature (RFC 3261 §23.2)
//   digests        SHA-256 and longer; of certificates and keys 112 bits or more
//   certificates   lead to one of the authorities, and may sign mail (RFC 8550 §4.4.4) where they say what they are
//   for;
//                  no revocation lists
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace intermediary {

// The contents of PEM files.
struct SmimeKeys {
  std::string chain;        // our certificate, and what stands between it and its authority
  std::string key;          // RSA, without passphrase
  std::string authorities;  // whose certificates count as signers'

  friend bool operator==(const SmimeKeys&, const SmimeKeys&) = default;
};

class Smime {
 public:
  // The error is one line for people.
  static std::expected<Smime, std::string> open(const SmimeKeys& keys);

  // DER; "" where OpenSSL has no memory for it.
  std::string sign(WallTime now, std::string_view content) const;
  // Who signed: the addresses in the certificate's subjectAltName as URIs, an e-mail address as "sip:bob@example.com"
  // (RFC 3261 §23.1, RFC 8591 §4.4.1). The error says why the signature does not count.
  std::expected<std::vector<std::string>, std::string> verify(WallTime now, std::string_view content,
                                                              std::string_view signature) const;

 private:
  struct Keys;
  explicit Smime(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const Keys> keys_;
};

}  // namespace intermediary
