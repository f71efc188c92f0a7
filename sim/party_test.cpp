#include "sim/party.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr HostId proxy{1};

Condition header(std::string name, std::string text) {
  return {Condition::Kind::Header, std::move(name), std::move(text), 0, {}};
}
Condition exactly(std::string name, std::string text) {
  return {Condition::Kind::Exact, std::move(name), std::move(text), 0, {}};
}

class PartyTest : public testing::Test {
 protected:
  static Party make(const std::string& name, const std::string& address) {
    return Party({name, "", {Transport::Udp, Endpoint::parse(address).value()}});
  }
  WireMessage says(Party& party, Start start, Conditions conditions = {}) {
    auto message = party.write({std::move(start), std::move(conditions), proxy}, bindings_);
    if (!message) {
      ADD_FAILURE() << message.error();
      return {};
    }
    party.say(proxy, message->to_bytes());
    return *message;
  }
  static Start request(std::string method, std::optional<std::string> uri = {}) {
    return {Start::Kind::Request, std::move(method), std::move(uri), 0, ""};
  }
  static Start response(int status, std::string method = "") {
    return {Start::Kind::Response, std::move(method), {}, status, ""};
  }
  static void carry(const WireMessage& message, Party& to) { to.hear({proxy, {}, {}, message.to_bytes(), message}); }

  Party alice_ = make("alice", "192.0.2.10:5060");
  Party bob_ = make("bob", "192.0.2.20:5060");
  Bindings bindings_;
};

TEST_F(PartyTest, RequestOutsideADialogIsWhole) {
  WireMessage invite = says(alice_, request("INVITE", "sip:bob@example.com"));
  EXPECT_EQ(invite.start_line, "INVITE sip:bob@example.com SIP/2.0");
  EXPECT_THAT(invite.value("Via"), HasSubstr("SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK"));
  EXPECT_EQ(invite.value("Max-Forwards"), "70");
  EXPECT_EQ(invite.value("To"), "<sip:bob@example.com>");
  EXPECT_THAT(invite.from_tag(), testing::Not(IsEmpty()));
  EXPECT_EQ(invite.value("CSeq"), "1 INVITE");
  EXPECT_EQ(invite.value("Contact"), "<sip:alice@192.0.2.10:5060>");
  EXPECT_THAT(invite.body, HasSubstr("m=audio"));
}

TEST_F(PartyTest, TwoCallsShareNothing) {
  WireMessage one = says(alice_, request("INVITE", "sip:bob@example.com"));
  WireMessage two = says(alice_, request("INVITE", "sip:bob@example.com"));
  EXPECT_NE(one.call_id(), two.call_id());
  EXPECT_NE(one.branch(), two.branch());
  EXPECT_NE(one.from_tag(), two.from_tag());
}

TEST_F(PartyTest, ResponseCopiesWhatItMustAndKeepsItsTag) {
  WireMessage invite = says(alice_, request("INVITE", "sip:bob@example.com"));
  invite.set_values("Via", {"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp", invite.value("Via")});
  invite.add("Record-Route", "<sip:192.0.2.1;lr>");
  carry(invite, bob_);
  WireMessage ringing = says(bob_, response(180), {header("To", "*;tag=one")});
  WireMessage ok = says(bob_, response(200));
  EXPECT_EQ(ok.start_line, "SIP/2.0 200 OK");
  EXPECT_EQ(ok.values("Via"), invite.values("Via"));
  EXPECT_EQ(ok.values("Record-Route"), invite.values("Record-Route"));
  EXPECT_EQ(ringing.to_tag(), "one");
  EXPECT_EQ(ok.to_tag(), "one");
  EXPECT_EQ(ok.value("CSeq"), invite.value("CSeq"));
}

TEST_F(PartyTest, TryingHasNoTag) {
  carry(says(alice_, request("INVITE", "sip:bob@example.com")), bob_);
  EXPECT_EQ(says(bob_, response(100)).to_tag(), "");
}

TEST_F(PartyTest, DialogTakesRouteSetAndTargetFromBothEnds) {
  WireMessage invite = says(alice_, request("INVITE", "sip:bob@example.com"));
  WireMessage passed = invite;
  passed.add("Record-Route", "<sip:p2;lr>");
  passed.add("Record-Route", "<sip:p1;lr>");
  carry(passed, bob_);
  carry(says(bob_, response(200)), alice_);

  WireMessage ack = says(alice_, request("ACK"));
  EXPECT_EQ(ack.uri(), "sip:bob@192.0.2.20:5060");
  EXPECT_THAT(ack.values("Route"), ElementsAre("<sip:p1;lr>", "<sip:p2;lr>"));
  EXPECT_EQ(ack.value("CSeq"), "1 ACK");
  EXPECT_NE(ack.branch(), invite.branch());

  WireMessage bye = says(bob_, request("BYE"));
  EXPECT_EQ(bye.uri(), "sip:alice@192.0.2.10:5060");
  EXPECT_THAT(bye.values("Route"), ElementsAre("<sip:p2;lr>", "<sip:p1;lr>"));
  EXPECT_EQ(bye.to_tag(), invite.from_tag());
}

TEST_F(PartyTest, StrictRouterGetsTheRequestUri) {
  WireMessage passed = says(alice_, request("INVITE", "sip:bob@example.com"));
  passed.add("Record-Route", "<sip:p1>");
  carry(passed, bob_);
  carry(says(bob_, response(200)), alice_);
  WireMessage bye = says(alice_, request("BYE"));
  EXPECT_EQ(bye.uri(), "sip:p1");
  EXPECT_THAT(bye.values("Route"), ElementsAre("<sip:bob@192.0.2.20:5060>"));
}

