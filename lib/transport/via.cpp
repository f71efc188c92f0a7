#include "transport/via.h"

#include "base/text.h"
#include "message/editor.h"
#include "message/values.h"

namespace intermediary {

MessagePtr note_source(const MessagePtr& request, const Arrival& arrival, const Limits& limits) {
  const TopVia& via = request->top_via();
  const auto sent_by = IpAddress::parse(via.host);
  const bool differs = !sent_by || *sent_by != arrival.remote.address;
  if (!via.has_rport && !differs && via.received.empty()) return request;

  Editor editor(*request);
  const std::string received = "received=" + arrival.remote.address.to_string();
  if (!via.received.empty()) {
    editor.splice(via.received_begin, via.received_end, received);  // the sender's claim about itself does not count
  } else if (differs || via.has_rport) {
    editor.splice(via.end, via.end, ";" + received);
  }
  if (via.has_rport) {
    editor.splice(via.rport_begin, via.rport_end, "rport=" + std::to_string(arrival.remote.port));
  }
  Limits room = limits;
  room.datagram_bytes = room.stream_message_bytes = request->bytes().size() + 128;
  auto stamped = Message::parse(editor.finish(), Framing::Whole, room);
  // A line or header section at its very limit has no room for the note: the answer still finds its way by reply_hop().
  return stamped ? *stamped : request;
}

bool may_stand_for(const IpAddress& maddr, const IpAddress& source) {
  return maddr.family() == source.family() && !maddr.is_unspecified() && (!maddr.is_loopback() || source.is_loopback());
}

namespace {

// §18.2.2: "maddr" in the topmost Via, where it is a literal address.
std::optional<IpAddress> maddr_of(const Message& request) {
  const TopVia& top = request.top_via();
  const std::string_view text = request.bytes().substr(top.begin, top.end - top.begin);
  if (text.find("addr") == std::string_view::npos && text.find("ADDR") == std::string_view::npos) return std::nullopt;
  const auto via = parse_via(text);
  const auto maddr = via ? via->parameters.value("maddr") : std::nullopt;
  return maddr ? IpAddress::parse(*maddr) : std::nullopt;
}

}  // namespace

Hop reply_hop(const Message& request, const Arrival& arrival) {
  const TopVia& via = request.top_via();
  Hop hop{arrival.transport, arrival.remote, arrival.listener, arrival.flow};
  const auto maddr = is_reliable(arrival.transport) ? std::nullopt : maddr_of(request);
  if (maddr && may_stand_for(*maddr, arrival.remote.address)) {
    hop.remote.address = *maddr;
  } else if (!is_reliable(arrival.transport) && via.has_rport) {
    return hop;
  }
  hop.remote.port = via.port.value_or(default_port(arrival.transport));
  return hop;
}

std::optional<Hop> hop_from_via(std::string_view text) {
  const auto via = parse_via(text);
  if (!via) return std::nullopt;
  const auto transport = parse_transport(via->transport);
  const auto received = via->parameters.value("received");
  const auto source = IpAddress::parse(received.value_or(via->host));
  if (!transport || !source) return std::nullopt;
  const auto named = transport == Transport::Udp ? via->parameters.value("maddr") : std::nullopt;
  auto maddr = named ? IpAddress::parse(*named) : std::nullopt;
  if (maddr && !may_stand_for(*maddr, *source)) maddr.reset();
  Hop hop{*transport, {maddr.value_or(*source), via->port.value_or(default_port(*transport))}, {}, {}};
  // RFC 3581 §4 is about unreliable transports; a connection's far port is nobody's listener.
  const auto rport = transport == Transport::Udp && !maddr ? via->parameters.value("rport") : std::nullopt;
  if (const auto port = rport ? parse_decimal<std::uint16_t>(*rport) : std::nullopt) hop.remote.port = *port;
  return hop;
}

}  // namespace intermediary
