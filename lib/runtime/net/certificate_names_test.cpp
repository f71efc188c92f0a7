#include "runtime/net/certificate_names.h"

#include <gmock/gmock.h>

#include "base/connection_limits.h"
#include "runtime/net/test_certificates.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::expected<CertificateNames, std::string> names_of(const TestNames& names) {
  return names_in(*make_certificate(nullptr, names).certificate);
}

TEST(CertificateNames, AreUrisDnsNamesAndTheCommonName) {
  const auto names = names_of({"Example", {"example.com", "*.example.com"}, {"sip:example.com", "sips:example.net"}});
  ASSERT_TRUE(names) << names.error();
  EXPECT_THAT(names->uris, ElementsAre("sip:example.com", "sips:example.net"));
  EXPECT_THAT(names->dns_names, ElementsAre("example.com", "*.example.com"));
  EXPECT_EQ(names->common_name, "Example");
  EXPECT_TRUE(names->has_alternatives);
}

TEST(CertificateNames, MayBeNone) {
  const auto names = names_of({});
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, CertificateNames{});
}

// RFC 5922 §7.1 step 2: the common name counts no more where a subjectAltName is.
TEST(CertificateNames, OfOtherTypesAreNoneButAreThere) {
  TestCertificate made = make_certificate(nullptr, {"a"});
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  add_alternative_name(all, GEN_EMAIL, "alice@example.com");
  X509_add1_ext_i2d(made.certificate.get(), NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free(all);
  const auto names = names_in(*made.certificate);
  ASSERT_TRUE(names);
  EXPECT_THAT(names->dns_names, IsEmpty());
  EXPECT_TRUE(names->has_alternatives);
}

TEST(CertificateNames, WithControlCharactersNameNobody) {
  const std::string error = "a name in the certificate has a control character";
  EXPECT_EQ(names_of({"", {"example.com\0.evil.example"s}}).error(), error);
  EXPECT_EQ(names_of({"", {}, {"sip:example.com\0@evil.example"s}}).error(), error);
  EXPECT_EQ(names_of({"example.com\0.evil.example"s}).error(), error);
  EXPECT_EQ(names_of({"", {"example.com\n"}}).error(), error);
}

TEST(CertificateNames, AreLimited) {
  EXPECT_TRUE(names_of({"", std::vector<std::string>(limit::certificate_names, "a")}));
  EXPECT_EQ(names_of({"", std::vector<std::string>(limit::certificate_names, "a"), {"sip:a"}}).error(),
            "too many names in the certificate");
  EXPECT_TRUE(names_of({"", {std::string(limit::certificate_name_bytes, 'a')}}));
  EXPECT_EQ(names_of({"", {std::string(limit::certificate_name_bytes + 1, 'a')}}).error(),
            "a name in the certificate is too long");
}

TEST(CertificateNames, ThatCannotBeReadNameNobody) {
  TestCertificate made = make_certificate(nullptr, {"a"});
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(value, reinterpret_cast<const unsigned char*>("no names"), 8);
  X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value);
  X509_add_ext(made.certificate.get(), extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  EXPECT_EQ(names_in(*made.certificate).error(), "the certificate's subjectAltName cannot be read, or is there twice");
}

}  // namespace
}  // namespace intermediary
