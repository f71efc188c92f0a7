#include "base/local_names.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

class LocalNamesTest : public testing::Test {
 protected:
  LocalNamesTest() {
    names.add_listener(Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt);
    names.add_listener(Transport::Tcp, *Endpoint::parse("[2001:db8::1]:5070"), "", std::nullopt);
    names.add_listener(Transport::Udp, *Endpoint::parse("10.0.0.1:5060"), "Edge.example.net", 5080);
    names.add_domain("example.com");
  }

  LocalNames names;
};

TEST_F(LocalNamesTest, AnIPv6AddressIsOursInEverySpelling) {
  EXPECT_TRUE(names.is_our_sent_by("2001:db8::1", 5070));
  EXPECT_TRUE(names.is_our_sent_by("2001:DB8:0::0:1", 5070));
  EXPECT_TRUE(names.is_us("[2001:db8:0:0:0:0:0:1]", 5070, false));
  EXPECT_FALSE(names.is_our_sent_by("2001:db8::2", 5070));
  EXPECT_FALSE(names.is_our_sent_by("2001:db8::1::", 5070));
}

TEST_F(LocalNamesTest, NamesHaveNoCaseAndMayEndInADot) {
  EXPECT_TRUE(names.is_our_sent_by("edge.EXAMPLE.net", 5080));
  EXPECT_TRUE(names.is_our_sent_by("edge.example.net.", 5080));
  EXPECT_TRUE(names.is_local_domain("EXAMPLE.com.", std::nullopt));
  EXPECT_FALSE(names.is_local_domain("example.co", std::nullopt));
  EXPECT_FALSE(names.is_local_domain("sub.example.com", std::nullopt));
}

TEST_F(LocalNamesTest, AListenerIsKnownByItsBoundAndItsAdvertisedName) {
  EXPECT_TRUE(names.is_our_sent_by("10.0.0.1", 5060));
  EXPECT_FALSE(names.is_our_sent_by("10.0.0.1", 5080));
  EXPECT_FALSE(names.is_our_sent_by("edge.example.net", 5060));
}

TEST_F(LocalNamesTest, APortThatIsAbsentIsTheDefaultOfItsTransport) {
  EXPECT_TRUE(names.is_our_sent_by("192.0.2.1", std::nullopt));
  EXPECT_FALSE(names.is_our_sent_by("2001:db8::1", std::nullopt));
  EXPECT_TRUE(names.is_us("192.0.2.1", std::nullopt, false));
  EXPECT_FALSE(names.is_us("192.0.2.1", std::nullopt, true));
}

TEST_F(LocalNamesTest, ADomainMeansUsAtAnyPortThatWeListenOn) {
  EXPECT_TRUE(names.is_us("example.com", std::nullopt, true));
  EXPECT_TRUE(names.is_us("example.com", 5070, false));
  EXPECT_FALSE(names.is_us("example.com", 5090, false));
}

TEST_F(LocalNamesTest, UsersAtOurAddressAreOursUnlessThePortIsAnothers) {
  EXPECT_TRUE(names.is_local_domain("192.0.2.1", std::nullopt));
  EXPECT_TRUE(names.is_local_domain("2001:db8:0::1", 5070));
  EXPECT_TRUE(names.is_local_domain("192.0.2.1", 5060));
  EXPECT_FALSE(names.is_local_domain("192.0.2.1", 5090));
  EXPECT_FALSE(names.is_local_domain("192.0.2.9", std::nullopt));
}

}  // namespace
}  // namespace intermediary
