#include "sim/explore/invariants.h"

#include <algorithm>

#include "base/overloaded.h"
#include "sim/explore/promise_kinds.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

// ---- the promises

// RFC 3261 §9.1: no CANCEL before a provisional answer on that branch.
class CancelsOnlyWhatRings final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (sight.in && sight.is_answer_to("INVITE") && message.status() < 200) ringing_.insert(message.branch());
    if (!sight.in && sight.is_request("INVITE")) branches_.insert(message.branch());
    if (!sight.in && sight.is_request("CANCEL") && branches_.contains(message.branch()) &&
        !ringing_.contains(message.branch())) {
      broken("cancels " + message.branch() + " before a provisional answer");
    }
  }

 private:
  std::set<std::string> ringing_, branches_;
};

// RFC 3261 §16.7 step 2, §21.1.1: a 100 goes no further than one hop; but for a CANCEL that went by without state.
class Keeps100 final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful()) return;
    const bool trying = sight.message && sight.message->status() == 100 && sight.message->method() != "CANCEL";
    if (sight.in) hears_100_ = trying;
    if (!sight.in && trying && hears_100_) broken("forwards a 100");
  }
  void settled() override { hears_100_ = false; }

 private:
  bool hears_100_ = false;
};

// RFC 3261 §17.2.1, §16.7: the ACK of an answer other than 2xx ends at the transaction that it acknowledges. It is one
// with that answer's To tag (§17.1.1.3, and §17.2.3 for callers of RFC 2543).
class KeepsTheAckOfARefusal final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (!sight.in && sight.is_answer_to("INVITE") && message.status() >= 300) refuses(sight, message);
    if (!sight.in && sight.is_request("INVITE")) branches_.insert(message.branch());
    if (sight.in && sight.is_request("ACK")) {
      const auto refused = refused_.find(transaction_of(message));
      absorbs_ =
          refused != refused_.end() && sight.time < refused->second.end && message.to_tag() == refused->second.to_tag;
    }
    if (!sight.in && sight.is_request("ACK") && absorbs_ && !branches_.contains(message.branch())) {
      broken("forwards the ACK of a refusal, " + transaction_of(message));
    }
  }
  void settled() override { absorbs_ = false; }
  void restarted() override {
    refused_.clear();
    branches_.clear();
  }

 private:
  struct Refusal {
    TimePoint first, end;
    std::string to_tag;
  };

  // Timer I ends the transaction: T4 after the first ACK over UDP, at once over a connection; or Timer H, without any.
  void refuses(const Sight& sight, const WireMessage& message) {
    const auto [known, is_new] = refused_.try_emplace(transaction_of(message), Refusal{sight.time, {}, {}});
    Refusal& refusal = known->second;
    refusal.end = std::min(sight.time + (sight.datagram ? timings().t4 : Duration(0)), refusal.first + t1_times_64());
    refusal.to_tag = message.to_tag();
  }

  std::map<std::string, Refusal> refused_;
  std::set<std::string> branches_;
  bool absorbs_ = false;
};

// RFC 3261 §16.3 step 3 and 4, RFC 5393 §5: a request that comes back again and again ends, by its Max-Forwards at the
// latest.
class EndsLoops final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!sight.in || !sight.message || !sight.message->is_request()) return;
    const WireMessage& message = *sight.message;
    const std::vector<std::string> vias = message.values("Via");
    // Of several that begin with the same fields, as ACKs of one INVITE's answers do, each goes its own way.
    std::set<std::string>& branches = branches_[request_of(message) + (vias.empty() ? "" : ' ' + vias.back())];
    branches.insert(message.branch());
    if (branches.size() > most_ways) broken("meets the same request on more than 70 ways: " + request_of(message));
  }

 private:
  static constexpr std::size_t most_ways = 71;
  std::map<std::string, std::set<std::string>> branches_;
};

