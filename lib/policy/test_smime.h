// Signers, authorities and signatures of S/MIME for tests: those of this library, and the parties of the simulator.
//
// The keys stand here for everybody to read, so that the same test makes the same bytes: they protect nothing, and are
// good for nothing but tests. Certificates are made of them, good from 2025 to 2035. Signatures are made by other calls
// than lib/policy/smime.cpp makes.
#pragma once

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

#include "policy/smime.h"

namespace intermediary::test_smime {

inline constexpr std::string_view authority_key = R"(-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCY1F6suHykIHT7
r8qfee9h0E5L9TpJ57SLXYo3FgrpnNznFYzfMTGSoLgpsmYomxij1NGtHv7JOi2u
g04T5abgNzvrlU1+7z+XaMzmADtJde/Izw9UBd9nElZgivxFliHNAMqbQ265E1RR
2/e35gjUHgXidmpFZjpFeixaP8OSPfYrN/O5nUne7JneCOKHCbqDJq0qGrld71VB
tfUgV+ROPqUv22K8ub3bBz6BG/TryliO+ZecxTezB6N4DQlYgVMytFbh+AIVfYYf
Xu2MXDLFLWmPck+Gm4c2McnHz4OJG6wqh+vQOTdvt5mnVLdTiQm2+akcsLnpUu3R
VNzG9CvBAgMBAAECggEAAPEjD3Pxw01+nhYLpjvqkPesoggyGJOeXGhpDDkj4SP+
tS3dUDX5JgFM8EdvjMZqW9O5alHV+Ket0YDrp2Ni6eLCQ8Z6qkQAtZLuG3NBekoh
I65HHCW0U8IK/5m6B5a5mQDKoY5JijJ1eog5TVWER6R9mptaa7ivNnzZQDybJLa1
TO8s3Z9i7tMHBIVqPOdt4L0XjVUUduEX4eWawcY2goCWsJLXT8c3u+WLXhoYFPPr
luT6i2P3FxIHPX//ZCVHYEIn1Q2js2plBPdVVj3NzY44jxHEQZ0TH8pQqPr7j9j6
1Ln9K7Twb/8cugeekw8Z1wzCDKrLpahpzXOxibCY4QKBgQDJ8/5mSu0b7pYCQ+pN
w1/8em88APjOyGNxvIFDdy3oqlVNmVDfllc8Z+hmVWpP5/0Rvgw+/rzkH4pC31XW
bezKoKAcqgMF4wrJFTgH/lKxfpHcchh5noxTyrf4MAf6GwVjijF/9cQt3aJMXCk1
MXD4n0grp5JQuwI1J9Nn1Qs4IQKBgQDBut/eHcSXF3CUBPrn0x4h7rlvt3NkqJAW
M86DFsRpZfafR8ZP3tJpnExNZkHAjfG7T5z0WiIIfZG2Us9JD4JEAbCPrC/zRPww
ySaojySQczpENhRvZW/GHosZzuFlWKTqcGCFb9jJJqBamUt2FX39oI23u7YsUKPC
E3K2+l3/oQKBgQCY8dlL3Ri/W6xt4MN0yy9JhevyFIZaDHcLrwhycLLrDvz1fNQ7
0J8Wl1bxEWUnSPlm03hwyPmDBsPuKzfV4oA/YPCBZNxPPAhyC0jY/OnhlIqg2iPh
D4sU9mTnaHDSIF6vaPxd/WHqnnyIug9XQq9dCzxcG1d7HnXojdXUQAt0IQKBgQDB
OjpGGdzWctun15vGlE0uvSQaKJkg4fvtGTk2iQPYuImW7wj+6xllmy6D2KVmgG2G
TW8YTbo6S7yFZO05Sw279Q99Ddo5wynjIw66+yMWLMgF9wbE4SDuM9K8KBuqcRL0
fqfXD+rjHvK7ysB4hBFJYtVXWBPo+XmMfsdheDE/YQKBgDjk6R2EzxJCox06afjZ
3Fo4SyMhuEoq+C8F8f95ouJe/QshPG7xVB8Z5QODUpHvuoAhKgslZ4NsLb7F2rDa
ApUP5qSMr8m/MzqoJRp627bt+jfKw/0oPTTCjQKdZ9Y4s8GD1S88Y/9XVuckcBE3
UfANkmtdFCbkZit1ZWqF+tuM
-----END PRIVATE KEY-----
)";

