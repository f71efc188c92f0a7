#include "policy/access_list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace intermediary {
namespace {

std::vector<Cidr> prefixes_of(const std::vector<std::string>& texts) {
  std::vector<Cidr> prefixes;
  for (const std::string& text : texts) prefixes.push_back(*Cidr::parse(text));
  return prefixes;
}

AccessTable table(const std::vector<std::string>& allow, const std::vector<std::string>& deny, bool otherwise = false) {
  return AccessTable({.name = "t", .allow = prefixes_of(allow), .deny = prefixes_of(deny), .otherwise = otherwise});
}

bool allows(const AccessTable& list, const std::string& address) { return list.allows(*IpAddress::parse(address)); }

TEST(AccessTable, TheLongestPrefixDecides) {
  const AccessTable list = table({"10.0.0.0/8", "10.1.2.0/24"}, {"10.1.0.0/16", "10.1.2.3"});
  EXPECT_TRUE(allows(list, "10.0.0.1"));
  EXPECT_FALSE(allows(list, "10.1.0.1"));
  EXPECT_TRUE(allows(list, "10.1.2.4"));
  EXPECT_FALSE(allows(list, "10.1.2.3"));
  EXPECT_TRUE(allows(list, "10.2.0.0"));
  EXPECT_FALSE(allows(list, "11.0.0.0"));
}

TEST(AccessTable, WhoeverHasNoPrefixIsJudgedByOtherwise) {
  EXPECT_FALSE(allows(table({}, {}), "192.0.2.1"));
  EXPECT_TRUE(allows(table({}, {"192.0.2.0/24"}, true), "198.51.100.1"));
  EXPECT_FALSE(allows(table({}, {"192.0.2.0/24"}, true), "192.0.2.255"));
}

TEST(AccessTable, TheEndsOfTheAddresses) {
  const AccessTable list = table({"0.0.0.0/1", "::/1"}, {"255.255.255.255", "ffff::/16"});
  EXPECT_TRUE(allows(list, "0.0.0.0"));
  EXPECT_TRUE(allows(list, "127.255.255.255"));
  EXPECT_TRUE(allows(list, "128.0.0.0"));  // in ::/1, which holds all of IPv4 (RFC 4291 §2.5.5.2)
  EXPECT_FALSE(allows(list, "255.255.255.255"));
  EXPECT_TRUE(allows(list, "::"));
  EXPECT_FALSE(allows(list, "8000::"));
  EXPECT_FALSE(allows(list, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(AccessTable, AnAddressOfIPv4InIPv6IsTheSameOne) {
  const AccessTable list = table({"192.0.2.0/24"}, {"::ffff:192.0.2.7"});
  EXPECT_TRUE(allows(list, "::ffff:192.0.2.1"));
  EXPECT_FALSE(allows(list, "192.0.2.7"));
  EXPECT_FALSE(allows(list, "::192.0.2.1"));
}

RC_GTEST_PROP(AccessTable, SaysWhatALookAtEveryPrefixSays, ()) {
  const auto bits = rc::gen::inRange<int>(0, 33);
  AccessList list{.name = "t", .allow = {}, .deny = {}, .otherwise = *rc::gen::arbitrary<bool>()};
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
    Cidr prefix;
    const auto length = static_cast<std::uint8_t>(*bits);
    // Few values, so that prefixes meet.
    std::uint32_t address = 0x0a000000u | static_cast<std::uint32_t>(*rc::gen::inRange(0, 1 << 10));
    if (length < 32) address &= length == 0 ? 0 : ~0u << (32 - length);
    prefix.network = IpAddress::v4({static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
                                    static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)});
    prefix.bits = length;
    const auto stands = [&](const std::vector<Cidr>& in) { return std::ranges::find(in, prefix) != in.end(); };
    if (stands(list.allow) || stands(list.deny)) continue;
    (*rc::gen::arbitrary<bool>() ? list.allow : list.deny).push_back(prefix);
  }
  const AccessTable made(list);
  for (unsigned low = 0; low < 1 << 10; ++low) {
    const IpAddress address =
        IpAddress::v4({10, 0, static_cast<std::uint8_t>(low >> 8), static_cast<std::uint8_t>(low)});
    int longest = -1;
    bool allowed = list.otherwise;
    for (const auto& [prefixes, verdict] : {std::pair{&list.allow, true}, {&list.deny, false}}) {
      for (const Cidr& prefix : *prefixes) {
        if (!prefix.contains(address) || prefix.bits <= longest) continue;
        longest = prefix.bits;
        allowed = verdict;
      }
    }
    RC_ASSERT(made.allows(address) == allowed);
  }
}

// 100 000 entries: two more comparisons than for each quarter of them, not four times as many.
TEST(AccessTable, ALongListCostsTheLogarithmOfItsLength) {
  const auto steps_of = [](std::uint32_t entries) {
    AccessList list{.name = "t", .allow = {}, .deny = {}};
    for (std::uint32_t i = 0; i < entries; ++i) {
      const std::uint32_t address = i * 512;
      list.allow.push_back(
          {IpAddress::v4({static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
                          static_cast<std::uint8_t>(address >> 8), 0}),
           24});
    }
    const AccessTable made(list);
    std::size_t most = 0;
    for (const char* address : {"0.0.0.1", "0.0.2.0", "1.2.3.4", "2.200.1.1", "255.0.0.1", "2001:db8::1"}) {
      most = std::max(most, made.look_up(*IpAddress::parse(address)).steps);
    }
    return most;
  };
  EXPECT_LE(steps_of(100'000), 19u);
  EXPECT_LE(steps_of(100'000), steps_of(25'000) + 3);
}

}  // namespace
}  // namespace intermediary