// Counters say what went over the wire: of every message that left, one says so; what came is counted as request or
// response or, where it cannot be read, as rejected.
class CountsWhatHappens final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!sight.in && sight.message) ++(sight.message->is_request() ? requests_left_ : responses_left_);
    if (sight.in && sight.message && sight.datagram && !sight.as_written) ++came_;
    if (sight.in && sight.as_written) ++unreadable_;
    if (sight.in && !sight.datagram) by_stream_ = true;
  }
  void settled() override {
    const Counters& counters = engine().counters();
    if (counters.requests_out < requests_left_ || counters.responses_out < responses_left_) broken(sent_text());
    const std::uint64_t counted_in = counters.requests_in + counters.responses_in + counters.rejected;
    if (counted_in < came_ || (!by_stream_ && counted_in > came_ + unreadable_)) broken(got_text(counted_in));
  }
  void restarted() override { requests_left_ = responses_left_ = came_ = 0; }
  void ended() override {
    const Counters& counters = engine().counters();
    const bool agrees = counters.requests_out == requests_left_ && counters.responses_out == responses_left_;
    if (!agrees && counters.send_failures == 0) broken(sent_text());
  }

 private:
  std::string sent_text() const {
    return "has sent " + std::to_string(requests_left_) + " requests and " + std::to_string(responses_left_) +
           " answers, and counts others";
  }
  std::string got_text(std::uint64_t counted) const {
    return "has got " + std::to_string(came_) + " messages and counts " + std::to_string(counted);
  }
  std::uint64_t requests_left_ = 0, responses_left_ = 0, came_ = 0, unreadable_ = 0;
  bool by_stream_ = false;
};

// Nothing is left when nothing is under way, and figures agree with each other at every moment.
class LeavesNothing final : public Promise {
 public:
  using Promise::Promise;
  void settled() override {
    const LiveObjects live = engine().live();
    const std::size_t transactions = live.server_transactions + live.client_transactions;
    if (live.waiting > transactions) broken("counts more transactions that wait than there are");
    if (live.unfinished_by_source > live.waiting)
      broken("counts more unfinished transactions by source than there are");
    const std::size_t owners =
        live.flows + live.dialogs + live.subscriptions + live.probed_peers + live.trunk_registrations;
    const bool has_owner = !live.idle() || owners >= live.timers;
    if (!has_owner) broken("has a timer that belongs to nothing");
    if (transactions > 0 && live.timers + live.queries == 0) broken("has a transaction without any timer");
  }
  void ended() override {
    const std::size_t open = world().network().open_connections(node());
    for (const std::string& what : leftovers_of(engine().live(), open)) broken(what);
  }
};

// ---- which there are

constexpr PromiseKind promises_of_requests[] = {
    {"cancels-only-what-rings (RFC 3261 §9.1)", make_promise<CancelsOnlyWhatRings>},
    {"keeps-100 (RFC 3261 §16.7 step 2)", make_promise<Keeps100>},
    {"keeps-the-ack-of-a-refusal (RFC 3261 §17.2.1)", make_promise<KeepsTheAckOfARefusal>},
    {"ends-loops (RFC 3261 §16.3, RFC 5393 §5)", make_promise<EndsLoops>},
    {"counts-what-happens", make_promise<CountsWhatHappens>},
    {"leaves-nothing", make_promise<LeavesNothing>},
};

std::vector<PromiseKind> all_promises() {
  const std::span<const PromiseKind> of_answers = promises_of_answers();
  std::vector<PromiseKind> all(of_answers.begin(), of_answers.end());
  all.insert(all.end(), std::begin(promises_of_requests), std::end(promises_of_requests));
  return all;
}

}  // namespace

std::vector<std::string> promise_names() {
  std::vector<std::string> names;
  for (const PromiseKind& kind : all_promises()) names.emplace_back(kind.name);
  return names;
}

// ---- promises and their witness

void Promise::broken(const std::string& what) {
  if (!std::exchange(told_, true)) witness_.tell(*this, what);
}

const World& Promise::world() const { return witness_.world(); }

bool Promise::is_stateful() const {
  const Config& config = world().config(node_);
  return config.proxy.mode != ProxyMode::Stateless &&
         std::ranges::none_of(config.rules, [](const Rule& rule) { return rule.mode == ProxyMode::Stateless; });
}

