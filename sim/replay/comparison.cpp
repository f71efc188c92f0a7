#include "sim/replay/comparison.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/overloaded.h"
#include "routing/route_json.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

bool is_ours(FlowId flow) { return (flow.value & engine_flow_bit) != 0; }

std::string place_text(const Hop& hop) {
  return hop.remote.to_string() + ' ' + std::string(parameter_name(hop.transport));
}

std::string in_rule(const std::string& rule) { return rule.empty() ? std::string() : ", rule '" + rule + '\''; }

// Two requests of one kind to one place are the same to whoever answers them.
std::string key_of(const WireMessage& request, const Hop& hop) {
  return request.call_id() + '\n' + request.value("CSeq") + '\n' + request.uri() + '\n' + place_text(hop);
}

constexpr std::string_view branch_is = "branch=";

// Where the next branch begins, and how long it is.
std::string_view branch_at(std::string_view bytes, std::size_t from, std::size_t& place) {
  const std::size_t found = bytes.find(branch_is, from);
  if (found == std::string_view::npos) return {};
  place = found + branch_is.size();
  return bytes.substr(place, bytes.substr(place).find_first_of(";,> \t\r\n"));
}

constexpr std::string_view of_engine = "engine\n";

// The same questions have the same text.
std::string text_of(const HttpOrder& order) { return order.method + ' ' + order.url.to_string() + '\n' + order.body; }
std::string text_of(const RouteAsked& asked) {
  return std::string(of_engine) + asked.engine + '\n' + route_question(asked.facts);
}
bool is_of_engine(std::string_view question) { return question.starts_with(of_engine); }

Input with_query(const Input& said, QueryId query) {
  Input again = said;
  if (auto* replied = std::get_if<HttpReplied>(&again)) replied->query = query;
  if (auto* decided = std::get_if<RouteDecided>(&again)) decided->query = query;
  return again;
}

}  // namespace

bool CallDecisions::differ() const {
  const auto sorted = [](const std::vector<Decision>& decisions) {
    std::vector<std::string> lines;
    for (const Decision& decision : decisions) lines.push_back(decision.what);
    std::ranges::sort(lines);
    return lines;
  };
  return sorted(recorded) != sorted(other);
}

Comparison::Comparison(const Replay& replay, const Config& other)
    : config_(other), engine_(config_, replay.header().seed) {}

void Comparison::add(const Replay::Step& step) {
  now_ = step.input.time;
  begin_call(step.input.input);
  for (const Output& output : step.outputs) note(Side::Recorded, output);
  give(step.input.time, step.input.input);
}

std::uint64_t Comparison::differing() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(std::views::values(calls_), &CallDecisions::differ));
}

// ---- what is decided

void Comparison::begin_call(const Input& input) {
  const auto message = request_in(input);
  if (!message) return;
  const auto [call, is_new] = calls_.try_emplace(message->call_id());
  if (is_new) call->second = {now_, message->method() + ' ' + message->uri(), {}, {}};
}

void Comparison::note_decision(Side side, const std::string& call_id, Decision decision) {
  const auto [call, is_new] = calls_.try_emplace(call_id);
  if (is_new) call->second.since = now_;
  std::vector<Decision>& known = side == Side::Recorded ? call->second.recorded : call->second.other;
  if (std::ranges::find(known, decision.what, &Decision::what) == known.end()) known.push_back(std::move(decision));
}

void Comparison::note_request(Side side, const Transmit& transmit) {
  const auto request = WireMessage::read(transmit.bytes);
  if (!request || !request->is_request()) return;
  const std::string key = key_of(*request, transmit.hop);
  if (side == Side::Recorded) {
    key_of_branch_.try_emplace(request->branch(), key);
    sent_.insert(key);
  } else {
    branch_of_key_.insert_or_assign(key, request->branch());
    if (!sent_.contains(key)) asked_elsewhere_.insert(request->call_id());
  }
  if (follows(request->method())) return;
  note_decision(side, request->call_id(),
                {request->method() + " goes to " + request->uri() + " at " + place_text(transmit.hop), {}});
}

