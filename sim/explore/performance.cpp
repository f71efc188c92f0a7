#include "sim/explore/performance.h"

#include <algorithm>
#include <ranges>

#include "base/overloaded.h"
#include "base/text.h"
#include "sim/expectation.h"
#include "sim/explore/conduct.h"
#include "sim/ladder.h"
#include "sim/runner.h"
#include "sim/staging.h"

namespace intermediary::sim {
namespace {

// How long after the last line a world may take until nothing is left in any table.
constexpr Duration patience_at_the_end = std::chrono::minutes(30);

World& populated(World& world, const Scenario& scenario) {
  populate(world, scenario);
  return world;
}

bool has_kind(const Conditions& conditions, Condition::Kind kind) {
  return std::ranges::find(conditions, kind, &Condition::kind) != conditions.end();
}

bool names_something(const MessageLine& line) {
  const bool in_uri = line.start.uri && !variables_of(*line.start.uri).empty();
  return in_uri || std::ranges::any_of(line.conditions, [](const Condition& condition) {
           return condition.kind == Condition::Kind::SaveAs || !variables_of(condition.text).empty();
         });
}

// A pattern that is just this text.
std::string literally(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (c == '*' || c == '$' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool repeats(const MessageLine& line) { return has_kind(line.conditions, Condition::Kind::Again); }

// A request of which the call has to be there before.
bool depends_on_its_call(const MessageLine& line, const WireMessage& message) {
  if (message.is_response()) return true;
  const std::string method = message.method();
  return method == "ACK" || method == "CANCEL" || !message.to_tag().empty() ||
         has_kind(line.conditions, Condition::Kind::Credentials);
}

}  // namespace

Performance::Performance(const Scenario& scenario, std::uint64_t seed, const Script* script, const Schedule& schedule,
                         const ExecutionOptions& options)
    : scenario_(scenario),
      script_(script),
      options_(options),
      world_(seed),
      saboteur_(world_, schedule, options.lists_points, [this](HostId host) { return deadline_of(host); }),
      witness_(populated(world_, scenario)),
      happened_(scenario.lines.size()) {
  for (std::uint32_t i = 1; i <= world_.network().host_count(); ++i) {
    if (world_.is_party(HostId{i})) parties_.try_emplace(HostId{i});
  }
  for (std::size_t i = 0; i < scenario.lines.size(); ++i) {
    const auto* line = std::get_if<MessageLine>(&scenario.lines[i]);
    if (line && !is_stimulus(i)) lines_matter_ = lines_matter_ || line->lost || names_something(*line);
  }
  if (scenario.promises) {
    testimony_.emplace(world_.nodes());
    for (const NatDeclaration& box : scenario.nats) {
      for (const std::string& name : box.inside) testimony_->seen_at(world_.find(name), box.setup.outside);
    }
  }
  if (options.chronicle) chronicler_.emplace(world_);
  saboteur_.on_strike = [this](const Fault& fault) {
    if (chronicler_) chronicler_->note("fault " + fault.to_string());
  };
  saboteur_.on_restart = [this](HostId node) {
    witness_.restarted(node);
    if (testimony_) testimony_->restarted(node, world_.now());
  };
}

Verdict Performance::run() {
  world_.network().set_judge([this](const Transmission& sent) { return judge(sent); });
  world_.set_observer(this);
  if (script_) wait_for_cues();
  const TimePoint latest = at(scenario_.lines.empty() ? Duration(0) : head_of(scenario_.lines.back()).when.to);
  TimePoint limit = latest + patience_at_the_end;
  while (auto next = next_time()) {
    if (!lines_wait() && *next > std::max(limit, latest + patience_at_the_end)) break;
    if (lines_wait()) limit = std::max(limit, *next + patience_at_the_end);
    world_.advance_to(*next);
    live_through_this_instant();
    if (world_.stuck()) break;
  }
  Verdict result = verdict();
  world_.set_observer(nullptr);
  return result;
}

Verdict Performance::verdict() {
  witness_.ended();
  Verdict verdict;
  verdict.broken_promises = witness_.broken();
  for (const std::string& left : world_.leftovers()) verdict.broken_promises.push_back("leaves-nothing: " + left);
  if (testimony_) {
    judge_conduct(verdict.broken_promises);
    if (!verdict.broken_promises.empty()) verdict.misfortunes = misfortunes();
  }
  verdict.trace_hash = KeyedHash(HashKey{5, 6})
                           .number(world_.network().trace_hash())
                           .number(witness_.inputs_hash())
                           .number(static_cast<std::uint64_t>(world_.now().time_since_epoch().count()))
                           .finish();
  verdict.virtual_time = world_.now().time_since_epoch();
  verdict.steps = world_.steps();
  verdict.transmissions = world_.network().transcript().size();
  if (options_.lists_points) verdict.points = saboteur_.points();
  verdict.struck = saboteur_.struck();
  if (options_.draws || !verdict.broken_promises.empty()) {
    verdict.ladder = draw_ladder(world_.network(), lanes_of(world_, scenario_));
  }
  if (chronicler_) {
    *options_.chronicle = std::move(*chronicler_).finish(lanes_of(world_, scenario_));
    options_.chronicle->name = scenario_.name;
    options_.chronicle->prose = prose_of(scenario_);
  }
  return verdict;
}

void Performance::judge_conduct(std::vector<std::string>& broken) const {
  const auto add = [&](std::vector<std::string> found) { std::ranges::move(found, std::back_inserter(broken)); };
  for (const HostId node : world_.nodes()) {
    add(misconduct(world_.network().name(node), testimony_->of(node), world_.config(node)));
  }
  add(mishaps(world_, is_calm(scenario_) && saboteur_.struck().empty()));
}

// Counted as by a Saboteur.
Schedule Performance::misfortunes() const {
  Schedule lost;
  std::map<std::pair<HostId, HostId>, std::uint32_t> messages;
  for (const Transmission& sent : world_.network().transcript()) {
    if (!sent.to || sent.from == sent.to || sent.kind == Transmission::Kind::Close) continue;
    const std::uint32_t number = ++messages[{sent.from, sent.to}];
    if (sent.fate != Fate::Lost || sent.transport != Transport::Udp) continue;
    lost.push_back({Fault::Kind::Drop, number, world_.network().name(sent.from), world_.network().name(sent.to)});
  }
  return lost;
}

// ---- time

bool Performance::is_stimulus(std::size_t index) const {
  const Line& line = scenario_.lines[index];
  if (std::holds_alternative<CheckLine>(line)) return false;
  if (const auto* message = std::get_if<MessageLine>(&line)) return world_.is_party(world_.find(message->sender));
  const auto* connection = std::get_if<ConnectionLine>(&line);
  return !connection || !world_.is_node(world_.find(connection->actor));
}

// In a rehearsal, as in a run that compares lines; nullopt while that hangs on a line that has not happened.
std::optional<TimePoint> Performance::time_as_written(std::size_t index) const {
  const When& when = head_of(scenario_.lines[index]).when;
  if (!when.after_previous) return at(when.from);
  if (index == 0) return at(when.from);
  if (happened_[index - 1]) return *happened_[index - 1] + when.from;
  const When& above = head_of(scenario_.lines[index - 1]).when;
  if (above.from != above.to) return std::nullopt;
  const auto base = time_as_written(index - 1);
  return base ? std::optional(*base + when.from) : std::nullopt;
}

std::optional<std::size_t> Performance::due_line() const {
  if (script_) {
    if (waiting_.empty() || waiting_.begin()->first > world_.now()) return std::nullopt;
    return waiting_.begin()->second;
  }
  std::optional<std::size_t> due;
  std::optional<TimePoint> earliest;
  for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
    if (happened_[i] || !is_stimulus(i)) continue;
    const auto time = time_as_written(i);
    if (!time || *time > world_.now() || (earliest && *time >= *earliest)) continue;
    due = i;
    earliest = time;
  }
  return due;
}

bool Performance::lines_wait() const {
  if (script_) return !waiting_.empty();
  for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
    if (!happened_[i] && is_stimulus(i) && time_as_written(i)) return true;
  }
  return false;
}

std::optional<TimePoint> Performance::next_time() const {
  if (!started_) return world_.now();
  std::optional<TimePoint> next;
  const auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  if (script_) {
    if (!waiting_.empty()) consider(waiting_.begin()->first);
  } else {
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      if (!happened_[i] && is_stimulus(i)) consider(time_as_written(i));
    }
  }
  for (const auto& [party, stage] : parties_) consider(stage.repeater.next_deadline());
  if (!next && world_.idle()) return std::nullopt;
  consider(world_.next_time());
  if (next) next = std::max(*next, world_.now());
  return next;
}

