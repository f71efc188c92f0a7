#include "proxy/stateless.h"

#include <algorithm>
#include <charconv>

#include "base/overloaded.h"
#include "base/text.h"
#include "proxy/branch_id.h"
#include "proxy/breadth.h"
#include "proxy/forwarding.h"

namespace intermediary {

namespace {

constexpr std::size_t mtu_margin = 200;  // §18.1.1

StatelessKey key_of(const Message& request) {
  const TopVia& via = request.top_via();
  return {via.branch, via.host, via.port, request.call_id(), request.from_tag(), request.cseq().number};
}

// A maddr is rare: its Via is parsed for it.
std::string maddr_of(const Message& request) {
  const TopVia& top = request.top_via();
  const std::string_view text = request.bytes().substr(top.begin, top.end - top.begin);
  if (text.find("addr") == text.npos && text.find("ADDR") == text.npos) return {};
  const auto via = parse_via(text);
  return via ? std::string(via->parameters.value("maddr").value_or("")) : std::string();
}

// One form of an address, which an answer may bring back in another (with brackets: RFC 5118 §4.5).
std::string canonical(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed ? parsed->to_string() : std::string(address);
}

// ";in=2-PROOF" or, for a connection, ";in=2.1f-PROOF".
std::string way_back(const HashKey& key, std::string_view branch, const Message& request, const Arrival& arrival) {
  const TopVia& via = request.top_via();
  const std::string received = canonical(via.received), maddr = maddr_of(request);
  const WayBack way{via.transport, received, maddr, via.rport, arrival.listener, arrival.flow};
  std::string text = ";in=" + std::to_string(arrival.listener.value);
  if (arrival.flow) text += "." + to_hex(arrival.flow.value);
  text.append("-").append(way_back_proof(key, branch, way).view());
  return text;
}

// Listener and flow from the value of "in"; false when somebody has changed it or the Via that it belongs to.
bool read_way_back(const HashKey& key, std::string_view branch, std::string_view in, const Via& via,
                   StatelessReply& reply) {
  const auto dash = static_cast<std::size_t>(std::ranges::find(in, '-') - in.begin());
  const std::string_view place = in.substr(0, dash);
  const std::size_t dot = std::min(place.find('.'), place.size());
  reply.listener = ListenerId{parse_decimal<std::uint32_t>(place.substr(0, dot)).value_or(0)};
  const std::string_view hex = place.substr(std::min(dot + 1, place.size()));
  std::from_chars(hex.data(), hex.data() + hex.size(), reply.flow.value, 16);
  const auto rport = via.parameters.value("rport");
  const std::string received = canonical(via.parameters.value("received").value_or(""));
  const WayBack way{parse_transport(via.transport),
                    received,
                    via.parameters.value("maddr").value_or(""),
                    rport ? parse_decimal<std::uint16_t>(*rport) : std::nullopt,
                    reply.listener,
                    reply.flow};
  return dash < in.size() && in.substr(dash + 1) == way_back_proof(key, branch, way);
}

}  // namespace

std::optional<Refusal> StatelessProxy::forward(const Preprocessed& request, const Arrival& arrival,
                                               const Target& target) {
  if (target.hop) return send(request, arrival, target, *target.hop);
  Uri room;
  const auto uri = next_hop(request, target, room);
  if (!uri) return uri.error();
  return std::visit(Overloaded{
                        [&](const Hop& hop) { return send(request, arrival, target, hop); },
                        [&](const std::vector<Hop>& hops) { return send(request, arrival, target, hops.front()); },
                        [&](HopQuery query) {
                          waiting_.emplace(query, Waiting{request, arrival, target});
                          return std::optional<Refusal>{};
                        },
                        [&](const Refusal& refusal) {
                          std::optional<Refusal> refused(refusal);
                          if (refused->status == 503) refused->status = 500;  // §16.7 step 6: it is not about us
                          return refused;
                        },
                    },
                    port_.find_hop(**uri, HopOrder::Fixed));
}

std::optional<Refusal> StatelessProxy::send(const Preprocessed& request, const Arrival& arrival, const Target& target,
                                            Hop hop) {
  const std::string branch = stateless_branch(settings_.key, key_of(*request.request));
  const std::string back = way_back(settings_.key, branch, *request.request, arrival);
  // RFC 5393 §5.4.1: a CANCEL has no use for a Max-Breadth.
  Breadth breadth;
  if (request.request->method() != Method::Cancel) {
    const auto read = breadth_of(*request.request, settings_.max_breadth);
    if (!read) return read.error();
    breadth = *read;
  }
  const auto build = [&](Hop& to) -> std::string {
    const LocalNames::Listener* out = names_.for_sending(to.transport, to.remote.address.family(), to.listener);
    if (!out) return {};
    to.listener = out->id;
    const LocalNames::Listener* in = names_.find(arrival.listener);
    return forward_request({request, target, to, in ? *in : *out, arrival.transport, *out, branch, back,
                            settings_.record_route, breadth.incoming, breadth.stated},
                           settings_);
  };
  std::string bytes = build(hop);
  const bool too_large = hop.transport == Transport::Udp && bytes.size() + mtu_margin > settings_.path_mtu &&
                         !target.hop;  // a flow of datagrams has no other way
  if (too_large && settings_.tcp_for_large_requests) {
    Hop over_tcp = hop;
    over_tcp.transport = Transport::Tcp;
    std::string larger = build(over_tcp);
    if (!larger.empty()) {
      bytes = std::move(larger);
      hop = over_tcp;
    }
  }
  if (bytes.empty()) {
    return Refusal{
        500,
        "no " + std::string(via_name(hop.transport)) + " listener to reach " + hop.remote.to_string() + " from",
        {}};
  }
  port_.send(hop, std::move(bytes));
  return std::nullopt;
}

std::optional<StatelessReply> StatelessProxy::reply(const Message& response) const {
  const TopVia& top = response.top_via();
  if (!is_stateless_branch(top.branch) || !names_.is_our_sent_by(top.host, top.port)) return std::nullopt;
  const std::vector<Entry> vias = entries(response, FieldName::Via);
  if (vias.size() < 2) return std::nullopt;
  const auto next = parse_via(text(response, vias[1]));
  const auto own = parse_via(text(response, vias[0]));
  if (!next || !own) return std::nullopt;
  const std::string next_branch(next->parameters.value("branch").value_or(""));
  const StatelessKey key{next_branch,        next->host,          next->port,
                         response.call_id(), response.from_tag(), response.cseq().number};
  if (stateless_branch(settings_.key, key) != top.branch) return std::nullopt;
  const auto in = own->parameters.value("in");
  StatelessReply reply;
  if (!in || !read_way_back(settings_.key, top.branch, *in, *next, reply)) return std::nullopt;
  reply.next_via = text(response, vias[1]);
  reply.bytes = pass_back(response);
  return reply;
}

bool StatelessProxy::resolved(HopQuery query, const ResolvedHops& hops) {
  const auto found = waiting_.find(query);
  if (found == waiting_.end()) return false;
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  std::string reason;
  if (!hops) {
    reason = hops.error();
  } else if (const auto refusal = send(waiting.request, waiting.arrival, waiting.target, hops->front())) {
    reason = refusal->reason;
  }
  // Nothing is kept that could still answer: the sender's own timer does (§16.11).
  if (!reason.empty()) port_.emit(SendFailed{{}, std::string(waiting.request.request->call_id()), reason});
  return true;
}

}  // namespace intermediary
