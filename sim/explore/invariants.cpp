#include "sim/explore/invariants.h"

#include <algorithm>

#include "base/overloaded.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

// What a transaction of the node's neighbours has in common (RFC 3261 §17.1.3, §17.2.3): of a CANCEL its own.
std::string transaction_of(const WireMessage& message) {
  return message.branch() + ' ' + message.call_id() + ' ' + std::to_string(message.cseq_number()) + ' ' +
         (message.method() == "ACK" ? "INVITE" : message.method());
}

// One answer of one user agent to one INVITE.
std::string answer_of(const WireMessage& message) {
  return message.call_id() + ' ' + std::to_string(message.cseq_number()) + ' ' + message.to_tag();
}

std::string request_of(const WireMessage& message) {
  return message.call_id() + ' ' + message.value("CSeq") + ' ' + message.from_tag();
}

// ---- the promises

// RFC 3261 §16.7 step 6, §16.8, §17.2.1: each INVITE gets a final answer, whatever becomes of its branches. So does any
// other request that was not forwarded, or whose branches were answered; one that nobody answered stays without
// (RFC 4320 §4.2). Without a connection to its sender there is no way back (RFC 3261 §18.2.2).
class AnswersEveryRequest final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (sight.in && message.is_request() && message.method() != "ACK" && !sight.as_written &&
        !done_.contains(transaction_of(message))) {
      open_.try_emplace(transaction_of(message), sight.remote, sight.datagram, request_of(message), message.method());
    }
    if (message.is_response() && message.status() >= 200) {
      if (sight.in) answered_.insert(message.call_id() + ' ' + message.value("CSeq") + ' ' + message.from_tag());
      if (!sight.in && open_.erase(transaction_of(message)) > 0) done_.insert(transaction_of(message));
    }
    if (!sight.in && message.is_request()) forwarded_.insert(request_of(message));
  }
  void restarted() override {
    open_.clear();
    done_.clear();
  }
  void ended() override {
    for (const auto& [key, request] : open_) {
      const bool silent = forwarded_.contains(request.what) && !answered_.contains(request.what);
      if (request.method != "INVITE" && silent) continue;
      if (!request.datagram && !has_connection(request.from)) continue;
      broken("has never answered the " + request.method + " of transaction " + key);
    }
  }

 private:
  struct Request {
    Endpoint from;
    bool datagram;
    std::string what;
    std::string method;
  };
  bool has_connection(const Endpoint& with) const { return world().has_connection(node(), with); }
  std::map<std::string, Request> open_;
  std::set<std::string> answered_, forwarded_, done_;
};

// RFC 3261 §16.7 step 5: every 2xx to an INVITE goes upstream at once.
class ForwardsEvery2xx final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message || sight.message->method() != "INVITE") return;
    const WireMessage& message = *sight.message;
    if (!sight.in && message.is_request()) branches_.insert(transaction_of(message));
    if (sight.in && message.is_request() && !sight.datagram) callers_.emplace(request_of(message), sight.remote);
    if (message.status() / 100 != 2) return;
    if (!sight.in) return waiting_.clear();
    if (branches_.contains(transaction_of(message))) waiting_ = answer_of(message), caller_ = request_of(message);
  }
  void settled() override {
    if (waiting_.empty()) return;
    const auto caller = callers_.find(caller_);
    if (caller == callers_.end() || world().has_connection(node(), caller->second)) {
      broken("has kept the 2xx " + waiting_);
    }
    waiting_.clear();
  }
  void restarted() override {
    branches_.clear();
    waiting_.clear();
  }

 private:
  std::set<std::string> branches_;
  std::map<std::string, Endpoint> callers_;  // over connections
  std::string waiting_, caller_;
};

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

// RFC 3261 §16.7 step 2: a 100 goes no further than one hop.
class Keeps100 final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful()) return;
    const bool trying = sight.message && sight.message->status() == 100;
    if (sight.in) hears_100_ = trying;
    if (!sight.in && trying && hears_100_) broken("forwards a 100");
  }
  void settled() override { hears_100_ = false; }

 private:
  bool hears_100_ = false;
};