std::optional<TimePoint> Performance::deadline_of(HostId host) const {
  if (world_.is_node(host)) return world_.engine(host).next_deadline();
  if (world_.is_agent(host)) return world_.agent(host).next_deadline();
  return parties_.at(host).repeater.next_deadline();
}

void Performance::live_through_this_instant() {
  if (!std::exchange(started_, true)) enroll_agents(world_, scenario_);
  while (!world_.stuck()) {
    if (world_.deliver_one()) continue;
    if (const auto line = due_line()) {
      if (script_) waiting_.erase(waiting_.begin());
      perform(*line);
      continue;
    }
    if (wake_a_party()) continue;
    if (!world_.expire_one()) break;
  }
}

bool Performance::wake_a_party() {
  for (auto& [party, stage] : parties_) {
    const auto deadline = stage.repeater.next_deadline();
    if (!deadline || *deadline > world_.now()) continue;
    stage.repeater.wake(world_.now());
    for (const Repeater::Sending& again : stage.repeater.take_outgoing()) say(party, again.to, again.bytes);
    return true;
  }
  return false;
}

// ---- lines

void Performance::wait_for_cues() {
  for (const auto& [line, cue] : script_->cues) {
    if (cue.kind == Cue::Kind::Time) waiting_.emplace(at(cue.delay), line);
    if (cue.kind == Cue::Kind::Heard) by_heard_.emplace(cue.heard, line);
    if (cue.kind == Cue::Kind::Line) by_line_.emplace(cue.line, line);
  }
}