void Comparison::note(Side side, const Output& output) {
  std::visit(Overloaded{
                 [&](const Transmit& transmit) { note_request(side, transmit); },
                 [&](const OpenFlow& open) {
                   const Place place{open.transport, open.remote};
                   (side == Side::Recorded ? opened_here_ : opened_there_).insert_or_assign(place, open.flow);
                   if (side == Side::Recorded) return;
                   const auto there = open_.find(place);
                   if (there != open_.end()) {
                     FlowOpened opened = there->second;
                     opened.flow = open.flow;
                     own_.emplace_back(std::move(opened));
                   } else if (!opened_here_.contains(place)) {
                     own_.emplace_back(FlowClosed{open.flow, "the record has no such connection"});
                   }
                 },
                 [&](const CloseFlow&) {},
                 [&](const DnsQuery& query) {
                   (side == Side::Recorded ? asked_ : waiting_).insert_or_assign(query.query, query.question);
                 },
                 [&](const Event& event) { note_event(side, event); },
                 [&](const StoreRequest& request) { ask_store(side, request); },
                 [&](const HttpRequest& request) { ask_outside(side, request.query, text_of(request.order)); },
                 [&](const RouteAsked& asked) { ask_outside(side, asked.query, text_of(asked)); },
             },
             output);
}

// The other engine has a store of its own, with what the record shows of the one that there was.
void Comparison::ask_store(Side side, const StoreRequest& request) {
  if (side == Side::Other) own_.emplace_back(StoreReplied{request.query, store_.carry_out(request.operation)});
}

// The other engine is told what the record has of the same question. One that the record does not have is never
// answered, and ends by the engine's own deadline.
void Comparison::ask_outside(Side side, QueryId query, const std::string& question) {
  if (side == Side::Recorded) {
    outside_asked_.insert_or_assign({query, is_of_engine(question)}, question);
    return;
  }
  const auto known = outside_said_.find(question);
  if (known == outside_said_.end()) {
    outside_waiting_.emplace(question, query);
  } else {
    own_.push_back(with_query(known->second, query));
  }
}

void Comparison::give_from_outside(TimePoint time, QueryId query, bool by_engine, const Input& said) {
  const auto asked = outside_asked_.find({query, by_engine});
  if (asked == outside_asked_.end()) return;
  outside_said_.insert_or_assign(asked->second, said);
  const auto [begin, end] = outside_waiting_.equal_range(asked->second);
  std::vector<QueryId> waiting;
  for (auto at = begin; at != end; ++at) waiting.push_back(at->second);
  outside_waiting_.erase(begin, end);
  for (const QueryId each : waiting) run_other(time, with_query(said, each));
}

void Comparison::give_reply(const StoreReply& reply) {
  const auto show = [&](const StoredRecord& record) {
    if (record.version != 0 && shown_.insert(record.address_of_record).second) store_.put(record);
  };
  if (const auto* found = std::get_if<RecordFound>(&reply)) show(found->record);
  if (const auto* conflict = std::get_if<RecordConflict>(&reply)) show(conflict->record);
  if (const auto* all = std::get_if<RecordsFound>(&reply)) std::ranges::for_each(all->records, show);
}

// Nobody answers the other engine from where the record has no answer: that it gives up then is no decision.
void Comparison::note_event(Side side, const Event& event) {
  if (const auto* refused = std::get_if<RequestRefused>(&event)) {
    note_decision(side, refused->call_id,
                  {refused->method + " is refused with " + std::to_string(refused->status),
                   in_rule(refused->rule) + ": " + refused->reason});
  } else if (const auto* completed = std::get_if<RequestCompleted>(&event)) {
    const bool is_unknown =
        side == Side::Other && completed->status == 408 && asked_elsewhere_.contains(completed->call_id);
    note_decision(side, completed->call_id,
                  {completed->method + (is_unknown ? " is answered by somebody whose answer is not in the record"
                                                   : " is answered with " + std::to_string(completed->status)),
                   in_rule(completed->rule)});
  }
}

// ---- what the other engine is told

void Comparison::run_other(TimePoint time, Input input) {
  own_.push_back(std::move(input));
  while (!own_.empty()) {
    for (Input& each : std::exchange(own_, {})) {
      engine_.handle(time, std::move(each));
      while (const auto output = engine_.poll()) note(Side::Other, *output);
    }
    give_own_answers(time);
  }
}

// Its own, each at its time: those of the record are those of another engine.
void Comparison::run_deadlines(TimePoint time, bool with_this_instant) {
  for (auto next = engine_.next_deadline(); next && (*next < time || (with_this_instant && *next == time));
       next = engine_.next_deadline()) {
    run_other(*next, DeadlineReached{});
  }
}

