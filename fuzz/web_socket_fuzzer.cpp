// WebSocket under any bytes. The first byte of an input chooses: even, the rest is an upgrade request, to listeners
// that ask nothing, for an Origin, and for who it is; odd, it is what a client sends behind it, read at once and cut in
// two where the byte says.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "base/connection_limits.h"
#include "base/overloaded.h"
#include "fuzz/one_input.h"
#include "runtime/net/web_socket.h"
#include "runtime/net/web_socket_upgrade.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// Somebody who may connect: alice, by her password "secret" or by a cookie that is signed with this key.
Config configuration() {
  Config config;
  config.handshake_auth = {
      {.name = "web", .auth = "users", .cookie = "session", .cookie_key = "0123456789abcdef0123456789abcdef"}};
  config.auth.emplace_back().name = "users";
  config.auth[0].realm = "example.com";
  config.auth[0].users["alice"] = secrets_from_password("alice", "example.com", "secret");
  config.listeners = {{"open", Transport::Wss}, {"origins", Transport::Wss}, {"people", Transport::Wss}};
  config.listeners[1].origins = {"https://phone.example.com"};
  config.listeners[2].handshake_auth = "web";
  return config;
}

void fuzz_people(std::string_view bytes, const UpgradeRules& rules, const UpgradeVerdict& open) {
  using Kind = UpgradeVerdict::Kind;
  constexpr WallTime early{std::chrono::seconds(1'799'999'999)}, late{std::chrono::seconds(1'800'000'000)};
  const UpgradeVerdict verdict = check_upgrade(bytes, rules, early);
  require(open.kind == verdict.kind || open.kind == Kind::Accepted, "to ask who it is lets nobody else in");
  if (open.kind != Kind::Accepted) return require(open.response == verdict.response, "it is asked last");
  if (verdict.kind == Kind::Refused) {
    require(verdict.response.starts_with("HTTP/1.1 401 "), "it is challenged");
    require(verdict.response.contains("\r\nWWW-Authenticate: Basic realm=\"example.com\""), "and told for what");
    return require(check_upgrade(bytes, rules, late).kind == Kind::Refused, "who is refused is refused later, too");
  }
  require(verdict.response == open.response && verdict.consumed == open.consumed, "the answer is the same");
  // Nobody else can be made of these bytes but by the key or the password.
  require(verdict.user.name == "alice", "it is somebody who is known");
  const bool by_cookie = verdict.user.by == "cookie";
  require(by_cookie || verdict.user.by == "basic", "by one of two ways");
  const UpgradeVerdict later = check_upgrade(bytes, rules, late);
  require(later.user.by != "cookie", "a session ends");
}

void fuzz_upgrade(std::string_view bytes) {
  using Kind = UpgradeVerdict::Kind;
  static const Config config = configuration();
  const auto verdict_of = [&](std::size_t listener, std::string_view text) {
    return check_upgrade(text, upgrade_rules(config, config.listeners[listener]), {});
  };
  const UpgradeVerdict open = verdict_of(0, bytes), closed = verdict_of(1, bytes);
  require(open.kind != Kind::Refused || closed.kind == Kind::Refused, "a list of origins lets nobody else in");
  require((open.kind == Kind::NeedsMore) == open.response.empty(), "whoever is not waited for is answered");
  require(open.kind != Kind::NeedsMore || bytes.size() < limit::upgrade_request_bytes, "a request has a limit");
  require((open.kind == Kind::Refused) != open.reason.empty(), "a refusal has a reason");
  fuzz_people(bytes, upgrade_rules(config, config.listeners[2]), open);
  if (open.kind != Kind::Accepted) return;
  require(open.consumed <= bytes.size(), "no more is used up than came");
  require(open.response.starts_with("HTTP/1.1 101 ") && open.response.find('\0') == std::string::npos, "one answer");
  require(verdict_of(0, bytes.substr(0, open.consumed)).kind == Kind::Accepted, "what is behind does not matter");
  require(verdict_of(0, bytes.substr(0, open.consumed - 1)).kind == Kind::NeedsMore, "and less is not enough");
}

void read(web_socket::Reader& reader, std::string_view bytes, std::string& events) {
  reader.feed(bytes);
  while (const auto event = reader.next()) {
    std::visit(Overloaded{
                   [&](const web_socket::Data& data) {
                     require(data.bytes.size() <= limit::web_socket_message_bytes, "a message has a limit");
                     const std::string frame = web_socket::message_frame(data.bytes);
                     require(frame.ends_with(data.bytes), "a message that is sent is whole");
                     events += "data " + data.bytes + '\n';
                   },
                   [&](const web_socket::Ping& ping) {
                     require(ping.bytes.size() <= 125, "a ping has a limit");
                     events += "ping " + ping.bytes + '\n';
                   },
                   [&](const web_socket::End& end) {
                     require(end.code >= 1000 && end.code < 5000 && end.code != web_socket::no_status,
                             "a code that may be sent");
                     events += "end " + std::to_string(end.code) + end.reason + '\n';
                   },
               },
               *event);
  }
}

void fuzz_frames(std::string_view bytes, std::size_t where) {
  std::string whole, cut;
  web_socket::Reader at_once, in_two;
  read(at_once, bytes, whole);
  const std::size_t at = bytes.size() * where / 256;
  read(in_two, bytes.substr(0, at), cut);
  read(in_two, bytes.substr(at), cut);
  require(whole == cut, "the same frames at every cut");
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<unsigned char>(input.front());
  if (first % 2 == 0) return fuzz_upgrade(input.substr(1));
  fuzz_frames(input.substr(1), first);
}
