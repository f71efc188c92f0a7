#include "transport/identity.h"

#include <gmock/gmock.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> of_uris(std::vector<std::string> uris) {
  return sip_identities({std::move(uris), {}, {}, true});
}

TEST(IdentityTest, IsTheHostOfASipUriWithoutAUser) {
  EXPECT_THAT(of_uris({"sip:example.com"}), ElementsAre("example.com"));
  EXPECT_THAT(of_uris({"SIP:Example.COM:5061;transport=tls"}), ElementsAre("example.com"));
  EXPECT_THAT(of_uris({"sip:alice@example.com", "sip:example.net"}), ElementsAre("example.net"));
  EXPECT_THAT(of_uris({"sips:example.com", "https://example.com", "example.com", "sip:", ""}), IsEmpty());
}

TEST(IdentityTest, IsADnsNameWhereNoSipUriIs) {
  EXPECT_THAT(sip_identities({{"sip:example.com"}, {"example.net"}, "example.org", true}), ElementsAre("example.com"));
  EXPECT_THAT(sip_identities({{"sip:bob@example.com"}, {"example.net"}, "example.org", true}),
              ElementsAre("example.net"));
  EXPECT_THAT(sip_identities({{}, {"example.net", "Example.NET.", "a.example"}, {}, true}),
              ElementsAre("example.net", "a.example"));
}

TEST(IdentityTest, IsTheCommonNameWhereNoAlternativeNameIs) {
  EXPECT_THAT(sip_identities({{}, {}, "example.org"}), ElementsAre("example.org"));
  EXPECT_THAT(sip_identities({{"https://example.com"}, {}, "example.org", true}), IsEmpty());
  EXPECT_THAT(sip_identities({{}, {}, "example.org", true}), IsEmpty());  // an address, an e-mail's
  EXPECT_THAT(sip_identities({{}, {}, "Example Ltd."}), IsEmpty());
}

TEST(IdentityTest, IsNoWildcardAndNothingThatIsNoHostName) {
  const std::vector<std::string> names{"*.example.com",
                                       ".example.com",
                                       "b\xc3\xbc"
                                       "cher.example",
                                       "a..b",
                                       "a b",
                                       std::string("example.com\0.evil.org", 21),
                                       std::string(254, 'a')};
  EXPECT_THAT(sip_identities({{}, names, {}, true}), IsEmpty());
  EXPECT_THAT(sip_identities({{}, {"xn--bcher-kva.example"}, {}, true}), ElementsAre("xn--bcher-kva.example"));
}

TEST(IdentityTest, AreOnlySoMany) {
  CertificateNames names;
  for (std::size_t i = 0; i < 2 * limit::certificate_identities; ++i) {
    names.dns_names.push_back("a" + std::to_string(i) + ".example");
  }
  EXPECT_EQ(sip_identities(names).size(), limit::certificate_identities);
}

TEST(IdentityTest, CoversTheWholeNameOnly) {
  const std::vector<std::string> identities{"example.com"};
  EXPECT_TRUE(covers(identities, "example.com"));
  EXPECT_TRUE(covers(identities, "EXAMPLE.com."));
  EXPECT_FALSE(covers(identities, "sip.example.com"));
  EXPECT_FALSE(covers(identities, "com"));
  EXPECT_FALSE(covers(identities, ""));
}

}  // namespace
}  // namespace intermediary
