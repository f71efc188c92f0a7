// Forks and their ends: RFC 3261 §16.6, §16.7, §16.8, §16.10, seen from outside.
#include <algorithm>
#include <set>

#include "sim/explore/conduct.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view answers_invites = "answers-every-INVITE (RFC 3261 §16.7, §16.8)";
constexpr std::string_view passes_answers_on = "passes-answers-on (RFC 3261 §16.7 step 6)";
constexpr std::string_view passes_success_on = "forwards-every-2xx (RFC 3261 §16.7 step 5, RFC 6026 §7)";
constexpr std::string_view passes_ringing_on = "forwards-provisional-answers (RFC 3261 §16.7 step 5)";
constexpr std::string_view no_408 = "no-408-to-other-than-INVITE (RFC 4320 §4.2)";
constexpr std::string_view cancels_after_ringing = "cancels-after-a-provisional-answer (RFC 3261 §9.1)";
constexpr std::string_view cancels_for_a_reason = "cancels-for-a-reason (RFC 3261 §16.6 step 11, §16.8, §16.10)";
constexpr std::string_view cancels_the_rest = "cancels-what-is-left (RFC 3261 §16.7 step 10, §16.10)";
constexpr std::string_view stops_searching = "starts-nothing-after-the-end (RFC 3261 §16.7 step 5, §16.10)";
constexpr std::string_view best_answer = "best-answer (RFC 3261 §16.7 step 6)";
constexpr std::string_view forwards_once = "forwards-a-request-once (RFC 3261 §17.2, RFC 6026 §7.1)";
constexpr std::string_view waits_for_all = "waits-for-every-branch (RFC 3261 §16.7 step 5)";
constexpr std::string_view rejects_loops = "rejects-only-loops (RFC 3261 §16.3 step 4, RFC 5393 §4.2)";
constexpr Duration three_minutes = std::chrono::minutes(3);

class Search {
 public:
  Search(const NodeTestimony& seen, const Config& config, const CameIn& request, Complaints& complaints)
      : seen_(seen), config_(config), request_(request), complaints_(complaints), final_(request.refusal_or_success()) {
    for (const std::size_t index : request.branches) branches_.push_back(&seen.branches[index]);
    end_ = end();
  }

  void judge_invite() {
    judge_loop();
    if (!final_ && !request_.hung_up)
      complaints_.add(answers_invites, request_.first().time, named(request_.request) + " is never answered");
    for (const WentOut* branch : branches_) {
      judge_start(*branch);
      judge_cancel(*branch);
      judge_successes(*branch);
      judge_provisionals(*branch);
    }
    if (final_ && final_->message.status >= 300 && !branches_.empty()) judge_choice();
  }

  void judge_other() {
    const bool all_answered = !branches_.empty() && std::ranges::all_of(branches_, [&](const WentOut* branch) {
      const Seen* answer = branch->final_answer();
      return answer && answer->time < branch->first().time + config_.timings.t1_times_64();
    });
    if (all_answered && !final_) {
      complaints_.add(passes_answers_on, branches_.front()->final_answer()->time,
                      "the answer to " + named(request_.request) + " goes no further");
    }
    if (final_ && final_->message.status == 408 && !had(408)) {
      complaints_.add(no_408, final_->time, named(request_.request) + " gets a 408");
    }
    if (branches_.empty() && request_.answers.empty()) {
      complaints_.add(passes_answers_on, request_.first().time, named(request_.request) + " is dropped");
    }
  }

 private:
  // 482 of our own: the same request has been here before, with the same Request-URI. A spiral has another one.
  void judge_loop() {
    if (!final_ || final_->message.status != 482 || !branches_.empty() || seen_.restarted) return;
    const bool was_here = std::ranges::any_of(seen_.requests, [&](const CameIn& other) {
      return &other != &request_ && other.first().order < request_.first().order &&
             other.request.call_id == request_.request.call_id && other.request.cseq == request_.request.cseq &&
             other.request.uri == request_.request.uri;
    });
    if (!was_here) complaints_.add(rejects_loops, final_->time, named(request_.request) + " is no loop, and gets 482");
  }

  bool had(int status) const {
    return std::ranges::any_of(branches_, [&](const WentOut* branch) {
      const Seen* answer = branch->final_answer();
      return answer && answer->message.status == status;
    });
  }

