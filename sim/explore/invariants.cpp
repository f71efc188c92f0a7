#include "sim/explore/invariants.h"

#include <algorithm>

#include "base/overloaded.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

// What a transaction of the node's neighbours has in common (RFC 3261 §17.1.3, §17.2.3): of a CANCEL its own.
std::string transaction_of(const WireMessage& message) {
  const std::string method = message.cseq_method();
  return ValueParts::read(message.value("Via")).head + ' ' + message.branch() + ' ' + message.call_id() + ' ' +
         std::to_string(message.cseq_number()) + ' ' + (method == "ACK" ? "INVITE" : method);
}

// One answer of one user agent to one INVITE.
std::string answer_of(const WireMessage& message) {
  return message.call_id() + ' ' + std::to_string(message.cseq_number()) + ' ' + message.to_tag();
}

// One request, on whatever way.
std::string request_of(const WireMessage& message) {
  return message.call_id() + ' ' + message.value("CSeq") + ' ' + message.from_tag();
}

// ---- the promises

// RFC 3261 §16.7 step 6, §16.8, §17.2.1: each INVITE gets a final answer, whatever becomes of its branches. So does any
// other request, unless it was forwarded and nobody said anything but 408 in time (RFC 4320 §4.2: such an answer would
// come too late), or came on several ways (a spiral). Without a connection to its sender there is no way back (RFC 3261
// §18.2.2).
class AnswersEveryRequest final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    if (sight.message->is_request()) {
      saw_request(sight, *sight.message);
    } else {
      saw_answer(sight, *sight.message);
    }
  }
  void restarted() override {
    open_.clear();
    branches_.clear();
    done_.clear();
  }
  void opens_in_vain() override { in_vain_.insert(world().now()); }
  void ended() override {
    for (const auto& [transaction, request] : open_) {
      const bool silent = forwarded_.contains(request.what) ? !answered_.contains(request.what) : awaits(request);
      if (request.method != "INVITE" && (silent || ways_.at(request.what).size() > 1)) continue;
      if (!request.datagram && !world().has_connection(node(), request.from)) continue;
      broken("has never answered the " + request.method + " of transaction " + transaction);
    }
  }

 private:
  struct Request {
    Endpoint from;
    bool datagram;
    std::string what;
    std::string method;
    TimePoint came;
  };

  // A connection for it, which opens or fails when it may not be answered any more (RFC 4320 §4.2).
  bool awaits(const Request& request) const {
    const auto opening = in_vain_.lower_bound(request.came - std::chrono::seconds(127));  // so long TCP tries
    return opening != in_vain_.end() && *opening < request.came + t1_times_64();
  }

  void saw_request(const Sight& sight, const WireMessage& message) {
    const std::string transaction = transaction_of(message);
    if (!sight.in) {
      branches_.emplace(transaction, sight.time);
      forwarded_.insert(request_of(message));
      return;
    }
    ways_[request_of(message)].insert(transaction);
    if (message.method() != "ACK" && !sight.as_written && !done_.contains(transaction)) {
      open_.try_emplace(transaction, sight.remote, sight.datagram, request_of(message), message.method(), sight.time);
    }
  }

  void saw_answer(const Sight& sight, const WireMessage& message) {
    if (message.status() < 200) return;
    const std::string transaction = transaction_of(message);
    if (!sight.in) {
      if (open_.erase(transaction) > 0) done_.insert(transaction);
      return;
    }
    const auto branch = branches_.find(transaction);
    const bool in_time = branch != branches_.end() && sight.time < branch->second + t1_times_64();
    if (in_time && message.status() != 408) answered_.insert(request_of(message));
  }

  std::map<std::string, Request> open_;
  std::map<std::string, TimePoint> branches_;
  std::map<std::string, std::set<std::string>>
      ways_;  // on which a request has come: whose answers are whose, is not known
  std::set<std::string> answered_, forwarded_, done_;
  std::set<TimePoint> in_vain_;
};

