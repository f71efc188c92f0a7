// Promises about what answers come to: each request has one, and each answer goes where it belongs.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/explore/promise_kinds.h"

namespace intermediary::sim {

std::string transaction_of(const WireMessage& message) {
  const std::string method = message.cseq_method();
  return ValueParts::read(message.value("Via")).head + ' ' + message.branch() + ' ' + message.call_id() + ' ' +
         std::to_string(message.cseq_number()) + ' ' + (method == "ACK" ? "INVITE" : method);
}

std::string answer_of(const WireMessage& message) {
  return message.call_id() + ' ' + std::to_string(message.cseq_number()) + ' ' + message.to_tag();
}

std::string request_of(const WireMessage& message) {
  return message.call_id() + ' ' + message.value("CSeq") + ' ' + message.from_tag();
}

namespace {

// What a CANCEL is for has the same fields (RFC 3261 §9.1).
WireMessage invite_of(const WireMessage& cancel) {
  WireMessage invite = cancel;
  invite.set("CSeq", std::to_string(cancel.cseq_number()) + " INVITE");
  return invite;
}

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
      if (may_drop() && !forwarded_.contains(request.what) && !heard_.contains(transaction)) continue;
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
    const auto opening = in_vain_.lower_bound(request.came - tcp_patience);
    return opening != in_vain_.end() && *opening < request.came + t1_times_64();
  }

  void saw_request(const Sight& sight, const WireMessage& message) {
    const std::string transaction = transaction_of(message);
    if (!sight.in) {
      branches_.emplace(transaction, sight.datagram ? sight.time : began(request_of(message), sight.time));
      forwarded_.insert(request_of(message));
      return;
    }
    ways_[request_of(message)].insert(transaction);
    if (message.method() == "CANCEL" && !knows_invite_of(message, sight.time)) return;
    if (message.method() != "ACK" && !sight.as_written && !done_.contains(transaction)) {
      open_.try_emplace(transaction, sight.remote, sight.datagram, request_of(message), message.method(), sight.time);
    }
  }

  // What leaves over a connection may have awaited it.
  TimePoint began(const std::string& what, TimePoint left) const {
    for (const auto& [transaction, request] : open_) {
      if (request.what == what) left = std::min(left, request.came);
    }
    return left;
  }

  // RFC 3261 §16.10: another CANCEL is passed on without state.
  bool knows_invite_of(const WireMessage& cancel, TimePoint now) const {
    const std::string invite = transaction_of(invite_of(cancel));
    const auto done = done_.find(invite);
    return open_.contains(invite) || (done != done_.end() && now < done->second + t1_times_64());
  }

  // What a rule drops gets no answer at all, not even 100.
  bool may_drop() const {
    return std::ranges::any_of(world().config(node()).rules,
                               [](const Rule& rule) { return std::holds_alternative<DropAction>(rule.action); });
  }

  void saw_answer(const Sight& sight, const WireMessage& message) {
    const std::string transaction = transaction_of(message);
    if (!sight.in) heard_.insert(transaction);
    if (message.status() < 200) return;
    if (!sight.in) {
      if (open_.erase(transaction) > 0) done_.emplace(transaction, sight.time);
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
  std::set<std::string> answered_, forwarded_, heard_;
  std::map<std::string, TimePoint> done_;
  std::set<TimePoint> in_vain_;
};

// RFC 3261 §16.7 step 5: every 2xx to an INVITE goes upstream at once, as long as its transactions stand. What comes
// later is nobody's (RFC 6026 §8.9): the branch has ended with another final answer, with its connection, with an ICMP
// error (§18.4), without any answer (Timer B; after a CANCEL, §9.1), or 64*T1 after its first 2xx (Timer M); upstream,
// 64*T1 after the first that went there (Timer L), or with an answer of the node's own.
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
  void bounced(const WireMessage& message) override {
    const auto branch = branches_.find(transaction_of(message));
    if (message.is_request() && branch != branches_.end()) branch->second.ends = TimePoint{};
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
    const auto branch = branches_.find(transaction_of(invite_of(cancel)));
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
    const TimePoint end = accepts ? sight.time + t1_times_64() : sight.time;
    const auto [known, is_new] = upstream_ends_.try_emplace(request_of(message), end);
    if (!accepts) known->second = std::min(known->second, end);  // a spiral has several
  }

  std::map<std::string, Branch> branches_;
  std::map<std::string, TimePoint> upstream_ends_;  // by request
  std::map<std::string, Endpoint> callers_;         // over connections
  std::set<Endpoint> lost_;
  std::string waiting_;
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
    if (!sight.in && moved_ == transaction_of(message)) return;
    if (message.status() < 200 || by_via_) return;
    const bool accepts = message.status() < 300 && message.method() == "INVITE";
    if (accepts && sight.in) ++came_[answer_of(message)];
    if (sight.in) return;
    if (accepts && ++went_[answer_of(message)] > came_[answer_of(message)]) {
      broken("sends the 2xx " + answer_of(message) + " more often than it came");
    }
    answered(sight, message, accepts);
  }
  void bounced(const WireMessage& message) override {
    if (message.is_response()) moved_ = transaction_of(message);
  }
  void settled() override { moved_.clear(); }
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
  std::string moved_;  // the transaction of an answer that came back, and may go elsewhere now (RFC 3261 §18.2.2)
  bool by_via_ = false;
};

constexpr PromiseKind kinds[] = {
    {"answers-every-request (RFC 3261 §16.7, §17.2)", make_promise<AnswersEveryRequest>},
    {"forwards-every-2xx (RFC 3261 §16.7 step 5)", make_promise<ForwardsEvery2xx>},
    {"answers-who-asked (RFC 3261 §16.7, §18.2.2)", make_promise<AnswersWhoAsked>},
    {"answers-once (RFC 3261 §16.7 step 6, RFC 6026 §7.1)", make_promise<AnswersOnce>},
};

}  // namespace

std::span<const PromiseKind> promises_of_answers() { return kinds; }

}  // namespace intermediary::sim
