#include "event/event.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace intermediary {
namespace {

Arrival from(std::string_view endpoint, Transport transport = Transport::Udp, FlowId flow = {}) {
  return {transport, *Endpoint::parse(endpoint), ListenerId{1}, flow};
}

TEST(TrunkRegistrationLine, SaysWhenItEndsOrIsTriedAgain) {
  using Change = TrunkRegistrationChanged::Change;
  TrunkRegistrationChanged event{"acme", "sip:a@x", Change::Registered, "udp:192.0.2.30:5060", std::chrono::seconds(60),
                                 200};
  EXPECT_EQ(to_line(event),
            "trunk-registration change=registered trunk=acme aor=sip:a@x registrar=udp:192.0.2.30:5060 status=200 "
            "expires_s=60");
  event = {"acme", "sip:a@x", Change::Failed, {}, std::chrono::seconds(30), 0, "no answer"};
  EXPECT_EQ(to_line(event), "trunk-registration change=failed trunk=acme aor=sip:a@x again_s=30 reason=\"no answer\"");
  event = {"acme", "sip:a@x", Change::Removed};
  EXPECT_EQ(to_line(event), "trunk-registration change=removed trunk=acme aor=sip:a@x");
}

TEST(LogValueTest, LeavesPlainTextAlone) {
  EXPECT_EQ(log_value("sip:bob@example.com;lr"), "sip:bob@example.com;lr");
  EXPECT_EQ(log_value("a=b"), "a=b");
}

TEST(LogValueTest, QuotesSpacesAndNothing) {
  EXPECT_EQ(log_value(""), "\"\"");
  EXPECT_EQ(log_value("no rule took it"), "\"no rule took it\"");
}

TEST(LogValueTest, EscapesWhatCouldEndAValueOrALine) {
  EXPECT_EQ(log_value("x\r\nrequest-refused"), "x\\x0d\\x0arequest-refused");
  EXPECT_EQ(log_value("\" rule=fake x=\""), "\"\\\" rule=fake x=\\\"\"");
  EXPECT_EQ(log_value("\\"), "\\\\");
  EXPECT_EQ(log_value(std::string_view("\0\x1b[2J\x7f", 6)), "\\x00\\x1b[2J\\x7f");
  EXPECT_EQ(log_value("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // U+2028, a line separator
}

RC_GTEST_PROP(LogValueProperty, IsOneFieldOfOneLine, (const std::string& text)) {
  const std::string value = log_value(text);
  RC_ASSERT(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  const bool quoted = value.front() == '"';
  RC_ASSERT(quoted == (text.empty() || text.find(' ') != std::string::npos));
  const std::string inside = quoted ? value.substr(1, value.size() - 2) : value;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    RC_ASSERT(inside[i] != '"');
    if (inside[i] == '\\') ++i;
  }
}

TEST(EventTest, ARefusalNamesSourceRuleAndCause) {
  const Event event = RequestRefused{
      from("192.0.2.7:5062"), "c1@host", "INVITE", "sip:bob@example.com", 403, "strangers", "the sender is not known"};
  EXPECT_EQ(event_name(event), "request-refused");
  EXPECT_EQ(to_line(event),
            "request-refused source=192.0.2.7:5062 transport=UDP rule=strangers status=403 method=INVITE "
            "uri=sip:bob@example.com call-id=c1@host reason=\"the sender is not known\"");
}

TEST(EventTest, ARejectedMessageNamesItsError) {
  ParseError error;
  error.line = 4;
  error.detail = "Content-Length is not a number: 'abc'";
  const Event event = MessageRejected{from("[2001:db8::1]:5060", Transport::Tcp, FlowId{17}), error, 400};
  EXPECT_EQ(to_line(event), "message-rejected source=[2001:db8::1]:5060 transport=TCP flow=17 status=400 error=" +
                                log_value(error.to_string()));
}

TEST(EventTest, AStrayNamesWhatItWas) {
  EXPECT_EQ(to_line(StrayDropped{from("192.0.2.7:5060"), "c1", "response 200 INVITE", "no branch of ours"}),
            "stray-dropped source=192.0.2.7:5060 transport=UDP what=\"response 200 INVITE\" call-id=c1 "
            "reason=\"no branch of ours\"");
}

TEST(EventTest, AFailedSendNamesTheHop) {
  const Hop hop{Transport::Tcp, *Endpoint::parse("192.0.2.9:5060"), {}, FlowId{engine_flow_bit | 3}};
  EXPECT_EQ(to_line(SendFailed{hop, "", "connection refused"}),
            "send-failed to=192.0.2.9:5060 transport=TCP flow=engine-3 reason=\"connection refused\"");
  EXPECT_EQ(to_line(SendFailed{{Transport::Udp, *Endpoint::parse("192.0.2.9:5060"), {}, {}}, "c1", "unreachable"}),
            "send-failed to=192.0.2.9:5060 transport=UDP call-id=c1 reason=unreachable");
}

TEST(EventTest, ACompletedRequestNamesItsAnswerAndItsTime) {
  EXPECT_EQ(to_line(RequestCompleted{"c1", "INVITE", "sip:b@x", "to-users", 486, std::chrono::milliseconds(20)}),
            "request-completed status=486 method=INVITE uri=sip:b@x rule=to-users call-id=c1 took_us=20000");
}

TEST(EventTest, ABindingNamesItsChange) {
  const auto line = [](BindingChanged::Change change) {
    return to_line(BindingChanged{"sip:bob@example.com", "sip:bob@192.0.2.4", change});
  };
  EXPECT_EQ(line(BindingChanged::Change::Added),
            "binding-changed change=added aor=sip:bob@example.com contact=sip:bob@192.0.2.4");
  EXPECT_EQ(line(BindingChanged::Change::Refreshed),
            "binding-changed change=refreshed aor=sip:bob@example.com contact=sip:bob@192.0.2.4");
  EXPECT_EQ(line(BindingChanged::Change::Removed),
            "binding-changed change=removed aor=sip:bob@example.com contact=sip:bob@192.0.2.4");
  EXPECT_EQ(line(BindingChanged::Change::Expired),
            "binding-changed change=expired aor=sip:bob@example.com contact=sip:bob@192.0.2.4");
}

TEST(EventTest, TroubleWithNamesSaysWhichAndWhatIsBelieved) {
  EXPECT_EQ(to_line(DnsFailed{"_sip._udp.example.com", "SRV", true, "no server answered"}),
            "dns-failed name=_sip._udp.example.com type=SRV stale=yes reason=\"no server answered\"");
  EXPECT_EQ(to_line(DnsFailed{"example.com", "A", false, ""}), "dns-failed name=example.com type=A stale=no");
  EXPECT_EQ(to_line(SipsVanished{"example.com"}), "sips-vanished domain=example.com");
}

TEST(EventTest, AFlowNamesItsPeerAndWhyItEnded) {
  const auto line = [](FlowChanged::Change change, std::string reason) {
    return to_line(FlowChanged{FlowId{5}, Transport::Tcp, *Endpoint::parse("192.0.2.4:40000"), change, reason});
  };
  EXPECT_EQ(line(FlowChanged::Change::Opened, ""),
            "flow-changed change=opened flow=5 peer=192.0.2.4:40000 transport=TCP");
  EXPECT_EQ(line(FlowChanged::Change::Closed, "reset by peer"),
            "flow-changed change=closed flow=5 peer=192.0.2.4:40000 transport=TCP reason=\"reset by peer\"");
  EXPECT_EQ(line(FlowChanged::Change::Failed, "timeout"),
            "flow-changed change=failed flow=5 peer=192.0.2.4:40000 transport=TCP reason=timeout");
}

TEST(EventTest, ADialogSaysWhoEndedItAndHowLongItWas) {
  const DialogIdentity dialog{"c1", "a1", "b1", "sip:alice@example.com", "sip:bob@example.com", "to-users"};
  const std::string identity =
      "caller=sip:alice@example.com callee=sip:bob@example.com rule=to-users call-id=c1 caller-tag=a1 callee-tag=b1";
  using std::chrono::seconds;
  EXPECT_EQ(to_line(DialogConfirmed{dialog, seconds(3)}), "dialog-confirmed " + identity + " rang_us=3000000");
  EXPECT_EQ(to_line(DialogEnded{dialog, {DialogEnding::Cause::Bye, DialogSide::Callee, 200}, seconds(5), seconds(2)}),
            "dialog-ended cause=bye by=callee status=200 " + identity + " lasted_us=5000000 talked_us=2000000");
  EXPECT_EQ(to_line(DialogEnded{dialog, {DialogEnding::Cause::SessionExpired, {}, 0}, seconds(5), seconds(2)}),
            "dialog-ended cause=session-expired by=nobody " + identity + " lasted_us=5000000 talked_us=2000000");
}

TEST(EventTest, ADialogBeforeItsFirstAnswerHasNoCalleeTag) {
  EXPECT_EQ(to_line(DialogStarted{{"c\n1", "a1", "", "sip:a@h", "sip:b@h", ""}}),
            "dialog-started caller=sip:a@h callee=sip:b@h call-id=c\\x0a1 caller-tag=a1");
}

TEST(EventTest, SignedCallsSayWhoCalls) {
  using Verdict = IdentityVerified::Verdict;
  EXPECT_EQ(to_line(IdentityVerified{"c", "in", Verdict::Passed, 0, "12155551212", "A", "id", ""}),
            "identity-verified verdict=passed caller=12155551212 attest=A origid=id rule=in call-id=c");
  EXPECT_EQ(
      to_line(IdentityVerified{"c", "in", Verdict::Absent, 428, "sip:a@x", "", "", "it has no Identity"}),
      "identity-verified verdict=absent caller=sip:a@x rule=in call-id=c status=428 reason=\"it has no Identity\"");
  EXPECT_EQ(to_line(IdentitySigned{"c", "out", "acme", "12155551212", "", "", ""}),
            "identity-signed signed=yes signer=acme caller=12155551212 rule=out call-id=c");
  EXPECT_EQ(to_line(IdentitySigned{"c", "out", "acme", "1", "B", "", "why not"}),
            "identity-signed signed=no signer=acme caller=1 attest=B rule=out call-id=c reason=\"why not\"");
  EXPECT_EQ(to_line(CertificateFetched{"https://a", ""}), "certificate-fetched fetched=yes url=https://a");
  EXPECT_EQ(to_line(CertificateFetched{"https://a", "404"}), "certificate-fetched fetched=no url=https://a reason=404");
}

}  // namespace
}  // namespace intermediary