// Of everybody who signs, and of the authority that nobody knows.
inline constexpr std::string_view signer_key = R"(-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCXGI5ascELYQg9
AunDFHCuQFDc2OFqGhEQAq5uFjLanHnrwoLVdiskC+ihCfXdI0t5+qq+Xv6/PfIZ
H9nKButilJ/1mkxy3+HX5yR08xRpkUk9lFYza7tRn8fNrKyi0CyVyIlXfAFx/xrf
OIu5MPBCn0Y+0DGiS2vzi0ucn0YJ6N+C3k+ACk2Oxu5fcYrnYZhV6T5iXtO4r3cm
cpdz9sgCwBbi5jK1NCNDMDUaoATghZ4GYGm+HHq1uXJA5n34Kz5OlSFn/EK8wdiR
qrnxtpNlUh26b8sRjUBM3ttVaw7qz66QCghShR23WIU7hD9Cdots0+ZVj5qIXGA2
EiCyGSWPAgMBAAECggEADMQbkviEMcZUmdyn8r5eK64Hc840DXDlko+Hb7znnKZ7
FQftyF25lP9K/AA8o7iA5TqtBNsMQkA+0KlrD0sfLC8YH/ovdC0/IBMv3PaExpg3
f42lUtoXwFr0C+6g9dVwG7lCN8zXmmtOOLn58P9JIKsWyX8LRbkcBj6PEhnRVkwT
bK5GDXywnO+vMUMsgdhnAf5G8xxYcFr0f4G3HSM1r3ilnfq2knhvVlZB2bO3Aer5
DFWk6GFTJRV5amZE7c401PHfHf8EVA4h4HhkPGzTdOu4O8eqoi4l7YafQhDbbsA9
vJ/kywAEHPxW8jsOUTUu74I59P3eI4HuZNDhK9wvYQKBgQDK54CkSr830HHk048C
HVsvqAnsw42dYU0k7GFqq3Y3YSm8nFmyZOSb84z7XGq+RwQuBP8SNkzWhyh66g5f
qAQkvv7610QriI2zr4XBmAWpJ9k1vUtvdkTE4R7VMPBliLmFq9BTLK3+U4E+YP9n
iRBDceCUuer+QuX96z1swp7R+QKBgQC+omz78Q5xAXeFXpQPbWNVk3XT282XByIv
RaJHtOvqlk9FM5QAnp6O9/GNvZS5DUq1cShTYw33b/wXlBuhezBtilIJpfFnfQbW
0IuJhTrvOfpqXq3j8d5h122xhfNx3dILq1uTsIBNMCZ3piV3h4c6sFBmmMjg7Zk2
BbNEl16VxwKBgQCs2eaXDy4yyBoei7NqY8PIp2g9EKJVjgyABfc/Pe4pY1aA3Nj0
xkqSKDrT73jnu+vtoEgDJcrzfpSXkUjJaIKPIz5oRnZGd7/vcPmLYIyB+/Zod2gJ
/kC7T+RKTbSdaopRO3rvQELBRDX4A/3QH82BB0QArxlnnWn8lCfxvSI7UQKBgQCq
/EjAWWBYn7YyW7h1deno8dB3a+klE3Ln7480veP0j0keirqvK5aQKXfxaB+jM3bU
81/2GxyF2V3FUETQPAwd1DjtCnhSGGQv/PGLMYLA28Ht8moJ0AFkxLNQzRKkCQ/D
A7mp6F/L2+pE2zMz2M3EKCyVOWjDxpjrSYWXeiWONQKBgD//YkysC6+Yp/GO0G+s
YTfhqgd+B6FVcq9zEpLOpsYBbNiIkdNsI8zeotz4KTfKcg4GnX4yo5dUXnavo8zr
xfQ5qJ8WXHhln+PpAvOXVIu7GSGWKNo/xXUrl3pF1zd6RveNJrEQ6QYhu0cLrIxz
Spb5cuLyEwAbZdsaPr3lpm0W
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view elliptic_key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUSbeVbed/DlHXkjA
mUNcBzFCT1H30m2GdjwepRngKrehRANCAAQeWyU2GUc2iNZy+H6AqH2FNmIdPngG
BMs13yQDSAe07EJAnVOpv/DT2h+3gVip475xYiT6SGT2+zD6zlvftqGm
-----END PRIVATE KEY-----
)";

