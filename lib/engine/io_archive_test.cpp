#include "engine/io_archive.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/keyed_hash.h"
#include "base/overloaded.h"
#include "engine/config.h"

namespace intermediary {
namespace {

const Endpoint v4 = *Endpoint::parse("192.0.2.1:5060");
const Endpoint v6 = *Endpoint::parse("[2001:db8::1]:5061");
const Arrival arrival{Transport::Tcp, v4, ListenerId{2}, FlowId{7}};
const Hop hop{Transport::Wss, v6, ListenerId{3}, FlowId{engine_flow_bit | 1}, ServerName("example.com")};
const DialogIdentity dialog{"call", "a", "b", "sip:a@x", "sip:b@x", "rule"};

Config configuration() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, v4, "", std::nullopt}};
  config.groups = {{.name = "app", .peers = {{.name = "a", .uri = *Uri::parse("sip:192.0.2.30")}}}};
  config.rates = {{.name = "r", .carriers = {"pool:app"}, .rates = {{.prefix = "31", .cost = 5}}}};
  config.rules = {{"pool", {.ruri = {.users = {*Pattern::compile("^a")}}}, RelayAction{.groups = {"pool:app"}}, {}}};
  return config;
}

// One of each alternative at least, and of each thing within it.
std::vector<Input> all_inputs() {
  const DnsAnswer records{{v6.address, SrvRecord{1, 2, 3, "a.example.com"}, NaptrRecord{1, 2, "s", "SIP+D2U", "", "x"}},
                          std::chrono::seconds(60)};
  const DnsFailure failure{DnsFailure::Kind::NoRecords, std::chrono::seconds(5), "none"};
  const CertificateNames names{{"sip:example.com"}, {"example.com"}, "common", true};
  const StoredRecord record{"sip:a@x", 4, std::string("\0\xff", 2), WallTime(std::chrono::seconds(9))};
  return {
      DatagramReceived{ListenerId{1}, v4, "OPTIONS"},
      StreamReceived{FlowId{9}, std::string("\0\xff\r\n", 4)},
      StreamReceived{FlowId{9}, ""},
      FlowOpened{FlowId{9}, Transport::Tls, ListenerId{2}, v6, names},
      FlowOpened{FlowId{9}, Transport::Tcp, ListenerId{2}, v6},
      FlowClosed{FlowId{9}, "reset"},
      DatagramFailed{ListenerId{1}, v4, "INVITE", "unreachable"},
      DnsAnswered{QueryId{4}, records},
      DnsAnswered{QueryId{5}, std::unexpected(failure)},
      WallClock{WallTime(std::chrono::seconds(1'700'000'000))},
      DeadlineReached{},
      Command{Command::Kind::Drain, {}},
      Command{Command::Kind::DrainPeer, "pool:app"},
      StoreReplied{QueryId{4}, RecordsFound{{record}}},
      StoreReplied{QueryId{5}, RecordFound{record}},
      StoreReplied{QueryId{6}, RecordReplaced{}},
      StoreReplied{QueryId{7}, RecordConflict{record}},
      StoreReplied{QueryId{8}, StoreUnavailable{"down"}},
      ConfigurationChanged{configuration()},
      HttpReplied{QueryId{9}, HttpAnswer{200, "application/json", std::chrono::seconds(60), "{}"}},
      HttpReplied{QueryId{9}, std::unexpected(HttpFailure{HttpFailure::Kind::Forbidden, "inside"})},
      RouteDecided{QueryId{9}, RouteTo{{{Uri::parse("sip:b@x").value(), "pool:app", 500}}, {{"X-A", "b"}}}},
      RouteDecided{QueryId{9}, RouteReject{404, "Gone", std::chrono::seconds(3)}},
      RouteDecided{QueryId{9}, RouteNext{}},
      RouteDecided{QueryId{9}, RouteFailed{"down"}},
  };
}

std::vector<Output> all_outputs() {
  const ParseError error{Fault::BadValue, Answer::BadRequest, 17, 4, "detail", true};
  const DialogEnding ending{DialogEnding::Cause::Bye, DialogSide::Callee, 200};
  using std::chrono::seconds;
  const CallIdentity call{7,    WallTime(seconds(9)), "call", "a", "sip:a@x", "sip:b@x", "sip:b@x", "a", "rule",
                          "in", Transport::Tcp,       v4};
  return {
      Transmit{hop, "ACK"},
      OpenFlow{FlowId{engine_flow_bit | 1}, Transport::Tls, ListenerId{2}, v6, "example.com"},
      CloseFlow{FlowId{9}, "idle"},
      DnsQuery{QueryId{4}, {"example.com", DnsType::Naptr}},
      Event{MessageRejected{arrival, error, 400}},
      Event{RequestRefused{arrival, "call", "INVITE", "sip:x", 404, "rule", "why"}},
      Event{StrayDropped{arrival, "call", "ACK", "why"}},
      Event{SendFailed{hop, "call", "why"}},
      Event{RequestCompleted{"call", "INVITE", "sip:x", "rule", 200, Duration(5)}},
      Event{BindingChanged{"sip:a@x", "sip:c", BindingChanged::Change::Expired}},
      Event{FlowChanged{FlowId{9}, Transport::Ws, v4, FlowChanged::Change::Failed, "why"}},
      Event{DnsFailed{"example.com", "SRV", true, "why"}},
      Event{SipsVanished{"example.com"}},
      Event{DialogStarted{dialog}},
      Event{DialogConfirmed{dialog, seconds(3)}},
      Event{DialogEnded{dialog, ending, seconds(9), seconds(6)}},
      Event{SubscriptionChanged{"sip:a@x", "sip:s", "rule", SubscriptionChanged::Change::Ended, "timeout"}},
      Event{StoreChanged{false, "down"}},
      Event{PeerChanged{"pool:app", "a", PeerChanged::Change::Resting, "503"}},
      Event{CallBegun{call}},
      Event{CallRecorded{call, "b", "pool:app/a", 200, CallEnd::Bye, DialogSide::Caller, seconds(9), seconds(3),
                         seconds(6)}},
      Event{ConfigurationReloaded{"rule"}},
      Event{ConfigurationRefused{"why"}},
      Event{OverloadChanged{false, "calls", 9, seconds(3)}},
      Event{NeighbourOverload{v4, 20, 7}},
      Event{HttpFailed{"https://x", "why"}},
      Event{RouteUnanswered{"enum:e", "rule", "call", "why"}},
      Event{RouteSourceChanged{"route_query:q", false, "why"}},
      Event{IdentityVerified{"call", "rule", IdentityVerified::Verdict::Failed, 438, "1215", "A", "id", "why"}},
      Event{IdentitySigned{"call", "rule", "acme", "1215", "B", "id", ""}},
      Event{CertificateFetched{"https://a", "why"}},
      Event{TrunkRegistrationChanged{"acme", "sip:a@x", TrunkRegistrationChanged::Change::Failed, "udp:192.0.2.1:5060",
                                     seconds(30), 403, "why"}},
      StoreRequest{QueryId{4}, LoadRecords{"sip:a@x", 9}},
      StoreRequest{QueryId{5}, FetchRecord{"sip:a@x"}},
      StoreRequest{QueryId{6}, ReplaceRecord{3, {"sip:a@x", 4, "bytes", WallTime(seconds(9))}}},
      HttpRequest{QueryId{7},
                  {"POST", *HttpUrl::parse("https://x/a"), {{"X-A", "b"}}, "text/plain", "body", seconds(1), 9, true}},
      RouteAsked{QueryId{8},
                 "own",
                 {"rule",
                  "INVITE",
                  "sip:x",
                  "sip:a@x",
                  "sip:b@x",
                  "call",
                  v4,
                  Transport::Tcp,
                  "in",
                  "alice",
                  true,
                  {{"X-A", "b"}}}},
  };
}

template <class Variant>
std::size_t alternatives(const std::vector<Variant>& all) {
  std::set<std::size_t> seen;
  for (const Variant& one : all) seen.insert(one.index());
  return seen.size();
}

TEST(IoArchive, TheSamplesAreOfEveryKind) {
  EXPECT_EQ(alternatives(all_inputs()), std::variant_size_v<Input>);
  EXPECT_EQ(alternatives(all_outputs()), std::variant_size_v<Output>);
  std::vector<Event> events;
  for (const Output& output : all_outputs()) {
    if (const Event* event = std::get_if<Event>(&output)) events.push_back(*event);
  }
  EXPECT_EQ(alternatives(events), std::variant_size_v<Event>);
}

TEST(IoArchive, EveryInputComesBack) {
  for (const Input& input : all_inputs()) {
    const auto again = input_from(to_bytes(input));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->index(), input.index());
    EXPECT_EQ(to_bytes(*again), to_bytes(input));
  }
}

TEST(IoArchive, AConfigurationComesBackWholeOrNotAtAll) {
  const auto again = input_from(to_bytes(Input(ConfigurationChanged{configuration()})));
  ASSERT_TRUE(again) << again.error();
  const Config& config = std::get<ConfigurationChanged>(*again).config();
  EXPECT_EQ(config, configuration());
  EXPECT_TRUE(config.rules[0].when.ruri.users[0].found_in("alice"));
  EXPECT_TRUE(
      input_from(to_bytes(Input(ConfigurationChanged{}))).error().ends_with(": a configuration that no engine takes"));
}

TEST(IoArchive, AConfigurationWhoseTablesCannotBeIsRefused) {
  const auto error_of = [](auto change) {
    Config config = configuration();
    change(config.rates[0].rates[0]);
    const auto input = input_from(to_bytes(Input(ConfigurationChanged{config})));
    return input ? "" : input.error().substr(input.error().find(':'));
  };
  EXPECT_EQ(error_of([](Rate&) {}), "");
  EXPECT_EQ(error_of([](Rate& rate) { rate.carrier = 1; }), ": a configuration that no engine takes");
  EXPECT_EQ(error_of([](Rate& rate) { rate.band = 1; }), ": a configuration that no engine takes");
}

TEST(IoArchive, EveryOutputComesBack) {
  for (const Output& output : all_outputs()) {
    const auto again = output_from(to_bytes(output));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->index(), output.index());
    EXPECT_EQ(to_bytes(*again), to_bytes(output));
  }
}

TEST(IoArchive, AnInputHasAllThatItHad) {
  const auto again = std::get<FlowOpened>(*input_from(to_bytes(all_inputs()[3])));
  EXPECT_EQ(again.flow, FlowId{9});
  EXPECT_EQ(again.transport, Transport::Tls);
  EXPECT_EQ(again.remote, v6);
  EXPECT_EQ(again.certificate->dns_names, std::vector<std::string>{"example.com"});
  EXPECT_TRUE(again.certificate->has_alternatives);
  EXPECT_EQ(std::get<Transmit>(*output_from(to_bytes(all_outputs()[0]))).hop, hop);
  EXPECT_EQ(std::get<DnsAnswered>(*input_from(to_bytes(all_inputs()[8]))).answer.error().reason, "none");
}

// Whoever has a record wants to read it next year. If this fails, a member of engine/io.h or event/event.h was added,
// taken away or moved: raise io_format, and put the new hash here. A new alternative at the end of a variant leaves
// what was written before as it is: then the hash alone.
TEST(IoArchive, TheFormatIsThatOfItsNumber) {
  KeyedHash hash(HashKey{0, 0});
  for (const Input& input : all_inputs()) hash.field(to_bytes(input));
  for (const Output& output : all_outputs()) hash.field(to_bytes(output));
  EXPECT_EQ(io_format, 4u);
  EXPECT_EQ(to_hex(hash.finish()), "843140ac1ed7318d");
}

RC_GTEST_PROP(IoArchiveProperty, AnyBytesAreRefusedOrTheOneFormOfAnInput, (std::string bytes, std::uint8_t kind)) {
  bytes.insert(bytes.begin(), static_cast<char>(kind % std::variant_size_v<Input>));
  const auto input = input_from(bytes);
  if (input) RC_ASSERT(to_bytes(*input) == bytes);
}

RC_GTEST_PROP(IoArchiveProperty, AChangedByteIsRefusedOrAnotherOutput,
              (std::uint8_t which, std::uint16_t where, std::uint8_t what)) {
  const auto outputs = all_outputs();
  std::string bytes = to_bytes(outputs[which % outputs.size()]);
  bytes[where % bytes.size()] = static_cast<char>(what);
  const auto output = output_from(bytes);
  if (output) RC_ASSERT(to_bytes(*output) == bytes);
}

TEST(IoArchive, SaysWhereAReadFailed) {
  EXPECT_EQ(input_from("\x7f").error(), "byte 1: no such alternative");
  EXPECT_EQ(input_from(to_bytes(all_inputs()[0]) + "x").error(), "byte 17: more than was to be read");
}

}  // namespace
}  // namespace intermediary