// RFC 3261 §17.2.1, §16.7: the ACK of an answer other than 2xx ends at the transaction that it acknowledges.
class KeepsTheAckOfARefusal final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (!sight.in && sight.is_answer_to("INVITE") && message.status() >= 300) {
      refused_.insert_or_assign(transaction_of(message), sight.time);
    }
    if (!sight.in && sight.is_request("INVITE")) branches_.insert(message.branch());
    if (sight.in && sight.is_request("ACK")) {
      const auto refused = refused_.find(transaction_of(message));
      // Timer H or I ends the transaction: at least T4 after the first ACK, and repetitions come within that.
      absorbs_ = refused != refused_.end() && sight.time < refused->second + longest_memory;
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
  static constexpr Duration longest_memory = std::chrono::seconds(5);
  std::map<std::string, TimePoint> refused_;
  std::set<std::string> branches_;
  bool absorbs_ = false;
};

// RFC 3261 §16.7, §18.1.2: a response goes upstream for a request that came, and to its sender's address unless its
// Via says maddr.
class AnswersWhoAsked final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (sight.in && message.is_request()) requests_[transaction_of(message)].insert(sight.remote.address);
    if (sight.in || !message.is_response()) return;
    const auto request = requests_.find(transaction_of(message));
    if (request == requests_.end()) {
      broken("sends " + message.start_line + " for a request that never came: " + transaction_of(message));
      return;
    }
    if (!parameter_of(message.value("Via"), "maddr").empty() || !sight.datagram) return;
    if (!request->second.contains(sight.remote.address)) {
      broken("sends " + message.start_line + " to " + sight.remote.to_string() + ", which has not asked");
    }
  }
  void restarted() override { requests_.clear(); }

 private:
  std::map<std::string, std::set<IpAddress>> requests_;
};

// RFC 3261 §16.7 steps 5 and 6, §17.2: one final answer for each request, and after a 2xx no other; a 2xx to INVITE is
// not repeated by a proxy (RFC 6026 §7.1), so that no answer becomes two dialogs.
class AnswersOnce final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message || !sight.message->is_response() || sight.message->status() < 200) return;
    const WireMessage& message = *sight.message;
    const bool success = message.status() < 300;
    const bool accepts = success && message.method() == "INVITE";
    if (sight.in) {
      if (accepts) ++came_[answer_of(message)];
      return;
    }
    if (accepts && ++went_[answer_of(message)] > came_[answer_of(message)]) {
      broken("sends the 2xx " + answer_of(message) + " more often than it came");
    }
    const std::string transaction = transaction_of(message);
    auto [final, first] = finals_.try_emplace(transaction, message.status());
    if (first || accepts) {
      if (!first && final->second >= 300 && accepts) final->second = message.status();
      return;
    }
    if (final->second != message.status()) {
      broken("answers twice, with " + std::to_string(final->second) + " and " + std::to_string(message.status()) +
             ": " + transaction);
    }
  }
  void restarted() override {
    finals_.clear();
    came_.clear();
    went_.clear();
  }

 private:
  std::map<std::string, int> finals_;
  std::map<std::string, std::size_t> came_, went_;
};