  // When the search is over by the RFC: at a 2xx or 6xx, or a CANCEL before the final answer.
  std::optional<Seen> end() const {
    std::optional<Seen> end;
    const auto consider = [&](const Seen* seen) {
      if (seen && (!end || seen->order < end->order)) end = *seen;
    };
    for (const WentOut* branch : branches_) {
      for (const Seen* answer : {branch->first_answer(200, 299), branch->first_answer(600, 699)}) {
        if (answer && is_remembered(*branch, *answer)) consider(answer);
      }
    }
    const bool counts = request_.cancelled && (!final_ || request_.cancelled->order < final_->order);
    if (counts) consider(&*request_.cancelled);
    return end;
  }

  void judge_start(const WentOut& branch) {
    if (end_ && branch.over_udp && branch.first().order > end_->order) {  // a connection may have been awaited
      complaints_.add(stops_searching, branch.first().time, named(branch.request) + " is tried after the end");
    }
    for (const WentOut* other : branches_) {
      const bool same = other != &branch && other->request.uri == branch.request.uri && other->over_udp &&
                        branch.over_udp && other->first().peer == branch.first().peer &&
                        other->first().order < branch.first().order;
      if (!same) continue;
      complaints_.add(forwards_once, branch.first().time, named(branch.request) + " leaves twice");
      return;
    }
  }

  // Since when a branch may be cancelled for having rung too long.
  TimePoint last_sign_of_life(const WentOut& branch, std::uint64_t before) const {
    TimePoint last = branch.first().time;
    for (const Seen& answer : branch.answers) {
      if (answer.order < before && answer.message.status > 100 && answer.message.status < 200) last = answer.time;
    }
    return last;
  }

  // The first of its target's servers; one that does not answer is no reason to ring the next one longer.
  TimePoint tried_since(const WentOut& branch) const {
    TimePoint first = branch.first().time;
    for (const WentOut* other : branches_) {
      if (other->request.uri == branch.request.uri) first = std::min(first, other->first().time);
    }
    // A connection was tried before (§18.1.1), and refused; another request may have begun to open it.
    for (const TimePoint opening : seen_.openings) {
      if (opening >= request_.first().time - tcp_patience)
        first = std::min(first, std::max(opening, request_.first().time));
    }
    return first;
  }

  // A connection that is awaited may be another request's.
  bool has_opened_until(TimePoint time) const {
    return seen_.opened_between(request_.first().time - tcp_patience, time);
  }

  // RFC 3261 §16.6 step 11, or a rule that is less patient.
  bool has_rung_long(const WentOut& branch, const Seen& cancel) const {
    if (cancel.time - last_sign_of_life(branch, cancel.order) > three_minutes) return true;
    const TimePoint since = branch.over_udp ? tried_since(branch) : request_.first().time;  // a connection is awaited
    return std::ranges::any_of(config_.rules, [&](const Rule& rule) {
      const auto* lookup = std::get_if<LookupAction>(&rule.action);
      const auto* relay = std::get_if<RelayAction>(&rule.action);
      const ForkPolicy* fork = lookup ? &lookup->fork : relay ? &relay->fork : nullptr;
      return fork && fork->ring_timeout > Duration::zero() && cancel.time - since >= fork->ring_timeout;
    });
  }

  void judge_cancel(const WentOut& branch) {
    if (branch.cancels.empty()) return judge_missing_cancel(branch);
    const Seen& cancel = branch.cancels.front();
    const std::string name = "the CANCEL of " + named(branch.request);
    const Seen* ringing = branch.provisional();
    if (!ringing || ringing->order > cancel.order) {
      complaints_.add(cancels_after_ringing, cancel.time, name + " comes before any provisional answer");
    }
    const Seen* answer = branch.final_answer();
    if (answer && answer->order < cancel.order && !awaits_a_connection(branch, cancel.time)) {
      complaints_.add(cancels_after_ringing, cancel.time, name + " comes after the final answer");
    }
    const bool over = (end_ && end_->order < cancel.order) || (final_ && final_->order < cancel.order);
    if (!over && !has_rung_long(branch, cancel)) {
      complaints_.add(cancels_for_a_reason, cancel.time, name + " has no reason");
    }
    if (!end_ || !ringing) return;
    const TimePoint due = std::max(end_->time, ringing->time);
    const bool late = cancel.time > due && std::max(end_->order, ringing->order) < cancel.order;
    if (late && !awaits_a_connection(branch, cancel.time)) {
      complaints_.add(cancels_the_rest, cancel.time, name + " comes late");
    }
  }

  // The one that the INVITE left over is gone (RFC 3261 §18.1.1).
  bool awaits_a_connection(const WentOut& branch, TimePoint until) const {
    return !branch.over_udp && seen_.opened_between(branch.first().time, until);
  }