// RFC 3261 §16.7 step 5: every 2xx to an INVITE goes upstream at once, as long as its transactions stand. What comes
// later is nobody's (RFC 6026 §8.9): the branch has ended with another final answer, with its connection, without any
// answer (Timer B; after a CANCEL, §9.1), or 64*T1 after its first 2xx (Timer M); upstream, 64*T1 after the first that
// went there (Timer L), or with an answer of the node's own.
class ForwardsEvery2xx final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (!sight.in && sight.is_request("CANCEL")) cancelled(message, sight.time);
    if (message.method() != "INVITE") return;
    if (message.is_request()) {
      saw_invite(sight, message);
    } else if (sight.in) {
      came(sight, message);
    } else {
      went(sight, message);
    }
  }
  void lost(const Endpoint& remote) override {
    for (auto& [transaction, branch] : branches_) {
      if (!branch.datagram && branch.to == remote) branch.ends = TimePoint{};
    }
    lost_.insert(remote);
  }
  void settled() override {
    if (!waiting_.empty()) broken("has kept the 2xx " + waiting_);
    waiting_.clear();
  }
  void restarted() override {
    branches_.clear();
    upstream_ends_.clear();
    waiting_.clear();
  }

 private:
  struct Branch {
    Endpoint to;
    bool datagram = true;
    std::optional<TimePoint> ends{};
    bool proceeding = false;
    bool accepted = false;
  };

  void saw_invite(const Sight& sight, const WireMessage& message) {
    if (sight.in) {
      if (!sight.datagram) callers_.insert_or_assign(request_of(message), sight.remote);
      return;
    }
    branches_.try_emplace(transaction_of(message), sight.remote, sight.datagram, sight.time + t1_times_64());
  }
  void cancelled(const WireMessage& cancel, TimePoint now) {
    WireMessage invite = cancel;
    invite.set("CSeq", std::to_string(cancel.cseq_number()) + " INVITE");
    const auto branch = branches_.find(transaction_of(invite));
    if (branch != branches_.end() && !branch->second.ends) branch->second.ends = now + t1_times_64();
  }
  void came(const Sight& sight, const WireMessage& message) {
    const auto found = branches_.find(transaction_of(message));
    if (found == branches_.end()) return;
    Branch& branch = found->second;
    if (branch.ends && sight.time >= *branch.ends) return;
    if (message.status() < 200) {
      if (!std::exchange(branch.proceeding, true)) branch.ends.reset();
    } else if (message.status() >= 300) {
      branch.ends = sight.time;
    } else {
      if (!std::exchange(branch.accepted, true)) branch.ends = sight.time + t1_times_64();
      const auto upstream = upstream_ends_.find(request_of(message));
      const auto caller = callers_.find(request_of(message));
      const bool has_nobody = caller != callers_.end() && lost_.contains(caller->second);
      const bool is_late = upstream != upstream_ends_.end() && sight.time >= upstream->second;
      if (!has_nobody && !is_late) waiting_ = answer_of(message);
    }
  }
  void went(const Sight& sight, const WireMessage& message) {
    if (message.status() < 200) return;
    waiting_.clear();
    const bool accepts = message.status() < 300;
    upstream_ends_.try_emplace(request_of(message), accepts ? sight.time + t1_times_64() : sight.time);
  }

  std::map<std::string, Branch> branches_;
  std::map<std::string, TimePoint> upstream_ends_;  // by request
  std::map<std::string, Endpoint> callers_;         // over connections
  std::set<Endpoint> lost_;
  std::string waiting_;
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

// RFC 3261 §17.2.1, §16.7: the ACK of an answer other than 2xx ends at the transaction that it acknowledges.
class KeepsTheAckOfARefusal final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (!sight.in && sight.is_answer_to("INVITE") && message.status() >= 300) {
      refused_.insert_or_assign(transaction_of(message), sight.time + (sight.datagram ? timings().t4 : Duration(0)));
    }
    if (!sight.in && sight.is_request("INVITE")) branches_.insert(message.branch());
    if (sight.in && sight.is_request("ACK")) {
      const auto refused = refused_.find(transaction_of(message));
      // Timer I ends the transaction: T4 after the first ACK over UDP, at once over a connection.
      absorbs_ = refused != refused_.end() && sight.time < refused->second;
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
  std::map<std::string, TimePoint> refused_;
  std::set<std::string> branches_;
  bool absorbs_ = false;
};

