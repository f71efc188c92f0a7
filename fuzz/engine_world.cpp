#include "fuzz/engine_world.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "message/compose.h"
#include "message/message.h"

namespace intermediary::fuzzing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t most_remembered = 32;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

Endpoint endpoint(std::string_view text) { return *Endpoint::parse(text); }

Rule rule(std::string name, RuleMatch when, RuleAction action, std::optional<ProxyMode> mode = std::nullopt) {
  return {.name = std::move(name), .when = std::move(when), .action = std::move(action), .mode = mode};
}

RelayAction relay_to(std::string_view uri) { return {.target = *Uri::parse(uri)}; }

// A registrar and proxy with a rule for each way through the engine; eight variants.
Config config(std::uint8_t variant) {
  Config config;
  config.listeners = {{.name = "udp", .transport = Transport::Udp, .bind = endpoint("192.0.2.1:5060")},
                      {.name = "tcp", .transport = Transport::Tcp, .bind = endpoint("192.0.2.1:5060")},
                      {.name = "udp6", .transport = Transport::Udp, .bind = endpoint("[2001:db8::1]:5060")}};
  config.domains = {"example.com"};
  config.proxy.record_route = (variant & 1) != 0;
  config.proxy.mode = (variant & 2) != 0 ? ProxyMode::Stateless : ProxyMode::Stateful;
  config.proxy.key = {1, 2};
  if ((variant & 4) != 0) {
    config.limits.connections_per_source = 2;
    config.limits.transactions_per_source = 3;
  }
  ForkPolicy fork;
  if ((variant & 4) != 0) {
    fork = {.mode = ForkMode::ByQ, .ring_timeout = std::chrono::seconds(2), .recurse = true, .late_contacts = true};
  }
  // The stateful variants that stay in the path follow the calls to users.
  const auto users = (variant & 3) == 1 ? std::optional(ProxyMode::CallStateful) : std::nullopt;
  config.rules = {
      rule("registrations", {.methods = {"REGISTER"}, .ruri = {.domains = {"local"}}}, RegisterAction{}),
      rule("watchers", {.methods = {"SUBSCRIBE"}, .ruri = {.domains = {"local"}}}, NotifyAction{}),
      rule("users", {.ruri = {.domains = {"local"}}}, LookupAction{fork}, users),
      rule("stateless", {.ruri = {.domains = {"stateless.example.net"}}}, relay_to("sip:192.0.2.60"),
           ProxyMode::Stateless),
      rule("pinned", {.ruri = {.domains = {"pinned.example.net"}}}, relay_to("sip:192.0.2.61;transport=tcp")),
      rule("named", {.ruri = {.domains = {"named.example.net"}}}, relay_to("sip:service.example.org")),
      rule("inside", {.sources = {*Cidr::parse("192.0.2.0/24")}}, RelayAction{}),
  };
  require(problem_with(config).empty(), "the fuzzer's own configuration");
  return config;
}

constexpr std::array<std::string_view, 10> methods = {"INVITE",  "ACK",     "BYE",       "CANCEL", "REGISTER",
                                                      "OPTIONS", "MESSAGE", "SUBSCRIBE", "UPDATE", "PRACK"};
constexpr std::array<std::string_view, 12> request_uris = {"sip:bob@example.com",
                                                           "sip:example.com",
                                                           "sip:alice@example.com",
                                                           "sip:bob@192.0.2.20:5062",
                                                           "sip:bob@192.0.2.21;transport=tcp",
                                                           "sip:x@stateless.example.net",
                                                           "sip:x@pinned.example.net",
                                                           "sip:x@named.example.net",
                                                           "sip:192.0.2.1;lr",
                                                           "sip:bob@[2001:db8::2]",
                                                           "sips:bob@example.com",
                                                           "tel:+4930123456"};
