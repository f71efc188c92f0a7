// RFC 5626 §6, RFC 5627 §5 and RFC 3608 §6.3 at the registrar.
#include "ua/outbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "location/gruu.h"
#include "ua/test_registrar.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string flow_lines = "Supported: path, outbound\r\n";

std::string contact_of(std::string_view instance, std::string_view reg_id, std::string_view uri = "sip:bob@10.0.0.1") {
  std::string line = "Contact: <" + std::string(uri) + ">;+sip.instance=\"<" + std::string(instance) + ">\"";
  if (!reg_id.empty()) line += ";reg-id=" + std::string(reg_id);
  return line + "\r\n";
}

class OutboundTest : public RegistrarTest {
 protected:
  // A REGISTER that came through a proxy.
  UaAnswer send_over_a_proxy(std::string_view lines) {
    return send("Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKua0\r\n" + std::string(lines));
  }
  const Binding& only_binding() {
    const auto bindings = location.bindings("sip:bob@example.com");
    EXPECT_EQ(bindings.size(), 1u);
    return bindings[0];
  }
  // What stands in the quotes of that parameter of the first contact.
  static std::string parameter_of(const UaAnswer& answer, std::string_view name) {
    const std::string contact = listed(answer).at(0);
    const std::size_t begin = contact.find(";" + std::string(name) + "=\"");
    if (begin == std::string::npos) return {};
    const std::size_t value = begin + name.size() + 3;
    return contact.substr(value, contact.find('"', value) - value);
  }
};

