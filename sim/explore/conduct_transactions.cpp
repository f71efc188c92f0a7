// Repetitions and their answers: RFC 3261 §17 with RFC 6026 and RFC 4320, seen from outside.
#include <algorithm>
#include <limits>

#include "sim/explore/conduct.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view repeats_invites = "repeats-INVITE-by-timer-A (RFC 3261 §17.1.1.2)";
constexpr std::string_view repeats_requests = "repeats-requests-by-timer-E (RFC 3261 §17.1.2.2)";
constexpr std::string_view repeats_refusals = "repeats-refusals-by-timer-G (RFC 3261 §17.2.1)";
constexpr std::string_view repeats_answers = "answers-repetitions-again (RFC 3261 §17.2)";
constexpr std::string_view acknowledges = "acknowledges-refusals (RFC 3261 §17.1.1.3)";
constexpr std::string_view answers_once = "one-final-answer (RFC 3261 §16.7 step 5, §17.2)";
constexpr std::string_view answers_cancels = "answers-CANCEL (RFC 3261 §9.2)";
constexpr std::string_view says_trying = "says-100-when-the-INVITE-comes (RFC 3261 §17.2.1, §16.7 step 5)";

using Times = std::vector<TimePoint>;
constexpr TimePoint never = TimePoint::max();

TimePoint time_of(const Seen* seen) { return seen ? seen->time : never; }

bool any_at(const std::vector<Seen>& those, TimePoint time, std::uint64_t after, auto&& fits) {
  return std::ranges::any_of(
      those, [&](const Seen& one) { return one.time == time && one.order > after && fits(one.message); });
}

// `sent` are the first and all repetitions; `due` when those have to be, up to `stop`, at which one may be or not.
void compare(std::string_view promise, const std::string& name, const std::vector<Seen>& sent, const Times& due,
             TimePoint stop, Complaints& complaints) {
  std::size_t next = 0;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    const TimePoint when = sent[i].time;
    if (next < due.size() && due[next] == when && when <= stop) {
      ++next;
    } else {
      return complaints.add(promise, when, name + " is repeated");
    }
  }
  if (next < due.size() && due[next] < stop) complaints.add(promise, due[next], name + " is not repeated");
}

// ---- as client

void judge_invite_client(const WentOut& branch, const TransactionTimings& timings, Complaints& complaints) {
  const TimePoint began = branch.first().time;
  TimePoint stop = std::min(began + timings.t1_times_64(), branch.undeliverable.value_or(Moment{never}).time);
  if (!branch.answers.empty()) stop = std::min(stop, branch.answers.front().time);
  Times due;
  Duration interval = timings.t1;
  for (TimePoint next = began + interval; next < began + timings.t1_times_64(); next += interval) {
    due.push_back(next);
    interval *= 2;
  }
  compare(repeats_invites, named(branch.request), branch.sent, due, stop, complaints);
}

void judge_other_client(const WentOut& branch, const TransactionTimings& timings, Complaints& complaints) {
  const TimePoint began = branch.first().time;
  const TimePoint over = began + timings.t1_times_64();
  const TimePoint stop =
      std::min({over, time_of(branch.final_answer()), branch.undeliverable.value_or(Moment{never}).time});
  const TimePoint proceeding = time_of(branch.provisional());
  Times due;
  Duration interval = timings.t1;
  for (TimePoint next = began + interval; next < over; next += interval) {
    if (next == proceeding) return;  // either may have been first
    due.push_back(next);
    interval = proceeding < next ? timings.t2 : std::min(2 * interval, timings.t2);
  }
  compare(repeats_requests, named(branch.request), branch.sent, due, stop, complaints);
}

// Every refusal is acknowledged, when it comes again, too; and nothing else is.
void judge_acknowledgements(const WentOut& branch, const TransactionTimings& timings, Complaints& complaints) {
  const Seen* first = branch.first_answer(300, 699);
  if (!first || branch.first_answer(200, 299)) {
    if (!branch.acks.empty()) complaints.add(acknowledges, branch.acks.front().time, "acknowledges what is no refusal");
    return;
  }
  const bool in_time = branch.answers.front().time < branch.first().time + timings.t1_times_64();
  const bool given_up = !branch.cancels.empty() && first->time >= branch.cancels.front().time + timings.t1_times_64();
  if (!in_time || given_up || branch.undeliverable) return;
  std::size_t refusals = 0;
  for (const Seen& answer : branch.answers) {
    if (answer.message.status < 300) continue;
    ++refusals;
    // What another To tag says is no repetition (§17.1.1.2): its server has begun anew in between.
    if (answer.message.to_tag != first->message.to_tag) continue;
    const bool remembered = branch.over_udp ? answer.time < first->time + timings.timer_d : &answer == first;
    const auto fits = [&](const Glance& ack) { return ack.to_tag == answer.message.to_tag; };
    if (remembered && !any_at(branch.acks, answer.time, answer.order, fits)) {
      return complaints.add(acknowledges, answer.time,
                            std::to_string(answer.message.status) + " of " + named(branch.request) + " gets no ACK");
    }
  }
  if (branch.acks.size() > refusals) complaints.add(acknowledges, branch.acks.back().time, "an ACK too many");
}

