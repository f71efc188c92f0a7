// The engine as its user sees it: bytes in, bytes out. What it does on the wire in detail is proved by scenarios.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "message/multipart.h"
#include "policy/test_smime.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class EngineTest : public testing::Test {
 protected:
  EngineTest() : engine_(config(), seed_from_number(1)) {
    engine_.add_binding(at(seconds(0)), "sip:bob@example.com", "sip:bob@192.0.2.20", seconds(3600));
  }

  static Config config() {
    Config config;
    config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt},
                        {"tcp", Transport::Tcp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    config.domains = {"example.com"};
    config.rules = {
        {"registrations", {.methods = {"REGISTER"}, .ruri = {.domains = {"local"}}}, RegisterAction{}, std::nullopt},
        {"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
    return config;
  }

  static std::string request(const std::string& method, const std::string& uri, const std::string& fields = "") {
    return method + " " + uri + " SIP/2.0\r\n" + "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK" + method + "1\r\n" +
           "Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: <" + uri + ">\r\n" +
           "Call-ID: c1@192.0.2.10\r\nCSeq: 1 " + method + "\r\n" + fields + "Content-Length: 0\r\n\r\n";
  }

  // The bytes that left, in order; events are left out.
  std::vector<std::string> receive(Duration time, const std::string& bytes, const char* from = "192.0.2.10:5060") {
    return handle(time, DatagramReceived{ListenerId{1}, *Endpoint::parse(from), bytes});
  }
  std::vector<std::string> handle(Duration time, Input input) {
    engine_.handle(at(time), std::move(input));
    std::vector<std::string> sent;
    while (auto output = engine_.poll()) {
      if (auto* transmit = std::get_if<Transmit>(&*output)) {
        sent.push_back(transmit->hop.remote.to_string() + " " + transmit->bytes);
      }
    }
    return sent;
  }
  void run_until(Duration end) {
    while (engine_.next_deadline() && *engine_.next_deadline() <= at(end)) {
      handle(engine_.next_deadline()->time_since_epoch(), DeadlineReached{});
    }
  }

  Engine engine_;
};

TEST_F(EngineTest, AnswersOptionsToItself) {
  EXPECT_THAT(receive(seconds(1), request("OPTIONS", "sip:192.0.2.1")),
              ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 200 OK\r\n")));
  EXPECT_TRUE(engine_.live().idle());
}

TEST_F(EngineTest, ForwardsAnInviteToTheContactAndItsAnswerBack) {
  const auto out = receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  ASSERT_THAT(out, ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 100 Trying\r\n"),
                               StartsWith("192.0.2.20:5060 INVITE sip:bob@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP "
                                          "192.0.2.1:5060;branch=z9hG4bK")));
  EXPECT_THAT(out[1], HasSubstr("\r\nMax-Forwards: 69\r\n"));
  const std::size_t via = out[1].find("Via: ");
  const std::string ours = out[1].substr(via, out[1].find("\r\n", via) - via);
  const std::string answer = "SIP/2.0 200 OK\r\n" + ours +
                             "\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKINVITE1\r\n"
                             "From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>;tag=b1\r\n"
                             "Call-ID: c1@192.0.2.10\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@192.0.2.20>\r\n"
                             "Content-Length: 0\r\n\r\n";
  EXPECT_THAT(
      receive(milliseconds(1100), answer, "192.0.2.20:5060"),
      ElementsAre("192.0.2.10:5060 SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKINVITE1\r\n" +
                  answer.substr(answer.find("From:"))));
  run_until(milliseconds(33099));
  EXPECT_FALSE(engine_.live().idle());
  run_until(milliseconds(33100));  // Timers L and M
  EXPECT_TRUE(engine_.live().idle());
}

TEST(SignedAnswersTest, ARegistrationWithAPathIsAnsweredWithAProtectedCopyOfTheAnswer) {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.server_name = "ours";
  config.rules = {
      {"registrations", {.methods = {"REGISTER"}, .ruri = {.domains = {"local"}}}, RegisterAction{}, std::nullopt}};
  config.smime = test_smime::registrar_keys();
  ASSERT_EQ(problem_with(config), "");
  Engine engine(config, seed_from_number(1));
  engine.handle(at(seconds(0)), WallClock{WallTime(seconds(1'767'225'600))});
  engine.handle(at(seconds(1)),
                DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.10:5060"),
                                 "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\n"
                                 "From: <sip:bob@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n"
                                 "CSeq: 1 REGISTER\r\nContact: <sip:bob@192.0.2.10>\r\nSupported: path\r\n"
                                 "Path: <sip:192.0.2.9;lr>\r\nContent-Length: 0\r\n\r\n"});
  const auto output = engine.poll();
  ASSERT_TRUE(output && std::holds_alternative<Transmit>(*output));
  const auto answer = Message::parse(std::get<Transmit>(*output).bytes, Framing::Datagram, Limits{});
  ASSERT_TRUE(answer);
  const auto body = read_signed_body((*answer)->value(FieldName::ContentType), (*answer)->body());
  ASSERT_TRUE(body) << body.error();
  EXPECT_TRUE(test_smime::is_signed(body->content, body->signature, test_smime::authority()));
  // The same, but for the body.
  const std::string_view bytes = (*answer)->bytes();
  EXPECT_EQ(body->content_body,
            std::string(bytes.substr(0, bytes.find("Content-Type: "))) + "Content-Length: 0\r\n\r\n");
  EXPECT_THAT(std::string(body->content_body), HasSubstr("\r\nServer: ours\r\n"));

  config.smime->key = test_smime::elliptic_key;
  EXPECT_THAT(problem_with(config), HasSubstr("S/MIME of the registrar: the key cannot be used"));
}

// What holds up a server that is to stop: everything that waits, and nothing that only absorbs repetitions.
class EngineAtRestTest : public EngineTest {
 protected:
  // The lines of that field, each with its end.
  static std::string fields(const std::string& message, const std::string& name) {
    std::string found;
    for (std::size_t begin = message.find("\r\n" + name + ": "); begin != std::string::npos;) {
      const std::size_t end = message.find("\r\n", begin + 2);
      found += message.substr(begin + 2, end - begin);
      begin = message.find("\r\n" + name + ": ", end);
    }
    return found;
  }
  // What bob answers to the request as it reached him.
  static std::string answer_of_bob(const std::string& sent, const std::string& status) {
    return "SIP/2.0 " + status + "\r\n" + fields(sent, "Via") + fields(sent, "From") +
           "To: <sip:bob@example.com>;tag=b1\r\n" + fields(sent, "Call-ID") + fields(sent, "CSeq") +
           "Content-Length: 0\r\n\r\n";
  }
  std::vector<std::string> bob_answers(Duration time, const std::string& sent, const std::string& status) {
    return receive(time, answer_of_bob(sent, status), "192.0.2.20:5060");
  }
};

TEST_F(EngineAtRestTest, ACallIsWaitedForUntilItsAnswer) {
  const auto out = receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  EXPECT_EQ(engine_.live().waiting, 2u);
  bob_answers(seconds(2), out.at(1), "180 Ringing");
  EXPECT_FALSE(engine_.live().at_rest());
  bob_answers(seconds(3), out.at(1), "200 OK");
  EXPECT_TRUE(engine_.live().at_rest());
  EXPECT_FALSE(engine_.live().idle());  // Timers L and M
}

TEST_F(EngineAtRestTest, ARefusalIsWaitedForUntilItsAck) {
  const auto out = receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  bob_answers(seconds(2), out.at(1), "486 Busy Here");
  EXPECT_EQ(engine_.live().waiting, 1u);  // the 486 is being repeated
  std::string ack = request("ACK", "sip:bob@example.com");
  ack.replace(ack.find("z9hG4bKACK1"), 11, "z9hG4bKINVITE1");
  receive(seconds(3), ack);
  EXPECT_TRUE(engine_.live().at_rest());
  EXPECT_FALSE(engine_.live().idle());  // Timers D and I
}

TEST_F(EngineAtRestTest, AnyOtherRequestIsWaitedForUntilItsAnswer) {
  const auto out = receive(seconds(1), request("MESSAGE", "sip:bob@example.com"));
  EXPECT_EQ(engine_.live().waiting, 2u);
  bob_answers(seconds(2), out.at(0), "200 OK");
  EXPECT_TRUE(engine_.live().at_rest());
  EXPECT_FALSE(engine_.live().idle());  // Timers J and K
}

TEST_F(EngineAtRestTest, ACancelIsWaitedForUntilEverybodyHasHisAnswer) {
  const auto out = receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  bob_answers(seconds(2), out.at(1), "180 Ringing");
  std::string cancel = request("CANCEL", "sip:bob@example.com");
  cancel.replace(cancel.find("z9hG4bKCANCEL1"), 14, "z9hG4bKINVITE1");
  const auto cancelled = receive(seconds(3), cancel);
  ASSERT_THAT(cancelled, ElementsAre(HasSubstr("SIP/2.0 200"), HasSubstr("CANCEL sip:bob")));
  EXPECT_EQ(engine_.live().waiting, 3u);
  bob_answers(seconds(4), cancelled.at(1), "200 OK");
  EXPECT_EQ(engine_.live().waiting, 2u);
  bob_answers(seconds(4), out.at(1), "487 Request Terminated");
  EXPECT_EQ(engine_.live().waiting, 1u);  // our own 487 has no ACK yet
}

TEST_F(EngineAtRestTest, WhoeverNeverAnswersIsGivenUp) {
  receive(seconds(1), request("MESSAGE", "sip:bob@example.com"));
  run_until(seconds(33));  // Timer F; no 408 to a request that is no INVITE (RFC 4320 §4.2)
  EXPECT_TRUE(engine_.live().at_rest());
}

TEST_F(EngineAtRestTest, ANameThatIsAskedForIsWaitedFor) {
  Config by_name = config();
  by_name.rules.push_back({"out", {}, RelayAction{}, std::nullopt});
  engine_ = Engine(by_name, seed_from_number(1));
  receive(seconds(1), request("ACK", "sip:bob@elsewhere.example"));
  EXPECT_EQ(engine_.live().queries, 1u);
  EXPECT_FALSE(engine_.live().at_rest());
}

TEST_F(EngineTest, RefusesWhatNoRuleTakes) {
  EXPECT_THAT(receive(seconds(1), request("INVITE", "sip:bob@elsewhere.example")),
              ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 404 Not Found\r\n")));
  EXPECT_TRUE(engine_.live().idle());
}

TEST_F(EngineTest, AnswersAMalformedRequestAndGoesOn) {
  EXPECT_THAT(receive(seconds(1), request("OPTIONS", "sip:192.0.2.1", "Content-Length: x\r\n")),
              ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 400 ")));
  EXPECT_EQ(engine_.counters().rejected, 1u);
  EXPECT_THAT(receive(seconds(2), request("OPTIONS", "sip:192.0.2.1")), SizeIs(1));
}

// Who reads the next message elsewhere than we do could be made to see one that we never saw.
TEST_F(EngineTest, AnswersAndClosesAConnectionWhoseBoundaryIsLost) {
  const FlowId flow{1};
  handle(seconds(1), FlowOpened{flow, Transport::Tcp, ListenerId{2}, *Endpoint::parse("192.0.2.10:40000")});
  engine_.handle(at(seconds(1)), StreamReceived{flow, request("OPTIONS", "sip:example.com", "Subject: a\rb\r\n")});
  std::vector<std::string> seen;
  while (auto output = engine_.poll()) {
    if (auto* transmit = std::get_if<Transmit>(&*output)) seen.push_back(transmit->bytes.substr(0, 11));
    if (std::holds_alternative<CloseFlow>(*output)) seen.emplace_back("close");
  }
  EXPECT_THAT(seen, ElementsAre("SIP/2.0 400", "close"));
  EXPECT_EQ(engine_.live().flows, 0);
}

// RFC 3581 §4: from the address and port on which the request came.
TEST_F(EngineTest, AnswersFromWhereARequestCameIn) {
  Config two = config();
  ListenerConfig other = two.listeners.front();
  other.name = "other";
  other.bind.port = 5070;
  two.listeners.push_back(other);
  engine_ = Engine(two, seed_from_number(1));
  const ListenerId last{static_cast<std::uint32_t>(two.listeners.size())};
  for (const ListenerId listener : {ListenerId{1}, last}) {
    engine_.handle(at(seconds(1)), DatagramReceived{listener, *Endpoint::parse("192.0.2.10:40000"),
                                                    request("OPTIONS", "sip:192.0.2.1")});
    const auto output = engine_.poll();
    ASSERT_TRUE(output && std::holds_alternative<Transmit>(*output));
    EXPECT_EQ(std::get<Transmit>(*output).hop.listener, listener);
    while (engine_.poll()) {
    }
  }
}

TEST_F(EngineTest, AnEarlyDeadlineDoesNothing) {
  receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  EXPECT_THAT(handle(seconds(1) + milliseconds(499), DeadlineReached{}), IsEmpty());
  EXPECT_THAT(handle(seconds(1) + milliseconds(500), DeadlineReached{}), SizeIs(1));
}

TEST_F(EngineTest, TheSameSeedAndInputsGiveTheSameBytes) {
  Engine again(config(), seed_from_number(1));
  again.add_binding(at(seconds(0)), "sip:bob@example.com", "sip:bob@192.0.2.20", seconds(3600));
  std::swap(engine_, again);
  const auto first = receive(seconds(1), request("INVITE", "sip:bob@example.com"));
  std::swap(engine_, again);
  EXPECT_EQ(receive(seconds(1), request("INVITE", "sip:bob@example.com")), first);
}

// While records cannot be kept, calls that would get one are refused. What gets none goes its way: other methods, what
// a rule refuses by itself, and what is forwarded without state.
TEST_F(EngineTest, RefusesCallsWithoutARecordAndNothingElse) {
  Config kept = config();
  kept.call_records.json = "calls.jsonl";
  kept.rules.insert(
      kept.rules.begin(),
      {"nobody", {.ruri = {.users = {*Pattern::compile("nobody")}}}, RejectAction{.status = 603}, std::nullopt});
  kept.rules.insert(
      kept.rules.begin(),
      {"through", {.ruri = {.users = {*Pattern::compile("through")}}}, LookupAction{}, ProxyMode::Stateless});
  engine_ = Engine(kept, seed_from_number(1));
  for (const char* user : {"bob", "through"}) {
    engine_.add_binding(at(seconds(0)), std::string("sip:") + user + "@example.com", "sip:bob@192.0.2.20",
                        seconds(3600));
  }
  handle(seconds(1), Command{Command::Kind::HoldCalls});
  EXPECT_THAT(receive(seconds(1), request("INVITE", "sip:bob@example.com")),
              ElementsAre(AllOf(StartsWith("192.0.2.10:5060 SIP/2.0 503 "), HasSubstr("\r\nRetry-After: 30\r\n"))));
  EXPECT_THAT(receive(seconds(1), request("INVITE", "sip:nobody@example.com")),
              ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 603 ")));
  EXPECT_THAT(receive(seconds(1), request("INVITE", "sip:through@example.com")),
              ElementsAre(StartsWith("192.0.2.20:5060 INVITE ")));
  EXPECT_THAT(receive(seconds(1), request("MESSAGE", "sip:bob@example.com")),
              ElementsAre(StartsWith("192.0.2.20:5060 MESSAGE ")));
  handle(seconds(2), Command{Command::Kind::TakeCalls});
  EXPECT_THAT(receive(seconds(2), request("INVITE", "sip:bob@example.com")),
              ElementsAre(StartsWith("192.0.2.10:5060 SIP/2.0 100 "), StartsWith("192.0.2.20:5060 INVITE ")));
}

}  // namespace
}  // namespace intermediary