// RFC 3261 §16.3 step 3 and 4, RFC 5393 §5: a request that comes back again and again ends, by its Max-Forwards at the
// latest.
class EndsLoops final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!sight.in || !sight.message || !sight.message->is_request()) return;
    const WireMessage& message = *sight.message;
    std::set<std::string>& branches = branches_[request_of(message)];
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
    if (!sight.in && sight.message) ++left_;
    if (sight.in && sight.message && sight.datagram && !sight.as_written) ++came_;
    if (sight.in && sight.as_written) ++unreadable_;
    if (sight.in && !sight.datagram) by_stream_ = true;
  }
  void settled() override {
    const Counters& counters = engine().counters();
    const std::uint64_t counted = counters.requests_out + counters.responses_out;
    if (counted < left_) broken(sent_text(counted));
    const std::uint64_t counted_in = counters.requests_in + counters.responses_in + counters.rejected;
    if (counted_in < came_ || (!by_stream_ && counted_in > came_ + unreadable_)) broken(got_text(counted_in));
  }
  void restarted() override { left_ = came_ = 0; }
  void ended() override {
    const Counters& counters = engine().counters();
    const std::uint64_t counted = counters.requests_out + counters.responses_out;
    if (counted != left_ && counters.send_failures == 0) broken(sent_text(counted));
  }

 private:
  std::string sent_text(std::uint64_t counted) const {
    return "has sent " + std::to_string(left_) + " messages and counts " + std::to_string(counted);
  }
  std::string got_text(std::uint64_t counted) const {
    return "has got " + std::to_string(came_) + " messages and counts " + std::to_string(counted);
  }
  std::uint64_t left_ = 0, came_ = 0, unreadable_ = 0;
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
    const bool has_owner = !live.idle() || live.flows + live.dialogs + live.subscriptions >= live.timers;
    if (!has_owner) broken("has a timer that belongs to nothing");
    if (transactions > 0 && live.timers + live.queries == 0) broken("has a transaction without any timer");
  }
  void ended() override {
    const std::size_t open = world().network().open_connections(node());
    for (const std::string& what : leftovers_of(engine().live(), open)) broken(what);
  }
};

// ---- which there are

template <class Kind>
std::unique_ptr<Promise> make(Witness& witness, HostId node) {
  return std::make_unique<Kind>(witness, node);
}

struct Entry {
  std::string_view name;
  std::unique_ptr<Promise> (*make)(Witness&, HostId);
};
constexpr Entry table[] = {
    {"answers-every-request (RFC 3261 §16.7, §17.2)", make<AnswersEveryRequest>},
    {"forwards-every-2xx (RFC 3261 §16.7 step 5)", make<ForwardsEvery2xx>},
    {"cancels-only-what-rings (RFC 3261 §9.1)", make<CancelsOnlyWhatRings>},
    {"keeps-100 (RFC 3261 §16.7 step 2)", make<Keeps100>},
    {"keeps-the-ack-of-a-refusal (RFC 3261 §17.2.1)", make<KeepsTheAckOfARefusal>},
    {"answers-who-asked (RFC 3261 §16.7, §18.2.2)", make<AnswersWhoAsked>},
    {"answers-once (RFC 3261 §16.7 step 6, RFC 6026 §7.1)", make<AnswersOnce>},
    {"ends-loops (RFC 3261 §16.3, RFC 5393 §5)", make<EndsLoops>},
    {"counts-what-happens", make<CountsWhatHappens>},
    {"leaves-nothing", make<LeavesNothing>},
};

}  // namespace

std::vector<std::string> promise_names() {
  std::vector<std::string> names;
  for (const Entry& entry : table) names.emplace_back(entry.name);
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
  for (const HostId node : world.nodes()) {
    std::vector<std::unique_ptr<Promise>>& promises = promises_[node];
    for (const Entry& entry : table) {
      promises.push_back(entry.make(*this, node));
      promises.back()->name_ = entry.name;
    }
  }
}

Witness::~Witness() = default;

void Witness::tell(Promise& promise, const std::string& what) {
  broken_.push_back(std::string(promise.name_) + ": " + world_.network().name(promise.node_) + ' ' + what + " (at " +
                    seconds_text(world_.now().time_since_epoch()) + ')');
}

void Witness::see(Sight sight) {
  sight.as_written = sight.in && as_written_.contains(sight.bytes);
  const auto message = WireMessage::read(sight.bytes);
  if (message) sight.message = &*message;
  for (const auto& promise : promises_.at(sight.node)) promise->saw(sight);
}

void Witness::sent(const Transmission& sent) {
  if (sent.kind != Transmission::Kind::Message || !promises_.contains(sent.from)) return;
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
                   for (const std::string& bytes : cut_stream(buffer)) {
                     see({world_.now(), node, true, world_.network().host_at(remote), remote, false, bytes});
                   }
                 },
                 [&](const FlowOpened& opened) {
                   hash(node, "opened");
                   flows_.insert_or_assign({node, opened.flow}, opened.remote);
                   buffers_.erase({node, opened.flow});
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
