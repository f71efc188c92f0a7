#include "proxy/branch_id.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

const HashKey key{11, 12};

MessagePtr request(const std::string& method, const std::string& uri, const std::string& fields = "") {
  auto message = Message::parse(method + " " + uri +
                                    " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: "
                                    "<sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>\r\nCall-ID: c\r\nCSeq: 1 " +
                                    method + "\r\n" + fields + "Content-Length: 0\r\n\r\n",
                                Framing::Datagram, Limits{});
  return message ? *message : nullptr;
}

// RFC 5393 §4.2.1.
TEST(LoopHash, DependsOnWhatDecidesTheWayAndNotOnTheMethod) {
  const HexText hash = loop_hash(key, *request("INVITE", "sip:b@example.com"), "");
  EXPECT_EQ(loop_hash(key, *request("CANCEL", "sip:b@example.com"), ""), hash);
  EXPECT_NE(loop_hash(key, *request("INVITE", "sip:c@example.com"), ""), hash);
  EXPECT_NE(loop_hash(key, *request("INVITE", "sip:b@example.com", "Route: <sip:192.0.2.9;lr>\r\n"), ""), hash);
  EXPECT_NE(loop_hash(key, *request("INVITE", "sip:b@example.com"), "192.0.2.7"), hash);
  EXPECT_NE(loop_hash(HashKey{1, 1}, *request("INVITE", "sip:b@example.com"), ""), hash);
}

TEST(StatefulBranch, CarriesTheCookieARandomPartAndTheLoopHash) {
  RandomSource random(seed_from_number(1));
  const std::string hash = to_hex(0x1234);
  const std::string one = stateful_branch(random, hash);
  const std::string two = stateful_branch(random, hash);
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.starts_with("z9hG4bK"));
  EXPECT_EQ(loop_part(one), hash);
  EXPECT_EQ(loop_part("z9hG4bKsomebodyelses.branch"), "");
  EXPECT_EQ(loop_part(""), "");
}

// RFC 3261 §16.11: the same for a repetition, an INVITE, its CANCEL and its ACK; another for another transaction.
TEST(StatelessBranch, IsAFunctionOfWhatTheTransactionHasInCommon) {
  const StatelessKey fields{"z9hG4bK1", "192.0.2.1", std::nullopt, "c", "a", 1};
  const std::string branch = stateless_branch(key, fields);
  EXPECT_EQ(stateless_branch(key, fields), branch);
  EXPECT_TRUE(is_stateless_branch(branch));
  StatelessKey other = fields;
  other.via_branch = "z9hG4bK2";
  EXPECT_NE(stateless_branch(key, other), branch);
  other = fields;
  other.cseq = 2;
  EXPECT_NE(stateless_branch(key, other), branch);
  other = fields;
  other.via_host = "192.0.2.2";
  EXPECT_NE(stateless_branch(key, other), branch);
}

TEST(DialogMark, BelongsToOneDialog) {
  EXPECT_NE(dialog_mark(key, "c", "a"), dialog_mark(key, "c", "b"));
  EXPECT_NE(dialog_mark(key, "c", "a"), dialog_mark(key, "d", "a"));
}

}  // namespace
}  // namespace intermediary