void judge_client(const WentOut& branch, const TransactionTimings& timings, Complaints& complaints) {
  const bool invite = branch.request.method == "INVITE";
  const bool stateless = branch.request.method == "CANCEL" && branch.parent != WentOut::of_its_own;  // §16.10
  if (stateless) return;
  if (invite) judge_acknowledgements(branch, timings, complaints);
  if (!branch.over_udp) {
    if (branch.sent.size() > 1) complaints.add(repeats_requests, branch.sent[1].time, "repeats over a connection");
  } else if (invite) {
    judge_invite_client(branch, timings, complaints);
  } else {
    judge_other_client(branch, timings, complaints);
  }
}

// ---- as server

// RFC 3261 §18.2.2: what bounced goes to another address at once.
bool is_moved(const CameIn& request, const Seen& answer) {
  return std::ranges::find(request.bounced, answer.time) != request.bounced.end();
}

// Of an INVITE that was refused.
void judge_refusal(const CameIn& request, const Seen& refusal, const TransactionTimings& timings,
                   Complaints& complaints) {
  const TimePoint acknowledged = request.acknowledged ? request.acknowledged->time : never;
  const TimePoint stop = std::min(acknowledged, refusal.time + timings.t1_times_64());
  const auto is_final = [](const Glance& message) { return message.is_final(); };
  Times due;
  Duration interval = timings.t1;
  if (request.over_udp) {
    for (TimePoint next = refusal.time + interval; next <= stop; next += interval) {
      due.push_back(next);
      interval = std::min(2 * interval, timings.t2);
    }
  }
  for (const Seen& answer : request.answers) {
    if (!answer.message.is_final() || &answer == &refusal) continue;
    const bool again = std::ranges::any_of(request.arrivals, [&](const Seen& one) { return one.time == answer.time; });
    if (again || is_moved(request, answer) || std::ranges::find(due, answer.time) != due.end()) continue;
    return complaints.add(repeats_refusals, answer.time, "the refusal of " + named(request.request) + " is repeated");
  }
  for (const TimePoint time : due) {
    if (time == stop || any_at(request.answers, time, 0, is_final)) continue;
    return complaints.add(repeats_refusals, time, "the refusal of " + named(request.request) + " is not repeated");
  }
}

// What comes again is answered again, where there is an answer; whoever accepted repeats that himself.
void judge_repetitions(const CameIn& request, const TransactionTimings& timings, Complaints& complaints) {
  const Seen* final_answer = request.refusal_or_success();
  const bool invite = request.request.method == "INVITE";
  for (std::size_t i = 1; i < request.arrivals.size(); ++i) {
    const Seen& again = request.arrivals[i];
    const bool over = final_answer && final_answer->order < again.order;
    if (over && again.time >= final_answer->time + timings.t1_times_64()) return;
    const bool accepted = invite && over && final_answer->message.status < 300;
    const bool confirmed = invite && request.acknowledged && request.acknowledged->order < again.order;
    const bool answered = !request.answers.empty() && request.answers.front().order < again.order;
    const bool answers_now = any_at(request.answers, again.time, again.order, [](const Glance&) { return true; });
    if (accepted || confirmed || !answered || answers_now) continue;
    return complaints.add(repeats_answers, again.time, "the repeated " + named(request.request) + " gets no answer");
  }
}

void judge_server(const CameIn& request, const TransactionTimings& timings, Complaints& complaints) {
  const bool invite = request.request.method == "INVITE";
  // RFC 3261 §16.10: a CANCEL for nothing that is known goes on, each time anew.
  const bool passes = request.request.method == "CANCEL" && (request.is_for_nothing || !request.branches.empty());
  if (request.over_udp && !passes) judge_repetitions(request, timings, complaints);
  const Seen* first = request.refusal_or_success();
  if (request.request.method == "CANCEL" && !passes &&
      !any_at(request.answers, request.first().time, request.first().order, [](const Glance&) { return true; })) {
    complaints.add(answers_cancels, request.first().time, "a CANCEL gets no answer");
  }
  if (invite && (request.answers.empty() || request.answers.front().time != request.first().time)) {
    complaints.add(says_trying, request.first().time, named(request.request) + " gets no answer at once");
  }
  if (request.is_for_nothing || request.begins_again(timings.t1_times_64())) return;
  // RFC 3261 §8.2.7: whom nothing was begun for may be refused without a transaction.
  if (first && request.branches.empty() && first == &request.answers.front()) return;
  for (const Seen& answer : request.answers) {
    const auto comes_now = [&](const Seen& one) { return one.time == answer.time && one.order < answer.order; };
    const bool comes = std::ranges::any_of(request.arrivals, comes_now) || is_moved(request, answer);
    if (invite && answer.message.status == 100 && !comes && !request.hung_up) {  // another connection may be awaited
      complaints.add(says_trying, answer.time, "a 100 leaves though no INVITE came");
      break;
    }
    if (!first || answer.order <= first->order) continue;
    const bool same = answer.message.bytes == first->message.bytes;
    const bool further_success = invite && first->message.status < 300 && answer.message.status / 100 == 2;
    if (same || further_success || is_moved(request, answer)) continue;
    complaints.add(answers_once, answer.time,
                   std::to_string(answer.message.status) + " follows " + std::to_string(first->message.status));
    break;
  }
  if (invite && first && first->message.status >= 300) judge_refusal(request, *first, timings, complaints);
}

}  // namespace

void judge_transactions(const NodeTestimony& seen, const Config& config, Complaints& complaints) {
  for (const WentOut& branch : seen.branches) judge_client(branch, config.timings, complaints);
  for (const CameIn& request : seen.requests) judge_server(request, config.timings, complaints);
}

}  // namespace intermediary::sim
