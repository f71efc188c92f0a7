// message_instructions MODE LOOPS: does one thing to one INVITE of 914 bytes, LOOPS times, for an instruction counter.
//
//   index   Message::parse, and the message thrown away
//   fields  index, and all that a stateful proxy asks of an INVITE (RFC 3261 §16.3 to §16.6)
//   edit    what a proxy changes on the way (§16.6, RFC 3581 §4), and the new message written, from an index that
//   stands
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "message/editor.h"
#include "message/message.h"
#include "message/uri.h"
#include "message/values.h"

namespace {

using namespace intermediary;

constexpr std::string_view invite =
    "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9b3a1c5e2d70f41a6;rport\r\n"
    "Max-Forwards: 70\r\n"
    "Route: <sip:ss1.atlanta.example.com;lr>\r\n"
    "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl3c1d0e2\r\n"
    "To: Bob <sip:bob@biloxi.example.com>\r\n"
    "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:alice@client.atlanta.example.com;transport=udp>\r\n"
    "Supported: replaces, timer, path\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO, UPDATE\r\n"
    "User-Agent: Example Softphone 4.2.1 (Linux x86_64)\r\n"
    "Session-Expires: 1800;refresher=uac\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 238\r\n"
    "\r\n"
    "v=0\r\n"
    "o=alice 2890844526 2890844526 IN IP4 client.atlanta.example.com\r\n"
    "s=-\r\n"
    "c=IN IP4 192.0.2.101\r\n"
    "t=0 0\r\n"
    "m=audio 49172 RTP/AVP 0 8 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=ptime:20\r\n"
    "a=sendrecv\r\n";
static_assert(invite.size() == 914);

MessagePtr parse() {
  auto result = Message::parse(std::string(invite), Framing::Datagram, Limits{});
  if (result) return *std::move(result);
  std::cerr << result.error().error.to_string() << '\n';
  std::exit(1);
}

std::size_t index() { return parse()->fields().size(); }

std::size_t fields() {
  const MessagePtr m = parse();
  std::size_t sum = m->top_via().branch.size() + m->cseq().number + m->call_id().size() + m->from_tag().size() +
                    m->to_tag().size() + m->max_forwards().value_or(0);
  sum += Uri::parse(m->request_uri())->host.size();
  for (const Entry& route : entries(*m, FieldName::Route)) {
    sum += parse_name_address(text(*m, route))->uri.host.size();
  }
  sum += entries(*m, FieldName::Via).size();  // the search for loops
  sum += tokens(*m, FieldName::ProxyRequire).size();
  sum += m->has(FieldName::RecordRoute) + m->has(FieldName::MaxBreadth) + m->has(FieldName::ProxyAuthorization);
  return sum;
}

std::size_t edit(const Message& m) {
  Editor editor(m);
  editor.set_request_uri("sip:bob@192.0.2.4:5061;transport=udp");
  editor.splice(m.top_via().rport_begin, m.top_via().rport_end, "rport=5060;received=192.0.2.101");
  editor.prepend(FieldName::Via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK2d4790f98a7d25c1e0;rport");
  editor.set(FieldName::MaxForwards, "69");
  editor.prepend(FieldName::RecordRoute, "<sip:192.0.2.1;lr>");
  editor.remove(*m.find(FieldName::Route));
  return editor.finish().size();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  const auto loops = parse_decimal<std::size_t>(argc == 3 ? argv[2] : "");
  if (!loops || (mode != "index" && mode != "fields" && mode != "edit")) {
    std::cerr << "usage: message_instructions index|fields|edit LOOPS\n";
    return 2;
  }
  const MessagePtr standing = parse();
  std::size_t sum = 0;
  for (std::size_t i = 0; i < *loops; ++i) {
    sum += mode == "index" ? index() : mode == "fields" ? fields() : edit(*standing);
  }
  std::cout << sum << '\n';
}