void Performance::perform(std::size_t index) {
  happened_[index] = world_.now();
  const Line& line = scenario_.lines[index];
  Cue cue{Cue::Kind::Time, world_.now().time_since_epoch()};
  if (!script_) learnt_.cues.emplace(index, cue);
  const bool shows_in_the_ladder = std::holds_alternative<MessageLine>(line) || std::holds_alternative<CheckLine>(line);
  if (chronicler_ && !shows_in_the_ladder) chronicler_->note(head_of(line).text);
  std::visit(Overloaded{
                 [&](const MessageLine& message) { send(index, message); },
                 [&](const CheckLine&) {},
                 [&](const ZoneLine& zone) { world_.zone().apply(zone.change, false); },
                 [&](const NodeLine& node) {
                   const bool done = apply(world_, node).has_value();
                   if (done && node.verb != NodeLine::Verb::Starts) saboteur_.on_restart(world_.find(node.node));
                 },
                 [&](const auto& other) { static_cast<void>(apply(world_, other)); },
             },
             line);
  follow_line(index);
}

// What waits for a line.
void Performance::follow_line(std::size_t index) {
  const auto [begin, end] = by_line_.equal_range(index);
  for (auto waits = begin; waits != end; ++waits) {
    waiting_.emplace(world_.now() + script_->cues.at(waits->second).delay, waits->second);
  }
}

void Performance::send(std::size_t index, const MessageLine& line) {
  const HostId sender = world_.find(line.sender);
  const HostId receiver = world_.find(line.receiver);
  const auto bytes = script_ ? bytes_of(world_, directed(line, script_->cues.at(index)), bindings_)
                             : bytes_of(world_, line, bindings_);
  if (!bytes) return;
  const bool is_raw = line.start.kind == Start::Kind::Raw;
  if (is_raw) witness_.note_as_written(sender, *bytes);
  const auto message = WireMessage::read(*bytes);
  if (script_ && message && !is_raw && is_out_of_place(*bytes, *message, sender, script_->cues.at(index))) return;
  if (message && message->is_request()) hearing_.begins(message->call_id(), index);
  if (!script_) learn(index, line, *bytes, sender);
  said_by_.emplace(*bytes, index);
  stimulus_ = &line;
  const auto sent = world_.send(sender, receiver, *bytes);
  stimulus_ = nullptr;
  if (sent && !is_raw) note_said(sender, receiver, *bytes, false);
}