enum class Issuer { Known, Stranger };

inline EVP_PKEY* key_of(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return key;
}

inline X509* certificate_of(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

inline void set_name(X509_NAME* name, const std::string& text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()), -1, 0);
}

inline void add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct CertificateParts {
  std::string alternative_names{};  // "email:bob@example.com,URI:sip:bob@example.com", as OpenSSL writes them
  Issuer issuer = Issuer::Known;
  bool authority = false;
  std::string_view key = signer_key;
  const char* until = "20350101000000Z";
  std::string extended_usage{};  // "emailProtection"
};

// PEM.
inline std::string make_certificate(const CertificateParts& parts) {
  const bool known = parts.issuer == Issuer::Known;
  const std::string issuer = known ? "Test authority" : "Nobody knows";
  EVP_PKEY* key = key_of(parts.authority ? (known ? authority_key : signer_key) : parts.key);
  EVP_PKEY* issuing = key_of(known ? authority_key : signer_key);
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), parts.authority ? 1 : 2);
  ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20250101000000Z");
  ASN1_TIME_set_string(X509_getm_notAfter(certificate), parts.until);
  set_name(X509_get_issuer_name(certificate), issuer);
  set_name(X509_get_subject_name(certificate), parts.authority ? issuer : "Somebody");
  X509_set_pubkey(certificate, key);
  if (parts.authority) add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  if (!parts.alternative_names.empty()) add_extension(certificate, NID_subject_alt_name, parts.alternative_names);
  if (!parts.extended_usage.empty()) add_extension(certificate, NID_ext_key_usage, parts.extended_usage);
  X509_sign(certificate, issuing, EVP_sha256());
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  X509_free(certificate);
  EVP_PKEY_free(issuing);
  EVP_PKEY_free(key);
  return pem;
}

inline std::string authority(Issuer issuer = Issuer::Known) {
  return make_certificate({.issuer = issuer, .authority = true});
}
inline std::string certificate_for(const std::string& alternative_names, Issuer issuer = Issuer::Known) {
  return make_certificate({.alternative_names = alternative_names, .issuer = issuer});
}

// Keys of a registrar that trusts the authority that everybody knows.
inline SmimeKeys registrar_keys() {
  return {certificate_for("URI:sip:example.com"), std::string(signer_key), authority()};
}

// DER, and nothing in it that depends on the time.
inline std::string sign(std::string_view content, std::string_view certificate_pem,
                        std::string_view key_pem = signer_key, const EVP_MD* digest = EVP_sha256(),
                        unsigned int more_flags = CMS_DETACHED) {
  X509* certificate = certificate_of(certificate_pem);
  EVP_PKEY* key = key_of(key_pem);
  BIO* data = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
  const unsigned int flags = CMS_BINARY | CMS_NOATTR | more_flags;
  CMS_ContentInfo* cms = CMS_sign(nullptr, nullptr, nullptr, data, flags | CMS_PARTIAL);
  CMS_add1_signer(cms, certificate, key, digest, flags | CMS_PARTIAL);
  CMS_final(cms, data, nullptr, flags);
  unsigned char* der = nullptr;
  const int size = i2d_CMS_ContentInfo(cms, &der);
  std::string signature(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  CMS_ContentInfo_free(cms);
  BIO_free(data);
  EVP_PKEY_free(key);
  X509_free(certificate);
  return signature;
}

// Whether somebody whom that authority knows has signed the content, at any time.
inline bool is_signed(std::string_view content, std::string_view signature, std::string_view authority_pem) {
  const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
  CMS_ContentInfo* cms = d2i_CMS_ContentInfo(nullptr, &der, static_cast<long>(signature.size()));
  if (cms == nullptr) return false;
  X509_STORE* store = X509_STORE_new();
  X509* trusted = certificate_of(authority_pem);
  X509_STORE_add_cert(store, trusted);
  X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME);
  BIO* data = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
  const bool good = CMS_verify(cms, nullptr, store, data, nullptr, CMS_BINARY) == 1;
  BIO_free(data);
  X509_free(trusted);
  X509_STORE_free(store);
  CMS_ContentInfo_free(cms);
  return good;
}

}  // namespace intermediary::test_smime
