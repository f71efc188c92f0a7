#include "policy/party_list.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

PartyList list_of(const std::vector<std::string>& entries) {
  PartyList list;
  list.name = "l";
  for (const std::string& entry : entries) list.entries.push_back(PartyList::canonical(entry).value());
  list.arrange();
  return list;
}

TEST(PartyList, AUserAtADomain) {
  const PartyList list = list_of({"alice@example.com"});
  EXPECT_TRUE(list.holds("alice", "example.com"));
  EXPECT_TRUE(list.holds("alice", "EXAMPLE.com"));
  EXPECT_TRUE(list.holds("%61lice", "example.com"));  // RFC 3261 §19.1.4
  EXPECT_FALSE(list.holds("Alice", "example.com"));
  EXPECT_FALSE(list.holds("alice", "example.net"));
  EXPECT_FALSE(list.holds("alice", "sub.example.com"));
  EXPECT_FALSE(list.holds("", "example.com"));
  EXPECT_FALSE(list.holds("alice", ""));
}

TEST(PartyList, EverybodyOfADomain) {
  const PartyList list = list_of({"@Example.COM", "@[2001:DB8::1]", "@192.0.2.1"});
  EXPECT_TRUE(list.holds("bob", "example.com"));
  EXPECT_TRUE(list.holds("", "example.com"));
  EXPECT_TRUE(list.holds("x", "2001:db8:0::1"));
  EXPECT_TRUE(list.holds("x", "192.0.2.1"));
  EXPECT_FALSE(list.holds("bob", "www.example.com"));
  EXPECT_FALSE(list.holds("@example.com", "example.net"));
}

TEST(PartyList, AUserWhereverHeIs) {
  const PartyList list = list_of({"+31201234567", "b%20b"});
  EXPECT_TRUE(list.holds("+31201234567", "example.com"));
  EXPECT_TRUE(list.holds("+31201234567", ""));
  EXPECT_TRUE(list.holds("b b", ""));
  EXPECT_FALSE(list.holds("+312012345678", ""));
}

TEST(PartyList, SchemesSayNothing) {
  const PartyList list = list_of({"sip:alice@example.com", "SIPS:bob@example.com", "tel:+1"});
  EXPECT_TRUE(list.holds("alice", "example.com"));
  EXPECT_TRUE(list.holds("bob", "example.com"));
  EXPECT_TRUE(list.holds("+1", ""));
}

TEST(PartyList, WhatStandsTwiceIsThereOnce) { EXPECT_EQ(list_of({"a@B", "a@b", "%61@b"}).entries.size(), 1u); }

TEST(PartyList, RefusesWhatIsNoEntry) {
  for (const char* entry : {"", "a b", "a@", "@", "alice@example.com:5070", "alice@example.com;user=phone",
                            "sip:", "<sip:alice@example.com>", "alice@exa_mple com"}) {
    EXPECT_FALSE(PartyList::canonical(entry)) << entry;
  }
}

}  // namespace
}  // namespace intermediary