TEST_F(OutboundTest, BindsAFlowByItsInstanceAndNumber) {
  const UaAnswer answer = send(flow_lines + contact_of("urn:uuid:1", "1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(field_values(answer, "Require"), ElementsAre("outbound"));
  EXPECT_EQ(only_binding().reg_id, 1u);
  EXPECT_EQ(only_binding().instance(), "urn:uuid:1");
}

TEST_F(OutboundTest, TheSameFlowFromElsewhereTakesItsPlace) {
  send(flow_lines + contact_of("urn:uuid:1", "1"));
  arrival.remote = *Endpoint::parse("192.0.2.5:40000");
  send_as("c2", 1, flow_lines + contact_of("URN:UUID:1", "1", "sip:bob@10.0.0.2"));
  EXPECT_EQ(only_binding().contact, "sip:bob@10.0.0.2");
  EXPECT_EQ(only_binding().arrival.remote, arrival.remote);
}

TEST_F(OutboundTest, OtherNumbersInstancesAndPlainContactsAreOtherBindings) {
  send_as("c1", 1, flow_lines + contact_of("urn:uuid:1", "1"));
  send_as("c2", 1, flow_lines + contact_of("urn:uuid:1", "2"));
  send_as("c3", 1, flow_lines + contact_of("urn:uuid:2", "1"));
  send_as("c4", 1, "Contact: <sip:bob@10.0.0.1>\r\n");
  EXPECT_THAT(bound(), testing::SizeIs(4));
  send_as("c4", 2, "Contact: <sip:bob@10.0.0.1>;expires=0\r\n");
  EXPECT_THAT(bound(), testing::SizeIs(3)) << "a plain removal takes no flow away";
  send_as("c5", 1, "Contact: *\r\nExpires: 0\r\n");
  EXPECT_THAT(bound(), IsEmpty());
}

TEST_F(OutboundTest, AFlowIsRemovedByItsInstanceAndNumber) {
  send(flow_lines + contact_of("urn:uuid:1", "1"));
  const UaAnswer answer = send("Expires: 0\r\n" + flow_lines + contact_of("urn:uuid:1", "1", "sip:bob@10.9.9.9"));
  EXPECT_THAT(bound(), IsEmpty());
  EXPECT_THAT(field_values(answer, "Require"), ElementsAre("outbound"));
}

TEST_F(OutboundTest, WithoutRegIdOrSupportTheAnswerRequiresNothing) {
  EXPECT_THAT(field_values(send(flow_lines + contact_of("urn:uuid:1", "")), "Require"), IsEmpty());
  EXPECT_THAT(field_values(send("Supported: path\r\n" + contact_of("urn:uuid:1", "1")), "Require"), IsEmpty());
}

TEST_F(OutboundTest, ARegIdWithoutInstanceIsIgnored) {
  const UaAnswer answer = send(flow_lines + "Contact: <sip:bob@10.0.0.1>;reg-id=0\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(only_binding().reg_id, 0u);
  EXPECT_THAT(field_values(answer, "Require"), IsEmpty());
}

TEST_F(OutboundTest, ARegIdIsANumberFrom1To2147483647) {
  for (const std::string_view wrong : {"0", "2147483648", "-1", "one", "99999999999"}) {
    EXPECT_EQ(send(flow_lines + contact_of("urn:uuid:1", wrong)).status, 400) << wrong;
  }
  EXPECT_THAT(bound(), IsEmpty());
  EXPECT_EQ(send(flow_lines + contact_of("urn:uuid:1", "2147483647")).status, 200);
}

TEST_F(OutboundTest, BehindAFirstHopThatKnowsItNotItIs439) {
  const std::string lines = flow_lines + contact_of("urn:uuid:1", "1");
  EXPECT_EQ(send_over_a_proxy(lines).status, 439);
  EXPECT_EQ(send_over_a_proxy("Path: <sip:edge.example.com;lr>\r\n" + lines).status, 439);
  EXPECT_EQ(send_over_a_proxy("Path: <sip:other.example.com;lr;ob>, <sip:edge.example.com;lr>\r\n" + lines).status, 439)
      << "the first hop stands last";
  EXPECT_THAT(bound(), IsEmpty());
  EXPECT_EQ(send_over_a_proxy("Path: <sip:inner.example.com;lr>, <sip:f@edge.example.com;lr;ob>\r\n" + lines).status,
            200);
  EXPECT_EQ(only_binding().reg_id, 1u);
}

TEST_F(OutboundTest, BehindSuchAFirstHopARegIdCountsForNothingWhereNobodyAsks) {
  const UaAnswer answer = send_over_a_proxy("Supported: path\r\n" + contact_of("urn:uuid:1", "1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(only_binding().reg_id, 0u);
  EXPECT_THAT(field_values(answer, "Require"), IsEmpty());
}

TEST_F(OutboundTest, AFlowStandsAlone) {
  const std::string two = contact_of("urn:uuid:1", "1") + "Contact: <sip:bob@10.0.0.9>";
  EXPECT_EQ(send(flow_lines + two + "\r\n").status, 400);
  EXPECT_EQ(send(flow_lines + two + ";expires=0\r\n").status, 200) << "with what is taken away";
}

TEST_F(OutboundTest, AFlowTimerIsForConnectionsToUs) {
  EXPECT_THAT(field_values(send(flow_lines + contact_of("urn:uuid:1", "1")), "Flow-Timer"), IsEmpty());
  arrival.transport = Transport::Tcp;
  arrival.flow = FlowId{7};
  EXPECT_THAT(field_values(send(flow_lines + contact_of("urn:uuid:1", "1")), "Flow-Timer"), ElementsAre("120"));
  EXPECT_TRUE(only_binding().ends_with_flow);
  EXPECT_THAT(field_values(send("Supported: path\r\n" + contact_of("urn:uuid:1", "1")), "Flow-Timer"), IsEmpty());
  EXPECT_THAT(field_values(send_over_a_proxy("Path: <sip:f@edge.example.com;lr;ob>\r\n" + flow_lines +
                                             contact_of("urn:uuid:1", "2")),
                           "Flow-Timer"),
              IsEmpty());
  settings.flow_timer = 0s;
  EXPECT_THAT(field_values(send(flow_lines + contact_of("urn:uuid:1", "1")), "Flow-Timer"), IsEmpty());
}

TEST_F(OutboundTest, RequireMayNameWhatWeKnow) {
  EXPECT_EQ(send("Require: outbound, gruu, path\r\n" + flow_lines + contact_of("urn:uuid:1", "1")).status, 200);
}

TEST_F(OutboundTest, ServiceRouteStandsInEveryAnswer) {
  settings.service_route = {"sip:in.example.com;lr", "sip:home.example.com;lr"};
  EXPECT_THAT(field_values(send(""), "Service-Route"),
              ElementsAre("<sip:in.example.com;lr>", "<sip:home.example.com;lr>"));
}

class GruuTest : public OutboundTest {
 protected:
  UaAnswer ask(std::string_view call_id, std::string_view instance = "urn:uuid:1", std::string_view lines = "") {
    return send_as(call_id, next_cseq++, "Supported: gruu\r\n" + std::string(lines) + contact_of(instance, ""));
  }
  // Whether the GRUU leads to a binding.
  bool leads_somewhere(const std::string& text) {
    const auto gruu = read_gruu(gruu_key, *Uri::parse(text));
    if (!gruu) return false;
    const auto bindings = location.bindings(gruu->address_of_record);
    return std::ranges::any_of(bindings, [&](const Binding& b) { return is_meant(gruu_key, *gruu, b); });
  }
};

TEST_F(GruuTest, BothAreGivenToWhoKnowsThem) {
  const UaAnswer answer = ask("c1");
  EXPECT_EQ(parameter_of(answer, "pub-gruu"), "sip:bob@example.com;gr=urn:uuid:1");
  const std::string temporary = parameter_of(answer, "temp-gruu");
  EXPECT_THAT(temporary,
              AllOf(testing::StartsWith("sip:tgruu."), testing::EndsWith("@example.com;gr"), Not(HasSubstr("bob"))));
  EXPECT_TRUE(leads_somewhere(temporary));
  EXPECT_TRUE(leads_somewhere("sip:bob@EXAMPLE.com;gr=URN:uuid:1"));
  EXPECT_FALSE(leads_somewhere("sip:bob@example.com;gr=urn:uuid:2"));
  EXPECT_THAT(field_values(answer, "Require"), IsEmpty());
  EXPECT_THAT(field_values(answer, "Supported"), IsEmpty());
}

TEST_F(GruuTest, NeitherIsGivenWithoutSupportOrInstance) {
  EXPECT_THAT(listed(send(contact_of("urn:uuid:1", ""))), ElementsAre(Not(HasSubstr("gruu"))));
  EXPECT_THAT(listed(send("Supported: gruu\r\nContact: <sip:a@h>\r\n")).at(0), Not(HasSubstr("gruu")));
}

TEST_F(GruuTest, WhatTheClientProposesIsIgnored) {
  const UaAnswer answer = send(
      "Supported: gruu\r\nContact: <sip:bob@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\""
      ";pub-gruu=\"sip:x@example.com;gr=1\";temp-gruu=\"sip:y@example.com;gr\"\r\n");
  EXPECT_THAT(listed(answer), ElementsAre(AllOf(Not(HasSubstr("sip:x@")), Not(HasSubstr("sip:y@")))));
}

TEST_F(GruuTest, EachRefreshGivesAnotherAndKeepsTheOld) {
  const std::string first = parameter_of(ask("c1"), "temp-gruu"), second = parameter_of(ask("c1"), "temp-gruu");
  EXPECT_NE(first, second);
  EXPECT_TRUE(leads_somewhere(first));
  EXPECT_TRUE(leads_somewhere(second));
}

TEST_F(GruuTest, AnotherCallIdVoidsTheOldOnes) {
  const std::string first = parameter_of(ask("c1"), "temp-gruu"), second = parameter_of(ask("c2"), "temp-gruu");
  EXPECT_FALSE(leads_somewhere(first));
  EXPECT_TRUE(leads_somewhere(second));
}

TEST_F(GruuTest, TheLastBindingTakesThemWithIt) {
  const std::string first = parameter_of(ask("c1"), "temp-gruu");
  ask("c1", "urn:uuid:1", "Expires: 0\r\n");
  EXPECT_FALSE(leads_somewhere(first));
  const std::string second = parameter_of(ask("c1"), "temp-gruu");
  EXPECT_FALSE(leads_somewhere(first)) << "nor does another registration bring them back";
  EXPECT_TRUE(leads_somewhere(second));
}

TEST_F(GruuTest, AnotherFlowOfTheInstanceKeepsThem) {
  const std::string lines = "Supported: path, outbound, gruu\r\n";
  const std::string first = parameter_of(send_as("c1", 1, lines + contact_of("urn:uuid:1", "1")), "temp-gruu");
  const UaAnswer other = send_as("c2", 1, lines + contact_of("urn:uuid:1", "2"));
  EXPECT_TRUE(leads_somewhere(first));
  const auto contacts = listed(other);
  const auto gruus_of = [](const std::string& contact) {
    const std::size_t begin = contact.find(";temp-gruu=");
    return contact.substr(begin);
  };
  EXPECT_EQ(gruus_of(contacts.at(0)), gruus_of(contacts.at(1))) << "the one made last for the instance";
  send_as("c1", 2, "Expires: 0\r\n" + lines + contact_of("urn:uuid:1", "1"));
  EXPECT_TRUE(leads_somewhere(first));
  send_as("c3", 1, lines + contact_of("urn:uuid:1", "2"));
  EXPECT_FALSE(leads_somewhere(first)) << "another Call-ID for the same reg-id";
}

TEST_F(GruuTest, NobodyMakesOneButWeAndNobodyMovesOne) {
  const std::string ours = parameter_of(ask("c1"), "temp-gruu");
  std::string changed = ours;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(leads_somewhere(changed));
  EXPECT_FALSE(leads_somewhere("sip:tgruu.@example.com;gr"));
  EXPECT_FALSE(leads_somewhere("sip:bob@example.com;gr"));
  std::string moved = ours;
  moved.replace(moved.find("example.com"), 11, "example.org");
  EXPECT_FALSE(leads_somewhere(moved));
  EXPECT_FALSE(read_gruu(HashKey{3, 4}, *Uri::parse(ours)));
}

TEST_F(GruuTest, AnInstanceIsEscapedWhereAParameterCannotHoldIt) {
  const UaAnswer answer = ask("c1", "urn:x:a=b;c?d@e,f");
  const std::string gruu = parameter_of(answer, "pub-gruu");
  EXPECT_EQ(gruu, "sip:bob@example.com;gr=urn:x:a%3Db%3Bc%3Fd%40e%2Cf");
  EXPECT_TRUE(leads_somewhere(gruu));
}

TEST_F(GruuTest, ALongAddressOfRecordHasNoTemporaryOne) {
  const std::string to = "<sip:" + std::string(200, 'b') + "@example.com>";
  const UaAnswer answer = send("Supported: gruu\r\n" + contact_of("urn:uuid:1", ""), to);
  EXPECT_THAT(listed(answer), ElementsAre(AllOf(HasSubstr("pub-gruu"), Not(HasSubstr("temp-gruu")))));
}

TEST_F(GruuTest, AContactThatWouldLeadBackIsRefused) {
  const auto status_of = [&](const std::string& uri) {
    return send("Supported: gruu\r\n" + contact_of("urn:uuid:1", "", uri)).status;
  };
  EXPECT_EQ(status_of("sip:bob@example.com"), 403);
  EXPECT_EQ(status_of("sip:bob@example.com;gr=urn:uuid:1"), 403);
  EXPECT_EQ(status_of("mailto:bob@example.com"), 403);
  EXPECT_EQ(status_of(parameter_of(ask("c1"), "temp-gruu")), 403);
  EXPECT_EQ(status_of("sip:carol@example.com"), 200);
}

}  // namespace
}  // namespace intermediary