constexpr std::array<std::string_view, 8> routes = {"<sip:192.0.2.1;lr>",
                                                    "<sip:192.0.2.1:5060;lr>, <sip:192.0.2.70;lr>",
                                                    "<sip:192.0.2.70;lr>",
                                                    "<sip:192.0.2.70>",
                                                    "<sip:192.0.2.1;transport=tcp;lr>, <sip:[2001:db8::3]>",
                                                    "<sip:example.com;lr>",
                                                    "<tel:+49>",
                                                    "<sip:192.0.2.1>"};
constexpr std::array<std::string_view, 8> contacts = {"<sip:bob@192.0.2.20:5062>",
                                                      "<sip:bob@192.0.2.21;transport=tcp>;q=0.5",
                                                      "<sip:bob@192.0.2.20:5062>;expires=0",
                                                      "*",
                                                      "<sip:bob@192.0.2.22>, <sip:bob@192.0.2.23>;expires=60",
                                                      "\"B\" <sip:bob@named.example.net>;expires=7200",
                                                      "sip:bob@192.0.2.24;x=y",
                                                      "<sip:bob@example.com>"};
constexpr std::array<std::string_view, 6> tags = {"", "a", "b", "one", "two", "three"};
constexpr std::array<int, 16> statuses = {100, 180, 183, 200, 200, 202, 302, 404,
                                          408, 481, 486, 487, 500, 503, 600, 699};
constexpr std::array<std::string_view, 5> sources = {"192.0.2.10:5060", "192.0.2.20:5062", "192.0.2.21:5060",
                                                     "203.0.113.9:5060", "[2001:db8::2]:5060"};
constexpr std::array<Duration, 10> pauses = {Duration(0), milliseconds(1), milliseconds(200), milliseconds(500),
                                             seconds(1),  seconds(4),      seconds(32),       seconds(181),
                                             minutes(61), hours(25)};

template <class Table>
auto pick(Bytes& bytes, const Table& table) {
  return table[bytes.below(table.size())];
}

// Once in `denominator` times.
bool chance(Bytes& bytes, std::size_t denominator) { return bytes.below(denominator) == denominator - 1; }

