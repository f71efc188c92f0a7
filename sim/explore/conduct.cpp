#include "sim/explore/conduct.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view decrements = "decrements-max-forwards (RFC 3261 §16.6 step 3)";
constexpr std::string_view adds_one_via = "adds-one-via (RFC 3261 §16.6 step 8)";
constexpr std::string_view unique_branch = "one-request-a-branch (RFC 3261 §16.6 step 8)";
constexpr std::string_view record_routes = "record-routes-as-configured (RFC 3261 §16.6 step 4)";
constexpr std::string_view answers_who_asked = "answers-who-asked (RFC 3261 §16.7 step 9)";
constexpr std::string_view asks_again = "asks-name-servers-again (docs/configuration.md)";
constexpr std::string_view forwards_acks = "forwards-the-ack-of-a-2xx (RFC 3261 §16.11, §13.2.2.4)";

bool has_transactions(const Config& config) {
  return config.proxy.mode != ProxyMode::Stateless &&
         std::ranges::none_of(config.rules, [](const Rule& rule) { return rule.mode == ProxyMode::Stateless; });
}

void judge_hop(const WentOut& branch, const CameIn& parent, const Config& config, Complaints& complaints) {
  const Glance& out = branch.request;
  const Glance& in = parent.request;
  const std::string name = std::string(out.method) + ' ' + std::string(out.uri);
  const unsigned expected = in.max_forwards ? *in.max_forwards - 1 : 70;
  if (out.max_forwards != expected) {
    complaints.add(decrements, branch.first().time,
                   name + " leaves with Max-Forwards " +
                       (out.max_forwards ? std::to_string(*out.max_forwards) : "none") + ", not " +
                       std::to_string(expected));
  }
  if (out.vias != in.vias + 1) complaints.add(adds_one_via, branch.first().time, name + " has not one Via more");
  const bool marks = config.proxy.record_route || config.proxy.outbound || config.proxy.mode == ProxyMode::CallStateful;
  if (out.method != "INVITE" || !in.to_tag.empty()) return;
  if (!marks && out.record_routes != in.record_routes) {
    complaints.add(record_routes, branch.first().time, name + " has a Record-Route of a node that has none");
  }
  if (config.proxy.record_route && config.proxy.mode != ProxyMode::Stateless && out.record_routes <= in.record_routes) {
    complaints.add(record_routes, branch.first().time, name + " goes on without our Record-Route");
  }
  // RFC 5658 §5: of two entries the first is for the side that it leaves on.
  const bool says_tcp = out.record_route.find("transport=tcp") != std::string_view::npos;
  if (out.record_routes == in.record_routes + 2 && says_tcp == branch.over_udp) {
    complaints.add(record_routes, branch.first().time, name + " has our two Record-Routes the wrong way round");
  }
}

// RFC 3261 §18.1.1: what the URI asks for, where we do not speak it, can go nowhere.
bool can_leave(const Glance& ack, const Config& config) {
  const bool asks_tcp = ack.uri.find(";transport=tcp") != std::string_view::npos;
  return !asks_tcp || listens_on(config, Transport::Tcp);
}

bool awaits_connection(const NodeTestimony& seen, TimePoint now) {
  return seen.opened_between(now - tcp_patience, now);
}

void judge_acks(const NodeTestimony& seen, const Config& config, Complaints& complaints) {
  std::map<std::string_view, std::vector<const Seen*>> gone;  // by the branch on which they came
  for (const Seen& ack : seen.acks_out) gone[ack.message.branch_below].push_back(&ack);
  for (const Seen& ack : seen.acks_in) {
    const bool for_us = ack.message.routes > 0 && ack.message.max_forwards.value_or(70) > 0 &&
                        (ack.message.routes > 1 || can_leave(ack.message, config));
    const auto& out = gone[ack.message.branch];
    const auto now =
        std::ranges::find_if(out, [&](const Seen* one) { return one->order > ack.order && one->time == ack.time; });
    // RFC 5626 §5.3: the flow that its Route names may be gone.
    const bool has_lost_one = std::ranges::any_of(seen.closings, [&](TimePoint one) { return one <= ack.time; });
    if (for_us && now == out.end() && !has_lost_one && !awaits_connection(seen, ack.time)) {
      complaints.add(forwards_acks, ack.time, "the ACK of " + std::string(ack.message.call_id) + " does not go on");
    } else if (now != out.end() && ack.message.max_forwards &&
               (*now)->message.max_forwards != *ack.message.max_forwards - 1) {
      complaints.add(decrements, ack.time, "ACK " + std::string(ack.message.uri) + " goes on otherwise");
    }
  }
  if (!has_transactions(config)) return;
  for (const auto& [branch, those] : gone) {
    if (those.empty()) continue;
    const bool came = std::ranges::any_of(seen.acks_in, [&](const Seen& ack) { return ack.message.branch == branch; });
    // The ACK of a refusal that comes once more when Timer I has ended its transaction is taken for that of a 2xx; over
    // connections Timer I is 0.
    const bool is_late = std::ranges::any_of(seen.requests, [&](const CameIn& invite) {
      return invite.request.branch == branch && invite.acknowledged &&
             (!invite.over_udp || those.front()->time >= invite.acknowledged->time + config.timings.t4);
    });
    if (!came && !is_late)
      complaints.add(forwards_acks, those.front()->time, "sends an ACK that is for itself, or never came");
  }
}

