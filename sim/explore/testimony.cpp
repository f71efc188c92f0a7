#include "sim/explore/testimony.h"

#include <algorithm>

namespace intermediary::sim {
namespace {

// Of a request that came (RFC 3261 §17.2.3); an ACK or CANCEL asks for its INVITE.
std::string server_key(std::string_view method, std::string_view branch, std::string_view sent_by) {
  std::string key(method);
  key.append(" ").append(branch).append(" ").append(sent_by);
  return key;
}

// Of a request that went (§17.1.3).
std::string client_key(std::string_view method, std::string_view branch) { return server_key(method, branch, {}); }

bool is_acknowledgement_or_cancellation(const Glance& message) {
  return message.method == "ACK" || message.method == "CANCEL";
}

}  // namespace

const Seen* CameIn::refusal_or_success() const {
  const auto found = std::ranges::find_if(answers, [](const Seen& answer) { return answer.message.is_final(); });
  return found == answers.end() ? nullptr : &*found;
}

bool CameIn::begins_again(Duration life) const {
  const Seen* answer = refusal_or_success();
  if (!answer || arrivals.back().order < answer->order) return false;
  return !over_udp || arrivals.back().time >= answer->time + life;
}

const Seen* WentOut::first_answer(int least, int most) const {
  const auto found = std::ranges::find_if(
      answers, [&](const Seen& seen) { return seen.message.status >= least && seen.message.status <= most; });
  return found == answers.end() ? nullptr : &*found;
}

bool NodeTestimony::opened_between(TimePoint from, TimePoint until) const {
  return std::ranges::any_of(openings, [&](TimePoint opening) { return opening >= from && opening <= until; });
}

Testimony::Testimony(const std::vector<HostId>& nodes) {
  for (const HostId node : nodes) nodes_.emplace(node, Node{});
}

std::optional<Glance> Testimony::keep(std::string_view bytes) {
  kept_.emplace_back(bytes);
  auto message = Glance::at(kept_.back());
  if (!message) kept_.pop_back();
  return message;
}

void Testimony::restarted(HostId host, TimePoint now) {
  Node& node = nodes_.at(host);
  const bool had_connections = !node.flows.empty();
  node = {};
  node.seen.restarted = now;
  if (had_connections) node.seen.closings.push_back(now);
}

// ---- what arrives

void Testimony::came(TimePoint now, HostId host, const Input& input) {
  ++order_;
  const auto found = nodes_.find(host);
  if (found == nodes_.end()) return;
  Node& node = found->second;
  if (const auto* datagram = std::get_if<DatagramReceived>(&input)) {
    const auto message = keep(datagram->bytes);
    if (message) came(node, {now, order_, *message, datagram->remote}, true);
  } else if (const auto* bytes = std::get_if<StreamReceived>(&input)) {
    const auto message = keep(bytes->bytes);
    if (message) came(node, {now, order_, *message, node.flows[bytes->flow]}, false);
  } else if (const auto* opened = std::get_if<FlowOpened>(&input)) {
    node.flows.insert_or_assign(opened->flow, opened->remote);
  } else if (const auto* failed = std::get_if<DatagramFailed>(&input)) {
    if (const auto message = Glance::at(failed->bytes)) bounced(node, {now, order_}, *message);
  } else if (const auto* answer = std::get_if<DnsAnswered>(&input)) {
    if (!answer->answer && answer->answer.error().is_trouble()) node.seen.troubles.push_back(now);
  } else if (const auto* gone = std::get_if<FlowClosed>(&input)) {
    closed(node, {now, order_}, gone->flow);
  }
}

void Testimony::came(Node& node, const Seen& seen, bool over_udp) {
  ++node.seen.messages_in;
  if (seen.message.is_request()) {
    request_came(node, seen, over_udp);
  } else {
    response_came(node, seen);
  }
}

void Testimony::request_came(Node& node, const Seen& seen, bool over_udp) {
  const Glance& message = seen.message;
  bool is_for_nothing = false;
  if (is_acknowledgement_or_cancellation(message)) {
    const auto invite = node.requests.find(server_key("INVITE", message.branch, message.sent_by));
    is_for_nothing = invite == node.requests.end();
    if (invite != node.requests.end()) {
      CameIn& request = node.seen.requests[invite->second];
      auto& noted = message.method == "ACK" ? request.acknowledged : request.cancelled;
      if (!noted) noted = seen;
    }
    if (message.method == "ACK") {
      // That of a 2xx may have the branch of its INVITE: user agents of RFC 2543 had no other.
      const Seen* answer =
          invite == node.requests.end() ? nullptr : node.seen.requests[invite->second].refusal_or_success();
      if (invite == node.requests.end() || (answer && answer->message.status < 300)) node.seen.acks_in.push_back(seen);
      return;
    }
  }
  const auto [known, is_new] =
      node.requests.emplace(server_key(message.method, message.branch, message.sent_by), node.seen.requests.size());
  if (is_new) {
    CameIn request;
    request.request = message;
    request.over_udp = over_udp;
    request.is_for_nothing = is_for_nothing;
    node.seen.requests.push_back(std::move(request));
  }
  node.seen.requests[known->second].arrivals.push_back(seen);
}

void Testimony::response_came(Node& node, const Seen& seen) {
  const auto branch = node.branches.find(client_key(seen.message.method, seen.message.branch));
  if (branch != node.branches.end()) node.seen.branches[branch->second].answers.push_back(seen);
}

void Testimony::bounced(Node& node, const Moment& now, const Glance& message) {
  if (!message.is_request()) {
    const Key key = server_key(message.method, message.branch, message.sent_by);
    const auto asked = node.requests.find(key);
    if (asked == node.requests.end()) {
      node.bounced.insert(key);
    } else {
      node.seen.requests[asked->second].bounced.push_back(now.time);
    }
    return;
  }
  const std::string_view method = message.method == "ACK" ? "INVITE" : message.method;
  const auto branch = node.branches.find(client_key(method, message.branch));
  if (branch == node.branches.end()) return;
  auto& noted = node.seen.branches[branch->second].undeliverable;
  if (!noted) noted = now;
}

// RFC 3261 §17.1.4: that ends what waits there for an answer. Whose own connection is gone may not be reached any more.
void Testimony::closed(Node& node, const Moment& now, FlowId flow) {
  const auto gone = node.flows.find(flow);
  if (gone == node.flows.end()) return;
  node.seen.closings.push_back(now.time);
  for (WentOut& branch : node.seen.branches) {
    const bool there = !branch.over_udp && branch.first().peer.address == gone->second.address;
    if (there && !branch.undeliverable) branch.undeliverable = now;
  }
  for (CameIn& request : node.seen.requests) {
    if (!request.over_udp && request.first().peer == gone->second && !request.hung_up) request.hung_up = now.time;
  }
}

// ---- what is sent

void Testimony::went(const Transmission& sent) {
  ++order_;
  const auto node = nodes_.find(sent.from);
  if (node == nodes_.end()) return;
  if (sent.kind == Transmission::Kind::Open) node->second.seen.openings.push_back(sent.time);
  if (sent.kind != Transmission::Kind::Message) return;
  const auto message = keep(sent.bytes);
  if (!message) return;
  ++node->second.seen.messages_out;
  Seen seen{sent.time, order_, *message, sent.destination};
  // Of a connection the network tells its true ends.
  const auto box = sent.transport == Transport::Udp ? outside_.end() : outside_.find(sent.to);
  if (box != outside_.end()) seen.peer.address = box->second;
  if (message->is_request()) {
    request_went(node->second, seen, sent.to, sent.transport == Transport::Udp);
  } else {
    response_went(node->second, seen);
  }
}

void Testimony::request_went(Node& node, const Seen& seen, HostId to, bool over_udp) {
  const Glance& message = seen.message;
  if (is_acknowledgement_or_cancellation(message) && message.vias == 1) {
    const auto invite = node.branches.find(client_key("INVITE", message.branch));
    if (invite != node.branches.end()) {
      WentOut& branch = node.seen.branches[invite->second];
      (message.method == "ACK" ? branch.acks : branch.cancels).push_back(seen);
    }
    if (message.method == "ACK") return;
  }
  if (message.method == "ACK") return node.seen.acks_out.push_back(seen);
  const Key asked = server_key(message.method, message.branch_below, message.sent_by_below);
  taken_after_all(node, asked);
  const auto [known, is_new] =
      node.branches.emplace(client_key(message.method, message.branch), node.seen.branches.size());
  if (is_new) {
    WentOut branch;
    branch.request = message;
    branch.over_udp = over_udp;
    branch.to = to;
    const auto parent = node.requests.find(asked);
    if (message.vias > 1 && parent != node.requests.end()) {
      branch.parent = parent->second;
      node.seen.requests[parent->second].branches.push_back(node.seen.branches.size());
    }
    node.seen.branches.push_back(std::move(branch));
  }
  node.seen.branches[known->second].sent.push_back(seen);
}

// What was refused without a transaction (RFC 3261 §8.2.7) is a new request when it comes again, and may be taken then.
void Testimony::taken_after_all(Node& node, const Key& key) {
  const auto known = node.requests.find(key);
  if (known == node.requests.end()) return;
  CameIn& refused = node.seen.requests[known->second];
  const Seen* refusal = refused.refusal_or_success();
  const bool stateless = refusal && refusal == &refused.answers.front() && refusal->message.status >= 300;
  if (!stateless || !refused.branches.empty() || refused.arrivals.back().order < refusal->order) return;
  CameIn taken;
  taken.request = refused.arrivals.back().message;
  taken.over_udp = refused.over_udp;
  taken.is_for_nothing = refused.is_for_nothing;
  taken.arrivals.push_back(refused.arrivals.back());
  refused.arrivals.pop_back();
  known->second = node.seen.requests.size();
  node.seen.requests.push_back(std::move(taken));
}

void Testimony::response_went(Node& node, const Seen& seen) {
  const Key key = server_key(seen.message.method, seen.message.branch, seen.message.sent_by);
  if (!seen.message.is_final()) taken_after_all(node, key);
  const auto request = node.requests.find(key);
  if (request == node.requests.end()) {
    // What bounces goes to another address (RFC 3261 §18.2.2), by what its Via says.
    if (!node.bounced.contains(key)) node.seen.strays_out.push_back(seen);
  } else {
    node.seen.requests[request->second].answers.push_back(seen);
  }
}

}  // namespace intermediary::sim
