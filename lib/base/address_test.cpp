#include "base/address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/link_local.h"

namespace intermediary {
namespace {

std::string again(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->to_string() : "no address";
}

TEST(IpAddressTest, ReadsDottedDecimal) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1"), IpAddress::v4({192, 0, 2, 1}));
  EXPECT_EQ(IpAddress::parse("255.255.255.255"), IpAddress::v4({255, 255, 255, 255}));
}

TEST(IpAddressTest, ReadsIpv6WithAndWithoutBrackets) {
  const auto address = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_EQ(IpAddress::parse("2001:db8::1"), address);
  EXPECT_EQ(IpAddress::parse("[2001:DB8::1]"), address);
  EXPECT_EQ(IpAddress::parse("2001:0db8:0:0:0:0:0:0001"), address);
}

TEST(IpAddressTest, RefusesWhatIsNoLiteral) {
  for (const char* text : {"",
                           "example.com",
                           "192.0.2",
                           "192.0.2.1.5",
                           "192.0.2.256",
                           "192.0.2.01",
                           "192.0.2.",
                           ".192.0.2.1",
                           "192.0.2.1 ",
                           "[192.0.2.1]",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "1::2::3",
                           ":1:2:3:4:5:6:7",
                           "12345::",
                           "g::",
                           "[::1",
                           "::1]",
                           "[]",
                           "[",
                           "::1.2.3",
                           "1.2.3.4::",
                           "::1%lo",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           ":",
                           ":::"}) {
    EXPECT_EQ(IpAddress::parse(text), std::nullopt) << text;
  }
}

TEST(IpAddressTest, WritesIpv6InItsCanonicalForm) {
  EXPECT_EQ(again("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(again("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(again("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(again("1:0:0:0:0:0:0:0"), "1::");
  EXPECT_EQ(again("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(again("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(again("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(again("::ffff:c000:0201"), "::ffff:192.0.2.1");
}

TEST(IpAddressTest, BracketsIpv6AsAHost) {
  EXPECT_EQ(IpAddress::parse("::1")->to_host(), "[::1]");
  EXPECT_EQ(IpAddress::parse("127.0.0.1")->to_host(), "127.0.0.1");
}

TEST(IpAddressTest, KnowsLoopbackAndUnspecified) {
  EXPECT_TRUE(IpAddress::parse("127.8.9.10")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("1::1")->is_loopback());
  EXPECT_TRUE(IpAddress().is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
}

TEST(LinkLocalTest, IsFe80UpToFebf) {
  EXPECT_TRUE(is_link_local(*IpAddress::parse("fe80::1")));
  EXPECT_TRUE(is_link_local(*IpAddress::parse("febf::1")));
  EXPECT_FALSE(is_link_local(*IpAddress::parse("fec0::1")));
  EXPECT_FALSE(is_link_local(*IpAddress::parse("254.128.0.1")));
}

RC_GTEST_PROP(IpAddressProperty, TextFormsReadBackAsTheSameAddress, ()) {
  const auto octets = *rc::gen::container<std::array<std::uint8_t, 16>>(
      rc::gen::oneOf(rc::gen::just(std::uint8_t{0}), rc::gen::arbitrary<std::uint8_t>()));
  const IpAddress v6 = IpAddress::v6(octets);
  const IpAddress v4 = IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  for (const IpAddress& address : {v4, v6}) {
    RC_ASSERT(IpAddress::parse(address.to_string()) == address);
    RC_ASSERT(IpAddress::parse(address.to_host()) == address);
    RC_ASSERT(Endpoint::parse(Endpoint{address, 5060}.to_string()) == (Endpoint{address, 5060}));
  }
}

TEST(EndpointTest, NeedsAPort) {
  EXPECT_EQ(Endpoint::parse("192.0.2.1:5060"), (Endpoint{IpAddress::v4({192, 0, 2, 1}), 5060}));
  EXPECT_EQ(Endpoint::parse("[::1]:5061"), (Endpoint{*IpAddress::parse("::1"), 5061}));
  EXPECT_EQ(Endpoint::parse("192.0.2.1:0")->port, 0);
  for (const char* text : {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:05060", "::1:5060", "[::1]",
                           ":5060", "localhost:5060", "192.0.2.1:+1", "192.0.2.1: 1"}) {
    EXPECT_EQ(Endpoint::parse(text), std::nullopt) << text;
  }
}

TEST(CidrTest, ContainsTheAddressesOfItsPrefix) {
  const auto inside = *Cidr::parse("10.32.0.0/11");
  EXPECT_TRUE(inside.contains(*IpAddress::parse("10.32.0.0")));
  EXPECT_TRUE(inside.contains(*IpAddress::parse("10.63.255.255")));
  EXPECT_FALSE(inside.contains(*IpAddress::parse("10.64.0.0")));
  EXPECT_FALSE(inside.contains(*IpAddress::parse("11.32.0.0")));
  EXPECT_FALSE(inside.contains(*IpAddress::parse("a20::")));
}

TEST(CidrTest, ZeroBitsTakeTheWholeFamily) {
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("203.0.113.9")));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Cidr::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
}

TEST(CidrTest, ASingleAddressIsAPrefixOfFullLength) {
  EXPECT_EQ(Cidr::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
  EXPECT_EQ(Cidr::parse("2001:db8::1")->to_string(), "2001:db8::1/128");
  EXPECT_FALSE(Cidr::parse("192.0.2.1")->contains(*IpAddress::parse("192.0.2.0")));
}

TEST(CidrTest, RefusesBitsBehindThePrefixAndAbsurdLengths) {
  for (const char* text : {"10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1",
                           "10.0.0.0/08", "10/8", "/8", "2001:db8::1/64"}) {
    EXPECT_EQ(Cidr::parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace intermediary