// The replay's engine has the question out: its answer will come. Else the latest that is known must do.
void Comparison::give_own_answers(TimePoint) {
  for (auto query = waiting_.begin(); query != waiting_.end();) {
    const DnsQuestion& question = query->second;
    if (std::ranges::find(std::views::values(asked_), question) != std::views::values(asked_).end()) {
      ++query;
      continue;
    }
    const auto known = answers_.find(question);
    DnsResult answer = std::unexpected(DnsFailure{DnsFailure::Kind::TimedOut, {}, "the record has no answer"});
    if (known != answers_.end()) answer = known->second;
    own_.emplace_back(DnsAnswered{query->first, std::move(answer)});
    query = waiting_.erase(query);
  }
}

void Comparison::give_answer(TimePoint time, const DnsAnswered& answered) {
  const auto asked = asked_.find(answered.query);
  if (asked == asked_.end()) return;
  answers_.insert_or_assign(asked->second, answered.answer);
  const DnsQuestion question = asked->second;
  asked_.erase(asked);
  const auto waits = std::ranges::find(waiting_, question, &std::pair<const QueryId, DnsQuestion>::second);
  if (waits == waiting_.end()) return;
  const QueryId query = waits->first;
  waiting_.erase(waits);
  run_other(time, DnsAnswered{query, answered.answer});
}

FlowId Comparison::translated(FlowId flow) const {
  if (!is_ours(flow)) return flow;
  const auto here = std::ranges::find(opened_here_, flow, &std::pair<const Place, FlowId>::second);
  if (here == opened_here_.end()) return {};
  const auto there = opened_there_.find(here->first);
  return there == opened_there_.end() ? FlowId{} : there->second;
}

// The branches of the recorded engine become those of the other one; false where it has sent nothing of the kind.
bool Comparison::translate(std::string& bytes, bool is_whole) const {
  bool is_topmost = is_whole && bytes.starts_with("SIP/2.0 ");
  std::size_t place = 0;
  for (std::string_view branch = branch_at(bytes, 0, place); !branch.empty(); branch = branch_at(bytes, place, place)) {
    const auto known = key_of_branch_.find(std::string(branch));
    const bool is_topmost_here = std::exchange(is_topmost, false);
    if (known == key_of_branch_.end()) continue;
    const auto there = branch_of_key_.find(known->second);
    if (there == branch_of_key_.end()) {
      if (is_topmost_here) return false;
      continue;
    }
    bytes.replace(place, branch.size(), there->second);
  }
  return true;
}

void Comparison::give(TimePoint time, const Input& input) {
  run_deadlines(time, std::holds_alternative<DeadlineReached>(input));
  std::visit(Overloaded{
                 [&](DatagramReceived datagram) {
                   if (!translate(datagram.bytes, true)) {
                     ++unasked_;
                     return;
                   }
                   run_other(time, std::move(datagram));
                 },
                 [&](StreamReceived stream) {
                   stream.flow = translated(stream.flow);
                   if (!stream.flow) return;
                   translate(stream.bytes, false);
                   run_other(time, std::move(stream));
                 },
                 [&](FlowOpened opened) {
                   if (is_ours(opened.flow)) open_.insert_or_assign(Place{opened.transport, opened.remote}, opened);
                   opened.flow = translated(opened.flow);
                   if (opened.flow) run_other(time, std::move(opened));
                 },
                 [&](FlowClosed closed) {
                   const FlowId here = closed.flow;
                   closed.flow = translated(here);
                   if (closed.flow) run_other(time, std::move(closed));
                   std::erase_if(open_, [&](const auto& entry) { return entry.second.flow == here; });
                   std::erase_if(opened_here_, [&](const auto& entry) { return entry.second == here; });
                 },
                 [&](DatagramFailed failed) {
                   if (translate(failed.bytes, false)) run_other(time, std::move(failed));
                 },
                 [&](const DnsAnswered& answered) { give_answer(time, answered); },
                 [&](const WallClock& wall) { run_other(time, wall); },
                 [](const DeadlineReached&) {},
                 [&](const Command& command) { run_other(time, command); },
                 [&](const StoreReplied& replied) { give_reply(replied.reply); },
                 [&](const ConfigurationChanged&) { ++reloads_; },  // the other engine has its own
                 [&](const HttpReplied& replied) { give_from_outside(time, replied.query, false, replied); },
                 [&](const RouteDecided& decided) { give_from_outside(time, decided.query, true, decided); },
             },
             input);
}

}  // namespace intermediary::sim
