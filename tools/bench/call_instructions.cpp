// call_instructions MODE LOOPS: drives an engine in memory, LOOPS times, for an instruction counter that looks at what
// runs inside of Engine::handle, poll and next_deadline; the parties that make the messages are not what is measured.
//
//   stateless  one INVITE of 0.8 kB forwarded by the stateless proxy
//   refused    one INVITE of 0.8 kB that [overload] refuses, and the ACK of its 503
//   stateful   one call through the stateful proxy that records its route. INVITE, 100, 180, 200, ACK, BYE and 200 come
//              in and as many go out, 40 ms a message, so that transactions linger as they do in life
//   known      a REGISTER that is challenged, and one with wrong credentials for a user who is there
//   unknown    the same for one who is not
//   stored-known, stored-unknown  the same with users in a store, which is asked each time
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace {

using namespace intermediary;

constexpr std::string_view sdp =
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    "m=audio 49172 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n";

// Both parties of a call and the proxy between them.
class Bench {
 public:
  explicit Bench(std::string_view what) : engine_(config(what), seed_from_number(1)) {
    engine_.add_binding(TimePoint{}, "sip:bob@example.com", "sip:bob@192.0.2.20:5060", std::chrono::hours(1000));
  }

  void stateless() {
    begin();
    from_alice(request("INVITE", "sip:bob@example.com", 1, "", sdp));
    expect(1);
  }

  void refused() {
    begin();
    from_alice(request("INVITE", "sip:bob@example.com", 1, "", sdp));
    expect(1);
    const std::string to = field(sent_.front(), "To: ");
    from_alice(request("ACK", "sip:bob@example.com", 1, "", "", to.substr(to.find(';'))));
    expect(0);
  }

  // Whoever guesses shall not see by the time it takes which users there are.
  void guess(const std::string& user) {
    begin();
    from_alice(registration(1, ""));
    expect(1);
    const std::string challenge = field(sent_.front(), "WWW-Authenticate: ");
    const std::size_t nonce = challenge.find("nonce=\"") + 7;
    from_alice(registration(2, "Authorization: Digest username=\"" + user +
                                   "\", realm=\"example.com\", algorithm=SHA-256, uri=\"sip:example.com\", qop=auth, "
                                   "nc=00000001, cnonce=\"0a4f113b\", nonce=\"" +
                                   challenge.substr(nonce, challenge.find('"', nonce) - nonce) + "\", response=\"" +
                                   std::string(64, 'a') + "\"\r\n"));
    if (asked_) answer_for(user);
    expect(1);
    if (!sent_.front().starts_with("SIP/2.0 40")) std::exit(1);
  }

  void call() {
    begin();
    from_alice(request("INVITE", "sip:bob@example.com", 1, "", sdp));
    expect(2);  // 100 and INVITE
    const std::string invite = sent_.back();
    from_bob(response(invite, "100 Trying", ""));
    expect(0);
    from_bob(response(invite, "180 Ringing", ""));
    expect(1);
    from_bob(response(invite, "200 OK", sdp));
    expect(1);
    const std::string route = "Route: " + field(invite, "Record-Route: ") + "\r\n";
    from_alice(request("ACK", "sip:bob@192.0.2.20:5060", 1, route, ""));
    expect(1);
    from_alice(request("BYE", "sip:bob@192.0.2.20:5060", 2, route, ""));
    expect(1);
    from_bob(response(sent_.back(), "200 OK", ""));
    expect(1);
  }

 private:
  static Config config(std::string_view what) {
    const ProxyMode mode = what == "stateless" ? ProxyMode::Stateless : ProxyMode::Stateful;
    Config config;
    config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    config.domains = {"example.com"};
    config.proxy.mode = mode;
    config.proxy.record_route = mode == ProxyMode::Stateful;
    config.rules = {{"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
    if (what.ends_with("known")) ask_who_registers(config);
    if (what.starts_with("stored")) put_users_outside(config);
    if (what == "refused") config.overload.memory = 900;  // the one binding is more than four fifths of that
    return config;
  }

  static void ask_who_registers(Config& config) {
    DigestRealm users{.name = "users", .realm = "example.com"};
    users.users["alice"] = secrets_from_password("alice", "example.com", "secret");
    config.auth = {users};
    Rule registrations{"registrations", RuleMatch{.methods = {"REGISTER"}}, RegisterAction{}, std::nullopt};
    registrations.challenge = "users";
    config.rules.insert(config.rules.begin(), registrations);
  }

  static void put_users_outside(Config& config) {
    config.auth[0].is_outside = true;
    config.auth[0].users.clear();
    config.auth[0].remembered = Duration(1);
    config.user_stores = {{.auth = "users", .store = {}}};
    config.user_stores[0].store.kind = StoreConfig::Kind::Redis;
  }

  void answer_for(const std::string& user) {
    UserFound found;
    if (user == "alice") found.hashes = secrets_from_password("alice", "example.com", "secret");
    found.hashes[2].clear();  // as stores have them
    engine_.handle(now_, StoreReplied{*std::exchange(asked_, {}), std::move(found)});
    drain();
  }

  void begin() { ++number_; }

  void receive(std::string_view from, std::string bytes) {
    sent_.clear();
    now_ += std::chrono::milliseconds(40);
    for (auto due = engine_.next_deadline(); due && *due <= now_; due = engine_.next_deadline()) {
      engine_.handle(*due, DeadlineReached{});
      drain();
      sent_.clear();
    }
    engine_.handle(now_, DatagramReceived{ListenerId{1}, *Endpoint::parse(from), std::move(bytes)});
    drain();
  }
  void drain() {
    while (auto output = engine_.poll()) {
      if (auto* transmit = std::get_if<Transmit>(&*output)) sent_.push_back(std::move(transmit->bytes));
      if (const auto* request = std::get_if<StoreRequest>(&*output)) asked_ = request->query;
    }
  }
  void from_alice(std::string bytes) { receive("192.0.2.10:5060", std::move(bytes)); }
  void from_bob(std::string bytes) { receive("192.0.2.20:5060", std::move(bytes)); }
  void expect(std::size_t count) const {
    if (sent_.size() == count) return;
    std::cerr << "expected " << count << " messages, the engine sent " << sent_.size() << '\n';
    std::exit(1);
  }

  std::string request(const std::string& method, const std::string& uri, int cseq, const std::string& route,
                      std::string_view body, const std::string& to_tag = ";tag=b1") const {
    const std::string call = std::to_string(number_);
    std::string text = method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-" + call +
                       "-" + method + "\r\n" + route + "Max-Forwards: 70\r\nFrom: Alice <sip:alice@example.com>;tag=a" +
                       call + "\r\nTo: Bob <sip:bob@example.com>" + (method == "INVITE" ? "" : to_tag) +
                       "\r\nCall-ID: " + call + "@192.0.2.10\r\nCSeq: " + std::to_string(cseq) + " " + method +
                       "\r\nContact: <sip:alice@192.0.2.10:5060>\r\nUser-Agent: Example Softphone 4.2.1\r\n"
                       "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\nSupported: replaces, timer\r\n";
    if (!body.empty()) text += "Content-Type: application/sdp\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return text.append(body);
  }

  std::string registration(int cseq, const std::string& credentials) const {
    const std::string call = std::to_string(number_);
    return "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-" + call + "-" +
           std::to_string(cseq) + "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a" + call +
           "\r\nTo: <sip:alice@example.com>\r\nCall-ID: " + call + "@192.0.2.10\r\nCSeq: " + std::to_string(cseq) +
           " REGISTER\r\nContact: <sip:alice@192.0.2.10:5060>\r\n" + credentials + "Content-Length: 0\r\n\r\n";
  }

  // Value of the first line that begins so.
  static std::string field(const std::string& message, const std::string& name) {
    const std::size_t begin = message.find("\r\n" + name) + 2 + name.size();
    return message.substr(begin, message.find("\r\n", begin) - begin);
  }

  static std::string response(const std::string& request, const std::string& status, std::string_view body) {
    std::string text = "SIP/2.0 " + status + "\r\n";
    std::size_t at = request.find("\r\n") + 2;
    while (request[at] != '\r') {
      const std::size_t end = request.find("\r\n", at) + 2;
      const std::string line = request.substr(at, end - at);
      at = end;
      const bool copied = line.starts_with("Via:") || line.starts_with("From:") || line.starts_with("Call-ID:") ||
                          line.starts_with("CSeq:") || line.starts_with("Record-Route:");
      if (copied) text += line;
      if (line.starts_with("To:")) {
        text += line.find(";tag=") == std::string::npos ? line.substr(0, line.size() - 2) + ";tag=b1\r\n" : line;
      }
    }
    text += "Contact: <sip:bob@192.0.2.20:5060>\r\n";
    if (!body.empty()) text += "Content-Type: application/sdp\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return text.append(body);
  }

  Engine engine_;
  TimePoint now_{};
  long number_ = 0;
  std::vector<std::string> sent_;
  std::optional<QueryId> asked_;  // of a store, and not answered yet
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  const std::map<std::string_view, void (*)(Bench&)> modes = {
      {"stateless", [](Bench& bench) { bench.stateless(); }},
      {"stateful", [](Bench& bench) { bench.call(); }},
      {"refused", [](Bench& bench) { bench.refused(); }},
      {"known", [](Bench& bench) { bench.guess("alice"); }},
      {"unknown", [](Bench& bench) { bench.guess("carol"); }},
      {"stored-known", [](Bench& bench) { bench.guess("alice"); }},
      {"stored-unknown", [](Bench& bench) { bench.guess("carol"); }}};
  const auto found = modes.find(mode);
  if (found == modes.end()) {
    std::cerr << "usage: call_instructions stateless|stateful|refused|[stored-]known|[stored-]unknown LOOPS\n";
    return 2;
  }
  Bench bench(mode);
  const long loops = std::atol(argv[2]);
  for (long i = 0; i < loops; ++i) found->second(bench);
  return 0;
}