bool breaks_a_limit(Fault fault) {
  switch (fault) {
    case Fault::TooLarge:
    case Fault::LineTooLong:
    case Fault::UriTooLong:
    case Fault::TooManyFields:
    case Fault::TooManyEntries:
    case Fault::TooManyParameters:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::uint8_t Bytes::byte() {
  if (rest_.empty()) return 0;
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::string_view Bytes::chunk() {
  std::size_t size = byte();
  if (size == 255) {
    size = byte();
    size = size * 256 + byte();
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(taken.size());
  return taken;
}

EngineWorld::EngineWorld(Bytes& bytes)
    : bytes_(bytes), config_(fuzzing::config(bytes.byte())), engine_(config_, seed_from_number(bytes.byte())) {
  engine_.add_binding(now_, "sip:bob@example.com", "sip:bob@192.0.2.20:5062", seconds(3600), 1000);
  engine_.add_binding(now_, "sip:bob@example.com", "sip:bob@192.0.2.21;transport=tcp", seconds(3600), 1000);
}

void EngineWorld::act() {
  switch (bytes_.below(16)) {
    case 0:
    case 1:
      return pass_time();
    case 2:
      return raw_datagram();
    case 3:
    case 4:
    case 5:
      return built_request();
    case 6:
    case 7:
      return answer_request();
    case 8:
      return acknowledge();
    case 9:
      return repeat_input();
    case 10:
      return open_inbound();
    case 11:
      return raw_stream();
    case 12:
      return lose_flow();
    case 13:
      return settle_opening();
    case 14:
      return settle_query();
    default:
      return chance(bytes_, 2) ? fail_datagram() : other_input();
  }
}

void EngineWorld::pass_time() { run_until(now_ + pick(bytes_, pauses)); }

void EngineWorld::raw_datagram() {
  const Endpoint from = source();
  deliver({.transport = Transport::Udp, .remote = from, .listener = ListenerId{1}}, std::string(bytes_.chunk()));
}

Endpoint EngineWorld::source() { return endpoint(pick(bytes_, sources)); }

// A request whose parts come from the tables, so that they fit together often, and from the bytes.
std::string EngineWorld::request_text() {
  const std::string method = chance(bytes_, 16) ? std::string(bytes_.chunk()) : std::string(pick(bytes_, methods));
  const std::string uri = chance(bytes_, 16) ? std::string(bytes_.chunk()) : std::string(pick(bytes_, request_uris));
  RequestWriter writer(method, uri);
  const std::string branch = "z9hG4bK" + std::to_string(bytes_.below(6));
  const std::string_view transport = chance(bytes_, 4) ? "TCP" : "UDP";
  writer.field("Via", "SIP/2.0/" + std::string(transport) + " 192.0.2.10;branch=" + branch +
                          (chance(bytes_, 2) ? ";rport" : ""));
  const std::string_view from_tag = pick(bytes_, tags);
  const std::string_view to_tag = pick(bytes_, tags);
  writer.field("From", "<sip:alice@example.com>" + (from_tag.empty() ? "" : ";tag=" + std::string(from_tag)));
  writer.field("To", "<sip:bob@example.com>" + (to_tag.empty() ? "" : ";tag=" + std::string(to_tag)));
  writer.field("Call-ID", "call" + std::to_string(bytes_.below(3)));
  writer.field("CSeq", std::to_string(bytes_.below(4)) + " " + method);
  if (!chance(bytes_, 8)) writer.field("Max-Forwards", chance(bytes_, 4) ? std::to_string(bytes_.below(3)) : "70");
  if (chance(bytes_, 4)) writer.field("Route", pick(bytes_, routes));
  if (chance(bytes_, 3) || method == "REGISTER") writer.field("Contact", pick(bytes_, contacts));
  if (chance(bytes_, 8)) writer.field("Expires", std::to_string(bytes_.below(8) * 30));
  if (chance(bytes_, 16)) writer.field("Proxy-Require", "strange");
  if (chance(bytes_, 8)) add_fuzz(writer);
  return writer.finish(chance(bytes_, 8) ? bytes_.chunk() : std::string_view());
}

// Bytes of their choice; where they choose none, as many lines as a message may have.
void EngineWorld::add_fuzz(RequestWriter& writer) {
  constexpr std::size_t other_lines = 8;
  const std::string_view chunk = bytes_.chunk();
  if (!chunk.empty()) {
    writer.field("X-Fuzz", chunk);
    return;
  }
  for (std::size_t line = other_lines; line < limit::header_lines; ++line) writer.field("Z", "0");
}

void EngineWorld::built_request() {
  std::string text = request_text();
  if (chance(bytes_, 8) && !text.empty()) {  // a wrong byte somewhere
    const std::size_t place = (bytes_.byte() * std::size_t{256} + bytes_.byte()) % text.size();
    text[place] = static_cast<char>(bytes_.byte());
  }
  if (!open_.empty() && chance(bytes_, 3)) {
    const FlowOpened& flow = open_[bytes_.below(open_.size())];
    return deliver({.transport = Transport::Tcp, .remote = flow.remote, .listener = flow.listener, .flow = flow.flow},
                   std::move(text));
  }
  deliver({.transport = Transport::Udp, .remote = source(), .listener = ListenerId{1}}, std::move(text));
}

// A request that the engine sent comes back as a response, from where it went or from somebody else.
void EngineWorld::answer_request() {
  if (sent_.empty()) return;
  const Sent sent = sent_[sent_.size() - 1 - bytes_.below(sent_.size())];
  const auto request = Message::parse(sent.bytes, Framing::Datagram, limits_);
  if (!request || !(*request)->is_request()) return;
  const std::string_view tag = pick(bytes_, tags);
  ResponseParts parts{.status = pick(bytes_, statuses), .to_tag = tag};
  if (chance(bytes_, 4)) parts.fields.emplace_back("Contact", std::string(pick(bytes_, contacts)));
  if (chance(bytes_, 8)) parts.fields.emplace_back("Retry-After", "5");
  if (chance(bytes_, 8)) parts.fields.emplace_back("X-Fuzz", std::string(bytes_.chunk()));
  Hop from = sent.hop;
  if (chance(bytes_, 16)) from = {.transport = Transport::Udp, .remote = source(), .listener = ListenerId{1}};
  deliver(from, make_response(**request, parts));
}

// The ACK or CANCEL that fits an INVITE which came in before.
void EngineWorld::acknowledge() {
  if (received_.empty()) return;
  const Sent came = received_[received_.size() - 1 - bytes_.below(received_.size())];
  const auto parsed = Message::parse(came.bytes, Framing::Datagram, limits_);
  if (!parsed || !(*parsed)->is_request()) return;
  const Message& invite = **parsed;
  const std::string method = chance(bytes_, 2) ? "CANCEL" : "ACK";
  RequestWriter writer(method, invite.request_uri());
  for (const FieldName name : {FieldName::Via, FieldName::From, FieldName::CallId, FieldName::Route}) {
    if (invite.has(name)) writer.field(field_text(name), invite.value(name));
  }
  const std::string_view tag = method == "ACK" && invite.to_tag().empty() ? pick(bytes_, tags) : "";
  writer.field("To", std::string(invite.value(FieldName::To)) + (tag.empty() ? "" : ";tag=" + std::string(tag)));
  writer.field("CSeq", std::to_string(invite.cseq().number) + " " + method);
  writer.field("Max-Forwards", "70");
  deliver(came.hop, writer.finish());
}

void EngineWorld::repeat_input() {
  if (received_.empty()) return;
  const Sent came = received_[received_.size() - 1 - bytes_.below(received_.size())];
  deliver(came.hop, came.bytes);
}

void EngineWorld::open_inbound() {
  const FlowOpened opened{
      .flow = FlowId{next_flow_++}, .transport = Transport::Tcp, .listener = ListenerId{2}, .remote = source()};
  open_.push_back(opened);
  handle(opened);
}

void EngineWorld::raw_stream() {
  if (open_.empty()) return;
  handle(StreamReceived{open_[bytes_.below(open_.size())].flow, std::string(bytes_.chunk())});
}

void EngineWorld::lose_flow() {
  if (open_.empty()) return;
  const auto lost = open_.begin() + static_cast<std::ptrdiff_t>(bytes_.below(open_.size()));
  const FlowId flow = lost->flow;
  open_.erase(lost);
  handle(FlowClosed{flow, "reset"});
}

void EngineWorld::settle_opening() {
  if (opening_.empty()) return;
  const OpenFlow order = opening_.front();
  opening_.erase(opening_.begin());
  if (chance(bytes_, 4)) return handle(FlowClosed{order.flow, "refused"});
  const FlowOpened opened{
      .flow = order.flow, .transport = order.transport, .listener = order.listener, .remote = order.remote};
  open_.push_back(opened);
  handle(opened);
}

void EngineWorld::settle_query() {
  if (queries_.empty()) return;
  const DnsQuery query = queries_.front();
  queries_.erase(queries_.begin());
  if (chance(bytes_, 3)) return handle(DnsAnswered{query.query, std::unexpected(some_failure())});
  DnsAnswer answer;
  answer.ttl = seconds(bytes_.byte());
  for (std::size_t count = 1 + bytes_.below(4); count > 0; --count)
    answer.records.push_back(some_record(query.question.type));
  handle(DnsAnswered{query.query, std::move(answer)});
}

DnsFailure EngineWorld::some_failure() {
  return {static_cast<DnsFailure::Kind>(bytes_.below(4)), seconds(bytes_.byte()), "the fuzzer says so"};
}

// Mostly of the type that was asked for; names that lead on, in circles, or nowhere.
DnsRecord EngineWorld::some_record(DnsType type) {
  static constexpr std::string_view names[] = {
      "example.com", "sip1.example.com", "_sip._udp.example.com", "_sip._tcp.example.com", "a..b", "."};
  static constexpr std::string_view services[] = {"SIP+D2U", "sip+d2t", "SIPS+D2T", "E2U+sip", ""};
  static constexpr std::string_view flags[] = {"s", "S", "a", "", "u"};
  const auto name = [&] { return std::string(names[bytes_.below(std::size(names))]); };
  if (chance(bytes_, 8)) type = static_cast<DnsType>(bytes_.below(4));
  if (type == DnsType::Srv) {
    const std::uint8_t priority = bytes_.byte(), weight = bytes_.byte();
    return SrvRecord{priority, weight, source().port, name()};
  }
  if (type == DnsType::Naptr) {
    const std::uint8_t order = bytes_.byte(), preference = bytes_.byte();
    const std::string_view flag = flags[bytes_.below(std::size(flags))];
    const std::string_view service = services[bytes_.below(std::size(services))];
    return NaptrRecord{order, preference, std::string(flag), std::string(service), "", name()};
  }
  return source().address;
}

void EngineWorld::fail_datagram() {
  if (sent_.empty()) return;
  const auto& [hop, bytes] = sent_.back();
  if (hop.transport != Transport::Udp) return;
  handle(
      DatagramFailed{hop.listener, hop.remote, bytes.substr(0, bytes.size() - bytes_.byte() % bytes.size()), "gone"});
}

void EngineWorld::other_input() {
  switch (bytes_.below(8)) {
    case 0:
      return handle(WallClock{WallTime(seconds(1'000'000'000 + bytes_.byte()))});
    case 1:
      return handle(Command{Command::Kind::Drain});
    case 2:
      return handle(FlowClosed{FlowId{bytes_.byte()}, "never heard of"});
    case 3:
      return handle(DnsAnswered{QueryId{bytes_.byte()}, std::unexpected(some_failure())});
    case 4:
      return handle(StreamReceived{FlowId{bytes_.byte()}, "OPTIONS"});
    default:
      return handle(DeadlineReached{});
  }
}

void EngineWorld::deliver(const Hop& from, std::string bytes) {
  received_.push_back({from, bytes});
  if (received_.size() > most_remembered) received_.pop_front();
  if (from.flow) {
    const bool is_open = std::ranges::any_of(open_, [&](const FlowOpened& open) { return open.flow == from.flow; });
    if (is_open) handle(StreamReceived{from.flow, std::move(bytes)});
    return;
  }
  handle(DatagramReceived{from.listener ? from.listener : ListenerId{1}, from.remote, std::move(bytes)});
}

void EngineWorld::handle(Input input) {
  ++inputs_;
  engine_.handle(now_, std::move(input));
  drain();
  const LiveObjects live = engine_.live();
  require(live.server_transactions <= inputs_, "more server transactions than inputs");
  require(live.response_contexts <= inputs_, "more response contexts than inputs");
  require(live.client_transactions <= inputs_ * 2 * limit::branches_per_request, "more branches than a fork may have");
  require(live.waiting <= live.server_transactions + live.client_transactions, "more wait than there are");
}

void EngineWorld::drain() {
  constexpr int most_outputs = 10'000;
  for (int count = 0; const auto output = engine_.poll(); ++count) {
    require(count < most_outputs, "no end of outputs for one input");
    std::visit(
        Overloaded{
            [&](const Transmit& transmit) { judge(transmit); },
            [&](const OpenFlow& order) { take(order); },
            [&](const CloseFlow& order) {
              std::erase_if(open_, [&](const FlowOpened& open) { return open.flow == order.flow; });
              std::erase_if(opening_, [&](const OpenFlow& opening) { return opening.flow == order.flow; });
            },
            [&](const DnsQuery& query) { queries_.push_back(query); },
            [&](const StoreRequest&) { require(false, "a store is asked that there is not"); },
            [&](const HttpRequest&) { require(false, "an HTTP server is asked that there is not"); },
            [&](const RouteAsked&) { require(false, "a routing engine is asked that there is not"); },
            [&](const Event& event) { require(!to_line(event).contains('\n'), "an event of more than one line"); },
        },
        *output);
  }
}

void EngineWorld::take(const OpenFlow& order) {
  require((order.flow.value & engine_flow_bit) != 0, "a flow of the engine without its bit");
  opening_.push_back(order);
}

// What leaves must be a message that we would take ourselves. Two exceptions: what came in may have stood at a limit,
// and the answer to a broken request repeats its fields.
void EngineWorld::judge(const Transmit& transmit) {
  if (transmit.bytes == "\r\n") return;  // a pong
  if (transmit.hop.flow) {
    const auto is_it = [&](const FlowOpened& open) { return open.flow == transmit.hop.flow; };
    require(std::ranges::any_of(open_, is_it), "bytes for a connection that is not open");
  }
  const Framing framing = is_reliable(transmit.hop.transport) ? Framing::Stream : Framing::Datagram;
  const auto parsed = Message::parse(transmit.bytes, framing, limits_);
  if (!parsed) {
    const bool answers_broken = transmit.bytes.starts_with("SIP/2.0 4") || transmit.bytes.starts_with("SIP/2.0 5");
    if (answers_broken || breaks_a_limit(parsed.error().error.fault)) return;
    std::fprintf(stderr, "%s\n%s\n", parsed.error().error.to_string().c_str(), transmit.bytes.c_str());
    require(false, "sent a message that we would refuse");
  }
  sent_.push_back({transmit.hop, transmit.bytes});
  if (sent_.size() > most_remembered) sent_.pop_front();
}

void EngineWorld::run_until(TimePoint time) {
  constexpr int most_deadlines = 100'000;
  TimePoint last = now_ - Duration(1);
  for (int count = 0; const auto deadline = engine_.next_deadline(); ++count) {
    if (*deadline > time) break;
    require(count < most_deadlines, "no end of deadlines");
    require(*deadline > last || *deadline <= now_, "a deadline that went back");
    now_ = std::max(now_, *deadline);
    handle(DeadlineReached{});
    const auto next = engine_.next_deadline();
    require(!next || *next > now_, "a deadline that stays after it was reached");
    last = *deadline;
  }
  now_ = std::max(now_, time);
}

void EngineWorld::refuse_all() {
  while (!queries_.empty()) {
    const QueryId query = queries_.back().query;
    queries_.pop_back();
    handle(DnsAnswered{query, std::unexpected(DnsFailure{.reason = "the end"})});
  }
  while (!opening_.empty()) {
    const FlowId flow = opening_.back().flow;
    opening_.pop_back();
    handle(FlowClosed{flow, "the end"});
  }
}

void EngineWorld::finish() {
  while (!open_.empty()) {
    const FlowId flow = open_.back().flow;
    open_.pop_back();
    handle(FlowClosed{flow, "the end"});
  }
  // Ten minutes outlive Timer C and every transaction; what is asked for meanwhile fails at once.
  const TimePoint end = now_ + minutes(10);
  refuse_all();
  while (now_ < end) {
    run_until(std::min(end, engine_.next_deadline().value_or(end)));
    refuse_all();
  }
  require(engine_.live().idle(), "not idle ten minutes after the last message");
  run_until(now_ + hours(25));
  require(engine_.live() == LiveObjects{}, "something left after all bindings have expired");
}

}  // namespace intermediary::fuzzing