// RFC 3261 §18.2.2: the address it came from with the port of its Via, or with the one it came from (RFC 3581 §4).
Endpoint reply_endpoint(const Seen& request) {
  Endpoint endpoint = request.peer;
  if (request.message.rport) return endpoint;
  const std::string_view sent_by = request.message.sent_by;
  const std::size_t colon = sent_by.rfind(':');
  if (colon == std::string_view::npos || sent_by.ends_with(']')) {
    endpoint.port = 5060;
  } else if (const auto port = parse_decimal<std::uint16_t>(sent_by.substr(colon + 1))) {
    endpoint.port = *port;
  }
  return endpoint;
}

// Without transactions every repetition is passed on by itself, with the way that it came in its Via (RFC 3581 §4): the
// next one may come from another port of a NAT box.
bool is_same_but_for_its_way(const Glance& one, const Glance& other) {
  return one.method == other.method && one.uri == other.uri && one.call_id == other.call_id && one.cseq == other.cseq &&
         one.from_tag == other.from_tag && one.to_tag == other.to_tag && one.branch_below == other.branch_below &&
         one.sent_by_below == other.sent_by_below && one.max_forwards == other.max_forwards &&
         one.routes == other.routes;
}

// A request that cannot go on for want of a name server meets one that fails now: what another one met is no reason.
void judge_lookups(const NodeTestimony& seen, Complaints& complaints) {
  for (const CameIn& request : seen.requests) {
    const Seen* refusal = request.refusal_or_success();
    if (!refusal || refusal->message.status != 500 || !request.branches.empty()) continue;
    const TimePoint began = request.first().time, ended = refusal->time;
    const auto in_between = [&](TimePoint one) { return one >= began && one <= ended; };
    const bool earlier = std::ranges::any_of(seen.troubles, [&](TimePoint one) { return one < began; });
    if (!earlier || std::ranges::any_of(seen.troubles, in_between) || awaits_connection(seen, ended)) continue;
    complaints.add(asks_again, ended, named(request.request) + " is refused for a name server's earlier failure");
  }
}

}  // namespace

bool listens_on(const Config& config, Transport transport) {
  return std::ranges::any_of(config.listeners, [&](const ListenerConfig& one) { return one.transport == transport; });
}

void Complaints::add(std::string_view promise, TimePoint when, const std::string& what) {
  lines_.push_back(std::string(promise) + ": " + node_ + ": " + what + " at " + seconds_text(when.time_since_epoch()));
}

void judge_forwarding(const NodeTestimony& seen, const Config& config, Complaints& complaints) {
  for (const WentOut& branch : seen.branches) {
    if (branch.parent != WentOut::of_its_own) judge_hop(branch, seen.requests[branch.parent], config, complaints);
    for (const Seen& again : branch.sent) {
      const bool remembers = has_transactions(config) &&
                             (branch.parent == WentOut::of_its_own || !seen.requests[branch.parent].is_for_nothing);
      if (remembers ? again.message.bytes == branch.request.bytes
                    : is_same_but_for_its_way(again.message, branch.request)) {
        continue;
      }
      complaints.add(unique_branch, again.time,
                     "two different requests leave on branch " + std::string(branch.request.branch));
      break;
    }
  }
  // RFC 3261 §16.11: who keeps no state loses nothing in a restart, and passes on what was asked before.
  const bool remembers_all = !seen.restarted || has_transactions(config);
  for (const Seen& stray : seen.strays_out) {
    if (!remembers_all) break;
    if (stray.message.method == "CANCEL") continue;  // §16.10: passed on without state, so is its answer
    complaints.add(answers_who_asked, stray.time,
                   "sends " + std::to_string(stray.message.status) + ' ' + std::string(stray.message.method) + " to " +
                       stray.peer.to_string() + ", which has not asked");
  }
  for (const CameIn& request : seen.requests) {
    for (const Seen& answer : request.answers) {
      // RFC 3261 §18.2.2: another connection may be opened.
      // Likewise where an ICMP error said that nobody is there.
      if (!request.bounced.empty() && answer.time >= request.bounced.front()) break;
      const bool asked = std::ranges::any_of(request.arrivals, [&](const Seen& arrival) {
        const Endpoint back = reply_endpoint(arrival);  // a NAT box may have moved whoever repeats
        return arrival.order < answer.order &&
               (request.over_udp ? answer.peer == back : answer.peer.address == back.address);
      });
      if (asked) continue;
      complaints.add(answers_who_asked, answer.time,
                     "answers " + request.first().peer.to_string() + " at " + answer.peer.to_string());
      break;
    }
  }
  judge_acks(seen, config, complaints);
}

std::vector<std::string> misconduct(const std::string& node, const NodeTestimony& seen, const Config& config) {
  Complaints complaints(node);
  judge_forwarding(seen, config, complaints);
  if (has_transactions(config)) {
    judge_transactions(seen, config, complaints);
    judge_searches(seen, config, complaints);
    judge_lookups(seen, complaints);
  }
  return complaints.take();
}

}  // namespace intermediary::sim