// An answer goes to the request that it has waited for, even where another came since, or names that used to tell them
// apart are bound to something else.
MessageLine Performance::directed(const MessageLine& line, const Cue& cue) const {
  if (line.start.kind != Start::Kind::Response || repeats(line)) return line;
  const auto request = requests_.find(cue.heard);
  if (request == requests_.end()) return line;
  const WireMessage& asked = request->second;
  const bool ends_its_invite = asked.method() == "CANCEL" && line.start.status == 487;
  const std::string usual = ends_its_invite ? "INVITE" : asked.method();
  const std::string method = line.start.method.empty() ? usual : line.start.method;
  if (method != usual && !(asked.method() == "CANCEL" && method == "INVITE")) return line;
  MessageLine directed = line;
  const auto is_about = [](const Condition& condition, std::string_view name) {
    return equals_ignoring_case(long_name(condition.name), name);
  };
  constexpr std::string_view identity[] = {"Via", "From", "Call-ID", "CSeq"};
  std::erase_if(directed.conditions, [&](const Condition& condition) {
    return !variables_of(condition.text).empty() &&
           std::ranges::any_of(identity, [&](std::string_view name) { return is_about(condition, name); });
  });
  const auto choose = [&](std::string_view name, const std::string& value) {
    if (std::ranges::any_of(line.conditions,
                            [&](const Condition& c) { return is_about(c, name) && variables_of(c.text).empty(); })) {
      return;
    }
    Condition condition;
    condition.kind = Condition::Kind::Exact;
    condition.name = name;
    condition.text = literally(value);
    directed.conditions.insert(directed.conditions.begin(), std::move(condition));
  };
  choose("CSeq", std::to_string(asked.cseq_number()) + ' ' + method);
  choose("Call-ID", asked.call_id());
  choose("Via", asked.value("Via"));
  return directed;
}

// A line that made sense when nothing went wrong, and does not any more.
bool Performance::is_out_of_place(const std::string&, const WireMessage& message, HostId sender,
                                  const std::optional<Cue>& cue) const {
  const Repeater& repeater = parties_.at(sender).repeater;
  if (message.is_response()) {
    // The CANCEL of an INVITE that is not known by its branch ends nothing (RFC 3261 §9.2).
    const auto request = requests_.find(cue->heard);
    const bool ends_nothing = request != requests_.end() && request->second.method() == "CANCEL" &&
                              message.method() == "INVITE" && !repeater.cancelled_by(request->second);
    return ends_nothing || repeater.is_answered_by_itself(message);
  }
  if (message.method() != "CANCEL") return false;
  WireMessage invite = message;
  invite.start_line = "INVITE" + message.start_line.substr(message.start_line.find(' '));
  invite.set("CSeq", std::to_string(message.cseq_number()) + " INVITE");
  const bool after_an_answer = cue->kind == Cue::Kind::Heard && cue->heard.find(": 1") == std::string::npos;
  return repeater.has_final_answer(invite) && !after_an_answer;
}

// In a rehearsal: what this line has waited for.
void Performance::learn(std::size_t index, const MessageLine& line, const std::string& bytes, HostId sender) {
  Cue& cue = learnt_.cues.at(index);
  if (repeats(line)) {
    const auto first = said_by_.find(bytes);
    if (first != said_by_.end()) cue = {Cue::Kind::Line, world_.now() - *happened_[first->second], {}, first->second};
    return;
  }
  if (has_kind(line.conditions, Condition::Kind::SameAs)) return;
  const auto message = WireMessage::read(bytes);
  if (!message) return;
  // Raw bytes wait where they quote what was heard.
  const bool is_raw = line.start.kind == Start::Kind::Raw;
  if (is_raw ? line.start.raw.find("\\{") == std::string::npos : !depends_on_its_call(line, *message)) return;
  const auto& last = parties_.at(sender).last_heard;
  const auto before = last.find(message->call_id());
  if (before == last.end()) return;
  cue = {Cue::Kind::Heard, world_.now() - before->second.second, before->second.first};
}

// ---- what is sent

Judgement Performance::judge(const Transmission& sent) {
  Judgement judged;
  if (stimulus_) {
    if (stimulus_->lost && sent.kind == Transmission::Kind::Message) judged.fate = Fate::Lost;
  } else if (lines_matter_ && !world_.is_party(sent.from) && sent.kind == Transmission::Kind::Message) {
    judged = expected(sent);
  }
  judged = saboteur_.judge(sent, judged);
  witness_.sent(sent);
  if (testimony_) testimony_->went(sent);
  return judged;
}

// The first line that waits for this gets its names, and says whether it is lost.
Judgement Performance::expected(const Transmission& sent) {
  const std::string from = name_of(world_, sent.from, sent.source);
  const std::string to = name_of(world_, sent.to, sent.destination);
  const bool again = !expected_before_[{sent.from, sent.to}].insert(sent.bytes).second;
  for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
    const auto* line = std::get_if<MessageLine>(&scenario_.lines[i]);
    if (!line || happened_[i] || line->sender != from || line->receiver != to || repeats(*line) != again) continue;
    const std::string* previous = again ? &sent.bytes : nullptr;
    if (difference(line->start, line->conditions, sent.bytes, previous, bindings_)) continue;
    happened_[i] = world_.now();
    return line->lost && sent.transport == Transport::Udp ? Fate::Lost : Fate::Delivered;
  }
  return {};
}