TEST_F(PartyTest, AckOfARefusalAndCancelStandForTheInvite) {
  WireMessage invite = says(alice_, request("INVITE", "sip:bob@example.com"), {header("Route", "<sip:p1;lr>")});
  carry(invite, bob_);
  WireMessage cancel = says(alice_, request("CANCEL"));
  EXPECT_EQ(cancel.branch(), invite.branch());
  EXPECT_EQ(cancel.value("CSeq"), "1 CANCEL");
  EXPECT_EQ(cancel.values("Route"), invite.values("Route"));
  WireMessage refusal = says(bob_, response(487));
  carry(refusal, alice_);
  WireMessage ack = says(alice_, request("ACK"));
  EXPECT_EQ(ack.uri(), "sip:bob@example.com");
  EXPECT_EQ(ack.branch(), invite.branch());
  EXPECT_EQ(ack.to_tag(), refusal.to_tag());
}

TEST_F(PartyTest, ConditionsChooseAmongSeveralDialogs) {
  carry(says(alice_, request("INVITE", "sip:bob@example.com")), bob_);
  WireMessage one = says(bob_, response(200), {header("To", "*;tag=one")});
  WireMessage two = one;
  two.set("To", with_parameter(one.value("To"), "tag", "two"));
  two.set("Contact", "<sip:two@192.0.2.22>");
  carry(two, alice_);
  carry(one, alice_);
  EXPECT_EQ(says(alice_, request("ACK"), {header("To", "*;tag=two")}).uri(), "sip:two@192.0.2.22");
  EXPECT_EQ(says(alice_, request("BYE"), {header("To", "*;tag=one")}).uri(), "sip:bob@192.0.2.20:5060");
}

TEST_F(PartyTest, AWholeValueChoosesAsWellAsItsParts) {
  WireMessage first = says(alice_, request("INVITE", "sip:bob@example.com"), {exactly("Call-ID", "$first")});
  WireMessage second = says(alice_, request("INVITE", "sip:bob@example.com"), {exactly("Call-ID", "$second")});
  carry(first, bob_);
  carry(second, bob_);
  EXPECT_EQ(says(bob_, response(180), {header("Call-ID", "$first")}).branch(), first.branch());
  EXPECT_EQ(says(bob_, response(180), {exactly("Call-ID", "$first")}).branch(), first.branch());
  EXPECT_EQ(says(bob_, response(180), {exactly("Call-ID", "$second")}).branch(), second.branch());
  WireMessage ok = says(bob_, response(200), {exactly("From", first.value("From"))});
  EXPECT_EQ(ok.branch(), first.branch());
}

TEST_F(PartyTest, PartsOfAValueAreNotTheWhole) {
  WireMessage first = says(alice_, request("INVITE", "sip:bob@example.com"), {header("From", "*;tag=one;more=yes")});
  WireMessage second = says(alice_, request("INVITE", "sip:bob@example.com"));
  carry(first, bob_);
  carry(second, bob_);
  const std::string fewer_parts = "<sip:alice@192.0.2.10>;tag=one";
  EXPECT_EQ(says(bob_, response(180), {header("From", fewer_parts)}).branch(), first.branch());
  EXPECT_EQ(says(bob_, response(180), {exactly("From", fewer_parts)}).branch(), second.branch());
}

TEST_F(PartyTest, RegistrationsShareACallIdAndCountUp) {
  WireMessage first = says(alice_, request("REGISTER", "sip:example.com"));
  WireMessage second = says(alice_, request("REGISTER", "sip:example.com"), {header("Contact", "\\*")});
  EXPECT_EQ(first.value("To"), "<sip:alice@example.com>");
  EXPECT_EQ(first.call_id(), second.call_id());
  EXPECT_EQ(second.value("CSeq"), "2 REGISTER");
  EXPECT_EQ(second.value("Contact"), "*");
}

TEST_F(PartyTest, LinesOverrideLeaveOutAndBind) {
  WireMessage invite = says(alice_, request("INVITE", "sip:bob@example.com"),
                            {header("Max-Forwards", "0"),
                             {Condition::Kind::Absent, "Contact", "", 0, {}},
                             {Condition::Kind::NoBody, "", "", 0, {}},
                             header("Via", "*;branch=$b"),
                             header("Require", "nothing")});
  EXPECT_EQ(invite.value("Max-Forwards"), "0");
  EXPECT_FALSE(invite.has("Contact"));
  EXPECT_FALSE(invite.has("Content-Type"));
  EXPECT_EQ(invite.body, "");
  EXPECT_EQ(bindings_.at("b"), invite.branch());
  EXPECT_EQ(invite.value("Require"), "nothing");
}

TEST_F(PartyTest, LeavesOutEvenTheLength) {
  const WireMessage options = says(alice_, request("OPTIONS", "sip:bob@example.com"));
  EXPECT_THAT(options.to_bytes(), testing::HasSubstr("\r\nContent-Length: 0\r\n"));
  const WireMessage without =
      says(alice_, request("OPTIONS", "sip:bob@example.com"), {{Condition::Kind::Absent, "l", "", 0, {}}});
  EXPECT_THAT(without.to_bytes(), testing::Not(testing::HasSubstr("Content-Length")));
}

TEST_F(PartyTest, SaysWhatItCannotDo) {
  Bindings none;
  auto error = [&](Start start) { return bob_.write({std::move(start), {}, proxy}, none).error(); };
  EXPECT_EQ(error(response(200, "BYE")), "bob has received no BYE that it could answer");
  EXPECT_EQ(error(request("ACK")), "bob has received no final response to an INVITE");
  EXPECT_EQ(error(request("CANCEL")), "bob has sent no INVITE that it could cancel");
  EXPECT_EQ(error(request("BYE")), "bob has no dialog for BYE; outside one, write a Request-URI");
}

}  // namespace
}  // namespace intermediary::sim
