// Certificates of signers for tests of signed identities: those of this library, and of the engine. The keys are
// those of policy/test_smime.h, and as public.
#pragma once

#include <openssl/asn1.h>

#include <string>
#include <string_view>

#include "policy/stir_keys.h"
#include "policy/test_smime.h"

namespace intermediary::test_stir {

inline std::string der(unsigned char tag, std::string_view content) {
  std::string element(1, static_cast<char>(tag));
  if (content.size() >= 0x80) element += static_cast<char>(0x82);
  if (content.size() >= 0x80) element += static_cast<char>(content.size() >> 8);
  element += static_cast<char>(content.size() & 0xFF);
  return element.append(content);
}
// Entries of a TN authorization list (RFC 8226 §9), and the list of them.
inline std::string provider(std::string_view code) { return der(0xA0, der(0x16, code)); }
inline std::string one_number(std::string_view number) { return der(0xA2, der(0x16, number)); }
inline std::string number_range(std::string_view first, std::string_view count) {
  return der(0xA1, der(0x30, der(0x16, first) + der(0x02, count)));
}
inline std::string number_list(const std::string& entries) { return der(0x30, entries); }

struct SignerParts {
  std::string numbers = number_list(one_number("12155551212"));  // "": no such list
  std::string alternative_names{};                               // "DNS:example.com"
  std::string_view key = test_smime::elliptic_key;
  test_smime::Issuer issuer = test_smime::Issuer::Known;
  bool constrains_claims = false;
};

inline void add_raw_extension(X509* certificate, const char* oid, const std::string& value) {
  ASN1_OBJECT* name = OBJ_txt2obj(oid, 1);
  ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(octets, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, name, 0, octets);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(octets);
  ASN1_OBJECT_free(name);
}

// PEM, good from 2025 to 2035, signed by an authority of test_smime.
inline std::string certificate(const SignerParts& parts = {}) {
  X509* certificate = test_smime::certificate_of(test_smime::make_certificate(
      {.alternative_names = parts.alternative_names, .issuer = parts.issuer, .key = parts.key}));
  if (!parts.numbers.empty()) add_raw_extension(certificate, "1.3.6.1.5.5.7.1.26", parts.numbers);
  if (parts.constrains_claims) add_raw_extension(certificate, "1.3.6.1.5.5.7.1.27", der(0x30, ""));
  const bool known = parts.issuer == test_smime::Issuer::Known;
  EVP_PKEY* issuing = test_smime::key_of(known ? test_smime::authority_key : test_smime::signer_key);
  X509_sign(certificate, issuing, EVP_sha256());
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  X509_free(certificate);
  EVP_PKEY_free(issuing);
  return pem;
}

inline SignerKeys signer(const SignerParts& parts = {}) { return {certificate(parts), std::string(parts.key)}; }

}  // namespace intermediary::test_stir