void Performance::note_said(HostId sender, HostId to, const std::string& bytes, bool by_itself) {
  if (!script_) return;
  const auto message = WireMessage::read(bytes);
  if (!message) return;
  Party& party = world_.party(sender);
  Repeater& repeater = parties_.at(sender).repeater;
  if (message->is_request()) {
    const bool reliable = party.identity().socket.transport != Transport::Udp;
    return repeater.said_request(world_.now(), to, bytes, *message, reliable);
  }
  if (const Heard* request = party.request_answered_by(*message)) {
    repeater.said_answer(world_.now(), *request, bytes, *message, by_itself);
  }
}

// What a party says by itself; where there is no way, it does not.
void Performance::say(HostId party, HostId to, const std::string& bytes) {
  static_cast<void>(world_.send(party, to, bytes));
}

// ---- what is heard

void Performance::heard(HostId host, const Heard& heard) {
  const auto party = parties_.find(host);
  if (party == parties_.end()) return;
  Stage& stage = party->second;
  const std::string from = name_of(world_, heard.from, heard.remote);
  const auto name = hearing_.name(world_.network().name(host), from, heard.message);
  if (!script_) {
    if (!name) return;
    learnt_.heard.insert(*name);
    stage.last_heard.insert_or_assign(heard.message.call_id(), std::pair(*name, world_.now()));
    return;
  }
  stage.repeater.heard(heard, !name);
  for (const Repeater::Sending& again : stage.repeater.take_outgoing()) say(host, again.to, again.bytes);
  if (!name) return;
  if (heard.message.is_request()) requests_.emplace(*name, heard.message);
  const auto [begin, end] = by_heard_.equal_range(*name);
  for (auto waits = begin; waits != end; ++waits) {
    waiting_.emplace(world_.now() + script_->cues.at(waits->second).delay, waits->second);
  }
  if (!script_->heard.contains(*name)) be_surprised(host, heard);
}

// What never came when all went well: a user agent's usual answer, at once.
void Performance::be_surprised(HostId host, const Heard& heard) {
  Party& party = world_.party(host);
  Repeater& repeater = parties_.at(host).repeater;
  const WireMessage& message = heard.message;
  const std::string method = message.method();
  if (message.is_response()) {
    if (method == "INVITE" && message.status() >= 200) acknowledge(host, heard);
    return;
  }
  const auto answer = [&](const WireMessage& request, int status) {
    const std::string bytes = party.answer(request, status).to_bytes();
    say(host, heard.from, bytes);
    note_said(host, heard.from, bytes, true);
  };
  if (method == "ACK") return;
  if (method == "CANCEL") {  // RFC 3261 §9.2
    const Heard* invite = repeater.cancelled_by(message);
    answer(message, 200);
    if (invite) answer(WireMessage(invite->message), 487);
    return;
  }
  const bool within = !message.to_tag().empty();
  if (within) return answer(message, party.within_dialog_of(message, method) ? 200 : 481);
  if (method == "INVITE") return answer(message, repeater.is_merged(message) ? 482 : 486);
  answer(message, 200);
}

// RFC 3261 §13.2.2.4, §17.1.1.3. A call that came about otherwise than the lines say is hung up.
void Performance::acknowledge(HostId host, const Heard& heard) {
  Party& party = world_.party(host);
  const auto ack = party.acknowledgement_of(heard.message);
  if (!ack) return;
  const bool accepted = heard.message.status() < 300;
  const HostId to = accepted ? next_hop(*ack, heard.from) : heard.from;
  say(host, to, ack->to_bytes());
  note_said(host, to, ack->to_bytes(), true);
  if (!accepted) return;
  const auto bye = party.within_dialog_of(heard.message, "BYE");
  if (!bye) return;
  const std::string bytes = bye->to_bytes();
  say(host, to, bytes);
  note_said(host, to, bytes, true);
}

HostId Performance::next_hop(const WireMessage& request, HostId otherwise) const {
  const std::string route = request.value("Route");
  std::string where = host_port_of(route.empty() ? request.uri() : uri_of(route));
  if (where.rfind(':') == std::string::npos || where.ends_with(']')) where += ":5060";
  const auto address = Endpoint::parse(where);
  const HostId host = address ? world_.network().host_at(*address) : HostId{};
  return host ? host : otherwise;
}

}  // namespace intermediary::sim
