// WebSocket under any bytes. The first byte of an input chooses: even, the rest is an upgrade request; odd, it is what
// a client sends behind it, read at once and cut in two where the byte says.
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

void fuzz_upgrade(std::string_view bytes) {
  using Kind = UpgradeVerdict::Kind;
  const std::vector<std::string> origins = {"https://phone.example.com"};
  const UpgradeVerdict open = check_upgrade(bytes, {}), closed = check_upgrade(bytes, origins);
  require(open.kind != Kind::Refused || closed.kind == Kind::Refused, "a list of origins lets nobody else in");
  require((open.kind == Kind::NeedsMore) == open.response.empty(), "whoever is not waited for is answered");
  require(open.kind != Kind::NeedsMore || bytes.size() < limit::upgrade_request_bytes, "a request has a limit");
  require((open.kind == Kind::Refused) != open.reason.empty(), "a refusal has a reason");
  if (open.kind != Kind::Accepted) return;
  require(open.consumed <= bytes.size(), "no more is used up than came");
  require(open.response.starts_with("HTTP/1.1 101 ") && open.response.find('\0') == std::string::npos, "one answer");
  require(check_upgrade(bytes.substr(0, open.consumed), {}).kind == Kind::Accepted, "what is behind does not matter");
  require(check_upgrade(bytes.substr(0, open.consumed - 1), {}).kind == Kind::NeedsMore, "and less is not enough");
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