Witness::Witness(const World& world) : world_(world) {
  const std::vector<PromiseKind> kinds = all_promises();
  for (const HostId node : world.nodes()) {
    std::vector<std::unique_ptr<Promise>>& promises = promises_[node];
    for (const PromiseKind& kind : kinds) {
      promises.push_back(kind.make(*this, node));
      promises.back()->name_ = kind.name;
    }
  }
}

Witness::~Witness() = default;

void Witness::tell(Promise& promise, const std::string& what) {
  broken_.push_back(std::string(promise.name_) + ": " + world_.network().name(promise.node_) + ' ' + what + " (at " +
                    seconds_text(world_.now().time_since_epoch()) + ')');
}

void Witness::note_as_written(HostId party, const std::string& bytes) {
  as_written_.insert(bytes);
  writers_.insert(party);
}

void Witness::see(Sight sight) {
  sight.as_written =
      sight.in && (as_written_.contains(sight.bytes) || (!sight.datagram && writers_.contains(sight.other)));
  const auto message = WireMessage::read(sight.bytes);
  if (message) sight.message = &*message;
  for (const auto& promise : promises_.at(sight.node)) promise->saw(sight);
}

void Witness::sent(const Transmission& sent) {
  if (!promises_.contains(sent.from)) return;
  if (sent.kind == Transmission::Kind::Open && sent.fate == Fate::Cut) {
    for (const auto& promise : promises_.at(sent.from)) promise->opens_in_vain();
  }
  if (sent.kind != Transmission::Kind::Message) return;
  see({sent.time, sent.from, false, sent.to, sent.destination, sent.transport == Transport::Udp, sent.bytes});
}

void Witness::hash(HostId node, std::string_view bytes) {
  inputs_.number(static_cast<std::uint64_t>(world_.now().time_since_epoch().count())).number(node.value).field(bytes);
}

void Witness::entering(HostId node, const Input& input) {
  std::visit(Overloaded{
                 [&](const DatagramReceived& datagram) {
                   hash(node, datagram.bytes);
                   see({world_.now(), node, true, world_.network().host_at(datagram.remote), datagram.remote, true,
                        datagram.bytes});
                 },
                 [&](const StreamReceived& stream) {
                   hash(node, stream.bytes);
                   const Endpoint remote = flows_[{node, stream.flow}];
                   std::string& buffer = buffers_[{node, stream.flow}];
                   buffer += stream.bytes;
                   if (websockets_.contains({node, stream.flow})) {
                     see({world_.now(), node, true, world_.network().host_at(remote), remote, false,
                          std::exchange(buffer, {})});
                     return;
                   }
                   for (const std::string& bytes : cut_stream(buffer)) {
                     see({world_.now(), node, true, world_.network().host_at(remote), remote, false, bytes});
                   }
                 },
                 [&](const FlowOpened& opened) {
                   hash(node, "opened");
                   flows_.insert_or_assign({node, opened.flow}, opened.remote);
                   buffers_.erase({node, opened.flow});
                   websockets_.erase({node, opened.flow});
                   if (is_websocket(opened.transport)) websockets_.insert({node, opened.flow});
                 },
                 [&](const FlowClosed& closed) {
                   hash(node, "closed");
                   const auto flow = flows_.find({node, closed.flow});
                   if (flow == flows_.end()) return;
                   for (const auto& promise : promises_.at(node)) promise->lost(flow->second);
                 },
                 [&](const DatagramFailed& failed) {
                   hash(node, std::to_string(input.index()));
                   const auto message = WireMessage::read(failed.bytes);
                   if (!message) return;
                   for (const auto& promise : promises_.at(node)) promise->bounced(*message);
                 },
                 [&](const auto&) { hash(node, std::to_string(input.index())); },
             },
             input);
}

void Witness::settled(HostId node) {
  for (const auto& promise : promises_.at(node)) promise->settled();
}

void Witness::restarted(HostId node) {
  hash(node, "restarted");
  for (const auto& promise : promises_.at(node)) promise->restarted();
}

void Witness::ended() {
  for (const auto& [node, promises] : promises_) {
    for (const auto& promise : promises) promise->ended();
  }
}

}  // namespace intermediary::sim