  void judge_missing_cancel(const WentOut& branch) {
    const Seen* ringing = branch.provisional();
    if (!end_ || !ringing || branch.first().order > end_->order) return;
    const TimePoint due = std::max(end_->time, ringing->time);
    const Seen* answer = branch.final_answer();
    const bool ended = (answer && answer->time <= due) || branch.undeliverable ||
                       ringing->time >= branch.first().time + config_.timings.t1_times_64();
    if (!ended) complaints_.add(cancels_the_rest, due, named(branch.request) + " is not cancelled");
  }

  bool is_remembered(const WentOut& branch, const Seen& answer) const {
    const Duration life = config_.timings.t1_times_64();
    const Seen* success = branch.first_answer(200, 299);
    return branch.answers.front().time < branch.first().time + life && !branch.failed_before(answer) &&
           (branch.cancels.empty() || answer.time < branch.cancels.front().time + life) &&
           (!success || answer.time < success->time + life);
  }

  bool goes_on(const Seen& answer) const {
    return std::ranges::any_of(request_.answers, [&](const Seen& out) {
      return out.time == answer.time && out.order > answer.order && out.message.status == answer.message.status &&
             out.message.to_tag == answer.message.to_tag;
    });
  }

  void judge_successes(const WentOut& branch) {
    const Seen* refusal = branch.first_answer(300, 699);
    for (const Seen& answer : branch.answers) {
      if (answer.message.status / 100 != 2) continue;
      const bool too_late =
          (refusal && refusal->order < answer.order) || !is_remembered(branch, answer) ||
          (final_ && final_->order < answer.order &&
           (final_->message.status >= 300 || answer.time >= final_->time + config_.timings.t1_times_64()));
      if (too_late || !request_.over_udp || goes_on(answer)) continue;
      return complaints_.add(passes_success_on, answer.time,
                             "the 2xx of " + named(branch.request) + " goes no further");
    }
  }

  void judge_provisionals(const WentOut& branch) {
    for (const Seen& answer : branch.answers) {
      if (answer.message.status <= 100 || answer.message.status >= 200) continue;
      const bool over = (end_ && end_->order < answer.order) || (final_ && final_->order < answer.order);
      const Seen* last = branch.final_answer();
      if (over || (last && last->order < answer.order) || !is_remembered(branch, answer)) return;
      if (!request_.over_udp || goes_on(answer)) continue;
      return complaints_.add(
          passes_ringing_on, answer.time,
          std::to_string(answer.message.status) + " of " + named(branch.request) + " goes no further");
    }
  }

  void judge_choice() {
    std::set<int> statuses;
    bool all = true;
    for (const WentOut* branch : branches_) {
      const Seen* answer = branch->final_answer();
      const bool answered = answer && answer->order < final_->order && is_remembered(*branch, *answer);
      if (answered) statuses.insert(answer->message.status);
      all &= answered;
      const bool rings = branch->provisional() && branch->provisional()->order < final_->order && !answered &&
                         branch->cancels.empty() && !branch->undeliverable &&
                         branch->provisional()->time < branch->first().time + config_.timings.t1_times_64();
      if (rings) {
        complaints_.add(waits_for_all, final_->time, named(branch->request) + " still rings when the refusal leaves");
      }
    }
    if (statuses.empty()) return;
    const int status = final_->message.status;
    const bool declined = *statuses.rbegin() >= 600;
    const bool made_of_503 = status == 500 && statuses.contains(503);
    // A target whose connection never came about has its answer from the node itself (§16.7, §16.9).
    const bool of_its_own = (status == 408 || status == 500) && has_opened_until(final_->time);
    if (declined ? status < 600 : status / 100 > *statuses.begin() / 100) {
      complaints_.add(best_answer, final_->time, std::to_string(status) + " is not the best answer");
    } else if (all && !statuses.contains(status) && !made_of_503 && !of_its_own) {
      complaints_.add(best_answer, final_->time, std::to_string(status) + " is nobody's answer");
    }
  }

  const NodeTestimony& seen_;
  const Config& config_;
  const CameIn& request_;
  Complaints& complaints_;
  const Seen* final_;
  std::vector<const WentOut*> branches_;
  std::optional<Seen> end_;
};

}  // namespace

void judge_searches(const NodeTestimony& seen, const Config& config, Complaints& complaints) {
  for (const CameIn& request : seen.requests) {
    if (request.begins_again(config.timings.t1_times_64())) continue;  // two searches, as one cannot tell them apart
    Search search(seen, config, request, complaints);
    if (request.request.method == "INVITE") {
      search.judge_invite();
    } else if (request.request.method != "CANCEL") {
      search.judge_other();
    }
  }
}

}  // namespace intermediary::sim
