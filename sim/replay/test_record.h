// A record as a server would have written it: a registration, a call from beginning to end, one that is refused, a
// request that is challenged, and a name that nobody answers for. Nothing in it is secret; the same bytes every time.
#pragma once

#include <string>
#include <vector>

#include "config/recorded.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "sim/wire.h"

namespace intermediary::sim {

class TestRecord {
 public:
  static constexpr const char* configuration = R"(listen  = [{ name = "udp", on = "udp:192.0.2.1:5060" }]
domains = ["${DOMAIN}"]
[proxy]
record_route = true
[auth.users]
realm = "example.com"
algorithms = ["MD5"]
users = "file:users.csv"
[[rule]]
name = "registrations"
when = { method = "REGISTER", ruri_domain = "local" }
do   = { register = "location" }
[[rule]]
name = "messages"
when = { method = "MESSAGE", ruri_domain = "local" }
do   = { challenge = "users", lookup = "location" }
[[rule]]
name = "to-users"
when = { ruri_domain = "local" }
do   = { lookup = "location" }
[[rule]]
name = "out"
when = { source = ["192.0.2.0/24"] }
do   = { relay = "request-uri" }
)";

  static RecordHeader header() {
    RecordHeader header;
    header.program = "test";
    header.seed = seed_from_number(36);
    header.wall_at_zero = WallTime(std::chrono::seconds(1'767'225'600));
    header.config = {
        "test.toml", configuration, "", {{"users.csv", true, "alice,secret\n"}}, {{"DOMAIN", "example.com"}}};
    header.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt},
                        {"tcp", Transport::Tcp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    header.key = {36, 37};
    return header;
  }

  TestRecord() : TestRecord(header()) {}
  explicit TestRecord(const RecordHeader& of) : engine_(*load_recorded(of), of.seed) {
    append_record_mark(bytes);
    append_frame(bytes, frames_.header(of));
    feed(0, WallClock{of.wall_at_zero});
  }

  std::string bytes;
  std::vector<std::string> sent;  // by the server, of the last input

  void feed(std::int64_t milliseconds, const Input& input) {
    const TimePoint time = at(std::chrono::milliseconds(milliseconds));
    append_frame(bytes, frames_.input(time, input));
    engine_.handle(time, input);
    sent.clear();
    while (const auto output = engine_.poll()) {
      hash_.add(*output);
      if (const auto* transmit = std::get_if<Transmit>(&*output)) sent.push_back(transmit->bytes);
      if (const auto* query = std::get_if<DnsQuery>(&*output)) query_ = query->query;
    }
    append_frame(bytes, frames_.outputs(hash_.take()));
  }
  void datagram(std::int64_t milliseconds, const char* from, const std::string& text) {
    feed(milliseconds, DatagramReceived{ListenerId{1}, *Endpoint::parse(from), text});
  }
  // All deadlines up to then, each at its time.
  void wait_until(std::int64_t milliseconds) {
    const TimePoint end = at(std::chrono::milliseconds(milliseconds));
    while (engine_.next_deadline() && *engine_.next_deadline() <= end) {
      const TimePoint deadline = *engine_.next_deadline();
      feed(std::chrono::ceil<std::chrono::milliseconds>(deadline.time_since_epoch()).count(), DeadlineReached{});
    }
  }

  static std::string request(const std::string& method, const std::string& uri, const std::string& call_id, int cseq,
                             const std::string& from, const std::string& fields = {}, const std::string& body = {},
                             const std::string& to = {}) {
    return method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK" + method +
           std::to_string(cseq) + call_id + "\r\nMax-Forwards: 70\r\nFrom: \"Alice\" <" + from +
           ">;tag=a\r\nTo: " + (to.empty() ? '<' + uri + '>' : to) + "\r\nCall-ID: " + call_id +
           "\r\nCSeq: " + std::to_string(cseq) + ' ' + method + "\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string answer(const std::string& to, const std::string& status, const std::string& fields = {}) {
    const auto asked = WireMessage::read(to);
    WireMessage made;
    made.start_line = "SIP/2.0 " + status;
    for (const WireHeader& each : asked->headers) {
      const std::string name = long_name(each.name);
      const bool copied =
          name == "Via" || name == "Record-Route" || name == "From" || name == "Call-ID" || name == "CSeq";
      if (copied) made.headers.push_back(each);
      if (name == "To") made.headers.push_back({"To", each.value + (asked->to_tag().empty() ? ";tag=b" : "")});
    }
    return made.to_bytes().insert(made.start_line.size() + 2, fields);
  }

  void registration(const std::string& user = "sip:bob@example.com") {
    datagram(1000, bob,
             request("REGISTER", "sip:example.com", "r1", 1, user,
                     "Contact: <sip:bob@192.0.2.20:5060>\r\nExpires: 3600\r\n", {}, '<' + user + '>'));
  }
  void call(const std::string& user = "sip:bob@example.com") {
    const std::string sdp =
        "v=0\r\no=alice 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
    datagram(2000, alice,
             request("INVITE", user, "c1", 1, "sip:alice@example.com",
                     "Contact: <sip:alice@192.0.2.10:5060>\r\nContent-Type: application/sdp\r\n", sdp));
    const std::string invite = sent.back();
    datagram(2010, bob, answer(invite, "180 Ringing", "Contact: <sip:bob@192.0.2.20:5060>\r\n"));
    datagram(4000, bob, answer(invite, "200 OK", "Contact: <sip:bob@192.0.2.20:5060>\r\n"));
    const auto ok = WireMessage::read(sent.back());
    const std::string route = "Route: " + ok->value("Record-Route") + "\r\n";
    const auto in_dialog = [&](const std::string& method, int cseq) {
      return request(method, "sip:bob@192.0.2.20:5060", "c1", cseq, "sip:alice@example.com", route, {},
                     "<sip:bob@example.com>;tag=b");
    };
    datagram(4010, alice, in_dialog("ACK", 1));
    datagram(9000, alice, in_dialog("BYE", 2));
    datagram(9010, bob, answer(sent.back(), "200 OK"));
  }
  void refused_call() {
    datagram(10000, alice, request("INVITE", "sip:carol@example.com", "c2", 1, "sip:alice@example.com"));
  }
  // The rule that took the calls is gone.
  void reload() {
    Config next = engine_.config();
    std::erase_if(next.rules, [](const Rule& rule) { return rule.name == "to-users"; });
    feed(9500, ConfigurationChanged(std::move(next)));
  }
  void challenged_message() {
    datagram(10500, alice, request("MESSAGE", "sip:bob@example.com", "m1", 1, "sip:alice@example.com"));
  }
  void message_by_name() {
    datagram(11000, alice,
             request("OPTIONS", "sip:elsewhere.example.net;transport=udp", "o1", 1, "sip:alice@example.com"));
    DnsFailure failure;
    failure.kind = DnsFailure::Kind::TimedOut;
    feed(14000, DnsAnswered{query_, std::unexpected(failure)});
  }
  static constexpr const char* alice = "192.0.2.10:5060";
  static constexpr const char* bob = "192.0.2.20:5060";

  // All of it, ended; or broken off.
  static std::string whole(bool ended = true) {
    TestRecord record;
    record.registration();
    record.call();
    record.refused_call();
    record.challenged_message();
    record.message_by_name();
    record.wait_until(60000);
    if (ended) append_frame(record.bytes, record.frames_.end("stopped"));
    return record.bytes;
  }

 private:
  Engine engine_;
  FrameMaker frames_;
  OutputsHash hash_;
  QueryId query_{};
};

}  // namespace intermediary::sim