// RFC 3261 §16.7, §18.2.2: a response goes upstream for a request that came, and to its sender's address unless its
// Via says maddr, or a first way has failed (RFC 3263 §5). Of a CANCEL that belonged to nothing, the answer finds its
// way by its Via alone, after a restart too (docs/adr/0008).
class AnswersWhoAsked final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (sight.in) {
      by_via_ = sight.is_answer_to("CANCEL");
      any_ = any_ || (sight.as_written && !sight.datagram);
    }
    if (sight.in && message.is_request()) requests_[transaction_of(message)].insert(sight.remote.address);
    if (sight.in || !message.is_response() || by_via_ || (any_ && !sight.datagram)) return;
    if (engine().counters().send_failures > 0) return;
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
  bool by_via_ = false;
  bool any_ = false;  // a stream carried what can be read in several ways
};

// RFC 3261 §16.7 steps 5 and 6, §17.2: one final answer for each request that was forwarded, and after a 2xx no other;
// a 2xx to INVITE is not repeated by a proxy (RFC 6026 §7.1), so that no answer becomes two dialogs. What was refused
// without state may be refused or taken otherwise when it comes again (docs/adr/0007), and what comes again when its
// transaction has ended is a new request.
class AnswersOnce final : public Promise {
 public:
  using Promise::Promise;
  void saw(const Sight& sight) override {
    if (!is_stateful() || !sight.message) return;
    const WireMessage& message = *sight.message;
    if (message.is_request()) {
      if (sight.in) {
        forget(sight, message);
        taken_ = transaction_of(message);
        requests_[request_of(message)].insert(taken_);
      } else if (const auto& ways = requests_[request_of(message)]; ways.contains(taken_)) {
        forwarded_.insert(taken_);
      } else {
        forwarded_.insert(ways.begin(), ways.end());  // when a name was resolved, or a branch had failed
      }
      return;
    }
    if (sight.in) {
      by_via_ = sight.is_answer_to("CANCEL");
      taken_.clear();
    }
    if (message.status() < 200 || by_via_) return;
    const bool accepts = message.status() < 300 && message.method() == "INVITE";
    if (accepts && sight.in) ++came_[answer_of(message)];
    if (sight.in) return;
    if (accepts && ++went_[answer_of(message)] > came_[answer_of(message)]) {
      broken("sends the 2xx " + answer_of(message) + " more often than it came");
    }
    answered(sight, message, accepts);
  }
  void bounced(const WireMessage& message) override { ++came_[answer_of(message)]; }
  void restarted() override {
    finals_.clear();
    requests_.clear();
    forwarded_.clear();
    came_.clear();
    went_.clear();
  }

 private:
  struct Final {
    int status;
    TimePoint time;
    bool datagram;
  };

  void answered(const Sight& sight, const WireMessage& message, bool accepts) {
    const int status = message.status();
    if (status >= 300 && !forwarded_.contains(transaction_of(message))) return;
    const auto [final, first] = finals_.try_emplace(transaction_of(message), status, sight.time, sight.datagram);
    if (first || final->second.status == status) return;
    if (accepts && final->second.status / 100 == 2) return;
    broken("answers twice, with " + std::to_string(final->second.status) + " and " + std::to_string(status) + ": " +
           transaction_of(message));
  }

  // Timers I, J and L (RFC 3261 §17.2, RFC 6026 §7.1), at their shortest.
  void forget(const Sight& sight, const WireMessage& request) {
    const auto final = finals_.find(transaction_of(request));
    if (final == finals_.end()) return;
    const bool invite = request.method() == "INVITE";
    Duration memory = t1_times_64();
    if (invite && final->second.status >= 300) memory = timings().t4;
    if (!final->second.datagram && !(invite && final->second.status < 300)) memory = Duration(0);
    if (sight.time >= final->second.time + memory) finals_.erase(final);
  }

  std::map<std::string, Final> finals_;
  std::map<std::string, std::set<std::string>> requests_;  // their transactions
  std::set<std::string> forwarded_;                        // transactions
  std::string taken_;                                      // the transaction of what came in last
  std::map<std::string, std::size_t> came_, went_;
  bool by_via_ = false;
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
                   if (!message || !message->is_response()) return;
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
