// Certificates for tests, made when they are needed: an authority, and what it signs.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/net/openssl_pointers.h"

namespace intermediary {

struct TestNames {
  std::string common_name{};
  std::vector<std::string> dns{};
  std::vector<std::string> uris{};
};

struct TestCertificate {
  X509Ptr certificate;
  KeyPtr key;

  std::string certificate_pem() const {
    return pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
  }
  std::string key_pem() const {
    return pem_of([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

 private:
  template <class Write>
  static std::string pem_of(Write write) {
    const OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(length)};
  }
};

inline void add_alternative_name(GENERAL_NAMES* names, int type, const std::string& text) {
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));  // NULs and all
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, value);
  sk_GENERAL_NAME_push(names, name);
}

inline void add_names(X509* certificate, const TestNames& names) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (!names.common_name.empty()) {
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(names.common_name.data()),
                               static_cast<int>(names.common_name.size()), -1, 0);
  }
  if (names.dns.empty() && names.uris.empty()) return;
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  for (const std::string& dns : names.dns) add_alternative_name(all, GEN_DNS, dns);
  for (const std::string& uri : names.uris) add_alternative_name(all, GEN_URI, uri);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free(all);
}

// Signed by `authority`, or by itself where that is null. Valid for `seconds` from now; negative: not any more.
inline TestCertificate make_certificate(const TestCertificate* authority, const TestNames& names, long seconds = 3600) {
  TestCertificate made{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  X509* certificate = made.certificate.get();
  static long serial = 0;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
  X509_set_pubkey(certificate, made.key.get());
  add_names(certificate, names);
  if (!authority) {
    BASIC_CONSTRAINTS* constraints = BASIC_CONSTRAINTS_new();
    constraints->ca = 1;
    X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1, X509V3_ADD_DEFAULT);
    BASIC_CONSTRAINTS_free(constraints);
  }
  X509_set_issuer_name(certificate, X509_get_subject_name(authority ? authority->certificate.get() : certificate));
  X509_sign(certificate, authority ? authority->key.get() : made.key.get(), EVP_sha256());
  return made;
}

inline TestCertificate make_authority(const std::string& name) { return make_certificate(nullptr, {name}); }

// A folder that is gone at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "runtime_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  std::string path(const std::string& name) const { return path_ + '/' + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  // NAME.pem and NAME.key
  void write(const std::string& name, const TestCertificate& certificate) const {
    write(name + ".pem", certificate.certificate_pem());
    write(name + ".key", certificate.key_pem());
  }

 private:
  std::string path_;
};

}  // namespace intermediary
