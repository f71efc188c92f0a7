#include "sim/runner.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "base/text.h"
#include "sim/expectation.h"
#include "sim/explore/execution.h"
#include "sim/figures.h"
#include "sim/ladder.h"
#include "sim/pattern.h"
#include "sim/staging.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view cut_off = "it cannot get there, past a partition or a NAT box: write '-x'";
// How long after the last line a world may take until nothing is left in any table.
constexpr Duration patience_at_the_end = std::chrono::minutes(10);

std::string quoted_message(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += "    | " + std::string(line) + '\n';
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  return text;
}

class Runner {
 public:
  Runner(const Scenario& scenario, std::uint64_t seed, Chronicle* chronicle)
      : scenario_(scenario), world_(seed), happened_(scenario.lines.size()), chronicle_(chronicle) {
    if (chronicle_) world_.set_observer(&chronicler_.emplace(world_));
  }

  Report run() {
    populate(world_, scenario_);
    world_.network().set_judge([this](const Transmission& sent) { return judge(sent); });
    while (failure_.empty()) {
      auto next = next_time();
      if (!next) break;
      world_.advance_to(*next);
      live_through_this_instant();
    }
    if (failure_.empty()) check_the_end();
    Report report;
    report.passed = failure_.empty();
    report.failure = failure_;
    report.ladder = draw_ladder(world_.network(), lanes_of(world_, scenario_));
    report.virtual_time = world_.now().time_since_epoch();
    report.trace_hash = world_.network().trace_hash();
    if (chronicle_) write_down(report);
    return report;
  }

 private:
  void write_down(const Report& report) {
    *chronicle_ = std::move(*chronicler_).finish(lanes_of(world_, scenario_));
    chronicle_->name = scenario_.name;
    chronicle_->prose = prose_of(scenario_);
    chronicle_->failure = report.failure;
  }

  // ---- time

  bool is_expectation(const Line& line) const {
    if (const auto* message = std::get_if<MessageLine>(&line)) return !world_.is_party(world_.find(message->sender));
    const auto* connection = std::get_if<ConnectionLine>(&line);
    return connection && world_.is_node(world_.find(connection->actor));
  }

  struct Window {
    TimePoint from, to;
    bool holds(TimePoint time) const { return from <= time && time <= to; }
  };

  // When a line may happen; nullopt while that hangs on a line that has not happened yet.
  std::optional<Window> window(std::size_t index) const {
    const When& when = head_of(scenario_.lines[index]).when;
    if (!when.after_previous) return Window{at(when.from), at(when.to)};
    TimePoint base{};
    if (index > 0 && happened_[index - 1]) {
      base = *happened_[index - 1];
    } else if (index > 0) {
      auto above = window(index - 1);
      if (!above || above->from != above->to) return std::nullopt;
      base = above->from;
    }
    return Window{base + when.from, base + when.to};
  }

  std::optional<std::size_t> next_action(bool checks) const {
    std::optional<std::size_t> next;
    std::optional<TimePoint> earliest;
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      const Line& line = scenario_.lines[i];
      if (happened_[i] || is_expectation(line) || std::holds_alternative<CheckLine>(line) != checks) continue;
      auto when = window(i);
      if (!when || (earliest && when->from >= *earliest)) continue;
      next = i;
      earliest = when->from;
    }
    return next;
  }

  std::optional<TimePoint> next_time() const {
    std::optional<TimePoint> next;
    auto consider = [&](std::optional<TimePoint> time) {
      if (time && (!next || *time < *next)) next = time;
    };
    if (!started_) return world_.now();
    for (bool checks : {false, true}) {
      if (auto action = next_action(checks)) consider(std::max(window(*action)->from, world_.now()));
    }
    bool lines_left = next.has_value();
    const auto event = world_.next_time();
    if (!lines_left && world_.idle() && !(event && awaits(*event))) return std::nullopt;
    if (!lines_left && world_.now() > last_line_time() + patience_at_the_end) return std::nullopt;
    consider(event);
    return next;
  }

  // Something may still come at `time`, or later, that a line expects.
  bool awaits(TimePoint time) const {
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      if (happened_[i] || !is_expectation(scenario_.lines[i])) continue;
      if (auto when = window(i); when && when->to >= time) return true;
    }
    return false;
  }

  TimePoint last_line_time() const {
    TimePoint last{};
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      if (auto when = window(i)) last = std::max(last, when->to);
    }
    return last;
  }

  void live_through_this_instant() {
    if (!std::exchange(started_, true)) enroll_agents(world_, scenario_);
    auto due = [&](bool checks) -> std::optional<std::size_t> {
      auto action = next_action(checks);
      if (!action || window(*action)->from > world_.now()) return std::nullopt;
      return action;
    };
    while (failure_.empty()) {
      if (world_.deliver_one()) continue;
      if (auto action = due(false)) {
        happened_[*action] = world_.now();
        perform(scenario_.lines[*action]);
        continue;
      }
      if (!world_.expire_one()) break;
    }
    if (world_.stuck() && failure_.empty()) failure_ = scenario_.title() + ": " + world_.leftovers().front() + '\n';
    while (failure_.empty()) {
      auto check = due(true);
      if (!check) break;
      happened_[*check] = world_.now();
      verify(std::get<CheckLine>(scenario_.lines[*check]));
    }
  }

  // ---- lines that act

  void perform(const Line& line) {
    const bool shows_in_the_ladder = std::holds_alternative<MessageLine>(line);
    if (chronicler_ && !shows_in_the_ladder) chronicler_->note(head_of(line).text);
    std::visit(Overloaded{
                   [&](const MessageLine& message) { send(message); },
                   [&](const CheckLine&) {},
                   [&](const ZoneLine& zone) { world_.zone().apply(zone.change, false); },
                   [&](const LinkLine& link) { apply(world_, link); },
                   [&](const auto& other) {
                     if (auto done = apply(world_, other); !done) fail(other.head, done.error());
                   },
               },
               line);
  }

  void send(const MessageLine& line) {
    HostId sender = world_.find(line.sender);
    HostId receiver = world_.find(line.receiver);
    auto bytes = bytes_of(world_, line, bindings_);
    if (!bytes) return fail(line.head, bytes.error());
    stimulus_ = &line;
    auto sent = world_.send(sender, receiver, *bytes);
    stimulus_ = nullptr;
    if (!sent) fail(line.head, sent.error());
  }

  void verify(const CheckLine& line) {
    const Engine& engine = world_.engine(world_.find(line.node));
    if (line.kind == CheckLine::Kind::Live) {
      for (const auto& [name, expected] : line.figures) {
        std::uint64_t actual = figure(engine, name);
        if (actual == expected) continue;
        return fail(line.head, line.node + ": expected " + name + '=' + std::to_string(expected) + ", got " +
                                   std::to_string(actual));
      }
      return;
    }
    if (line.kind == CheckLine::Kind::Tells) return verify_event(line);
    bool idle = engine.live().idle();
    if (idle == (line.kind == CheckLine::Kind::Idle)) return;
    std::string figures;
    for (std::string_view name : {"server-transactions", "client-transactions", "contexts", "queries"}) {
      figures += ' ' + std::string(name) + '=' + std::to_string(figure(engine, name));
    }
    fail(line.head, line.node + (idle ? " is idle" : " is not idle:" + figures));
  }

  // One of this instant's events must have all the words in its log line.
  void verify_event(const CheckLine& line) {
    const HostId node = world_.find(line.node);
    const std::vector<Event>& events = world_.events(node);
    std::string seen;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::string text = ' ' + to_line(events[i]) + ' ';
      const bool has_all = std::ranges::all_of(
          line.event, [&](const std::string& word) { return text.find(' ' + word + ' ') != std::string::npos; });
      const bool is_now = world_.event_times(node)[i] == world_.now();
      if (has_all && is_now) return;
      if (has_all || (is_now && event_name(events[i]) == line.event.front())) {
        seen += "\n    " + seconds_text(world_.event_times(node)[i].time_since_epoch()) + text;
      }
    }
    fail(line.head, line.node + " tells of no such event now" + seen);
  }

  // ---- what is sent

  Fate judge(const Transmission& sent) {
    if (stimulus_) return judge_stimulus(sent);
    if (world_.is_party(sent.from)) return Fate::Delivered;
    if (sent.kind != Transmission::Kind::Message) {
      note_connection(sent);
      return Fate::Delivered;
    }
    const std::string* previous = previous_of(sent);
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      const MessageLine* line = candidate(i, sent);
      if (!line || !in_window(i)) continue;
      if (difference(line->start, line->conditions, sent.bytes, previous, bindings_)) continue;
      happened_[i] = world_.now();
      if (sent.fate == Fate::Cut && !line->lost) fail(line->head, cut_off);
      if (!line->lost || sent.fate == Fate::Cut) return Fate::Delivered;
      if (sent.transport != Transport::Udp) fail(line->head, "what goes over TCP is not lost");
      return Fate::Lost;
    }
    if (world_.is_node(sent.from) && !scenario_.partial && failure_.empty()) explain(sent, previous);
    return Fate::Delivered;
  }

  Fate judge_stimulus(const Transmission& sent) {
    const bool message = sent.kind == Transmission::Kind::Message;
    if (sent.fate == Fate::Cut && message && !stimulus_->lost) fail(stimulus_->head, cut_off);
    if (!stimulus_->lost || !message || sent.fate == Fate::Cut) return Fate::Delivered;
    if (sent.transport != Transport::Udp) fail(stimulus_->head, "what goes over TCP is not lost");
    return Fate::Lost;
  }

  // Lines about connections that a node opens or closes may be written; they need not be.
  void note_connection(const Transmission& sent) {
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      const auto* line = std::get_if<ConnectionLine>(&scenario_.lines[i]);
      if (!line || happened_[i] || !is_expectation(scenario_.lines[i]) || !in_window(i)) continue;
      bool opens = sent.kind == Transmission::Kind::Open;
      if (line->actor != name_of(world_, sent.from, sent.source) ||
          line->other != name_of(world_, sent.to, sent.destination))
        continue;
      if (opens != (line->verb == ConnectionLine::Verb::Opens)) continue;
      happened_[i] = world_.now();
      return;
    }
  }

  bool in_window(std::size_t index) const {
    auto when = window(index);
    return when && when->holds(world_.now());
  }

  // The message line at `index`, if it waits for something between these two.
  const MessageLine* candidate(std::size_t index, const Transmission& sent) const {
    const auto* line = std::get_if<MessageLine>(&scenario_.lines[index]);
    if (!line || happened_[index]) return nullptr;
    bool fits = line->sender == name_of(world_, sent.from, sent.source) &&
                line->receiver == name_of(world_, sent.to, sent.destination);
    return fits ? line : nullptr;
  }

  const std::string* previous_of(const Transmission& sent) const {
    const auto& transcript = world_.network().transcript();
    std::string label = short_label(sent.bytes);
    auto same = [&](const Transmission& earlier) {
      return earlier.kind == Transmission::Kind::Message && earlier.from == sent.from && earlier.to == sent.to &&
             short_label(earlier.bytes) == label;
    };
    auto found = std::find_if(transcript.rbegin(), transcript.rend(), same);
    return found == transcript.rend() ? nullptr : &found->bytes;
  }

  // ---- failures

  std::string described(const MessageLine& line) const {
    return line.sender + (line.lost ? " -x " : " -> ") + line.receiver + ' ' + line.start.to_string();
  }

  std::string when_text(std::size_t index) const {
    auto when = window(index);
    if (!when) return "after the line above";
    std::string from = seconds_text(when->from.time_since_epoch());
    return when->from == when->to ? "at " + from : "within " + from + '~' + seconds_text(when->to.time_since_epoch());
  }

  // How a line that was meant perhaps accounts for what came; the lower the rank, the likelier.
  struct Account {
    int rank = 3;
    std::string text;
  };

  Account account(std::size_t index, const MessageLine& line, const Transmission& sent, const std::string* previous) {
    std::string now = seconds_text(world_.now().time_since_epoch());
    Bindings attempt = bindings_;
    auto differs = difference(line.start, line.conditions, sent.bytes, previous, attempt);
    if (in_window(index) && same_kind(line.start, sent.bytes)) {
      return {0, came(sent) + " at " + now + " differs: " + differs.value_or("")};
    }
    std::string expected = "expected " + described(line) + ' ' + when_text(index) + ", came ";
    if (!differs) return {1, expected + "at " + now};
    if (in_window(index)) return {2, expected + short_label(sent.bytes)};
    return {};
  }

  std::string came(const Transmission& sent) const {
    std::string text = name_of(world_, sent.from, sent.source);
    text.append(" -> ").append(name_of(world_, sent.to, sent.destination)).append(" ").append(short_label(sent.bytes));
    return text;
  }

  // Nobody waited for `sent`: says which line came closest.
  void explain(const Transmission& sent, const std::string* previous) {
    std::optional<std::size_t> closest;
    Account best;
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      const MessageLine* line = candidate(i, sent);
      if (!line) continue;
      Account found = account(i, *line, sent, previous);
      if (found.rank >= best.rank) continue;
      closest = i;
      best = std::move(found);
    }
    if (closest) {
      fail(head_of(scenario_.lines[*closest]), best.text, closest);
    } else {
      std::string now = seconds_text(world_.now().time_since_epoch());
      failure_ = scenario_.title() + ": unexpected: " + came(sent) + " at " + now + '\n' + overdue({});
    }
    failure_ += "  it is:\n" + quoted_message(sent.bytes);
  }

  void fail(const LineHead& head, std::string_view what, std::optional<std::size_t> apart_from = {}) {
    if (!failure_.empty()) return;
    failure_ = scenario_.at(head.place) + ": " + std::string(what) + "\n  " + head.text + '\n' + overdue(apart_from);
  }

  // The expectations whose time is over.
  std::string overdue(std::optional<std::size_t> apart_from) const {
    std::string text;
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      if (happened_[i] || !is_expectation(scenario_.lines[i]) || i == apart_from) continue;
      auto when = window(i);
      if (!when || when->to >= world_.now()) continue;
      text += "  never came: " + missing(i) + '\n';
    }
    return text;
  }

  std::string missing(std::size_t index) const {
    const LineHead& head = head_of(scenario_.lines[index]);
    const auto* message = std::get_if<MessageLine>(&scenario_.lines[index]);
    std::string what = message ? described(*message) : head.text;
    return what + ' ' + when_text(index) + " (line " + std::to_string(scenario_.origins.of(head.place.line).number) +
           ')';
  }

  void check_the_end() {
    for (std::size_t i = 0; i < scenario_.lines.size(); ++i) {
      if (happened_[i]) continue;
      std::string what = is_expectation(scenario_.lines[i]) ? "never came: " : "its time never came: ";
      return fail(head_of(scenario_.lines[i]), what + missing(i), i);
    }
    for (const auto& [place, names] : scenario_.distinct) check_distinct(place, names);
    auto leftovers = world_.leftovers();
    if (leftovers.empty() || !failure_.empty()) return;
    failure_ = scenario_.title() + ": at the end (" + seconds_text(world_.now().time_since_epoch()) + "):\n";
    for (const std::string& what : leftovers) failure_ += "  " + what + '\n';
  }

  void check_distinct(const Place& place, const std::vector<std::string>& names) {
    LineHead head{place, "distinct", {}};
    std::map<std::string, std::string> owners;
    for (const std::string& name : names) {
      auto bound = bindings_.find(name);
      if (bound == bindings_.end()) return fail(head, "$" + name + " was never bound");
      auto [owner, fresh] = owners.emplace(bound->second, name);
      if (!fresh) return fail(head, "$" + owner->second + " and $" + name + " are both '" + bound->second + '\'');
    }
  }

  const Scenario& scenario_;
  World world_;
  std::vector<std::optional<TimePoint>> happened_;  // by line
  Bindings bindings_;
  const MessageLine* stimulus_ = nullptr;  // the line whose bytes are being sent
  std::string failure_;
  bool started_ = false;
  Chronicle* chronicle_ = nullptr;  // null: nobody wants to see it
  std::optional<Chronicler> chronicler_;
};

}  // namespace

std::string Report::explanation() const { return passed ? std::string() : failure + "  so far:\n" + ladder; }

namespace {

Report run_under_faults(const Scenario& scenario, std::optional<std::uint64_t> seed, Chronicle* chronicle) {
  const Verdict verdict = execute(scenario, {}, {.lists_points = false, .draws = true, .chronicle = chronicle}, seed);
  Report report;
  report.ladder = verdict.ladder;
  report.virtual_time = verdict.virtual_time;
  report.trace_hash = verdict.trace_hash;
  for (const Fault& fault : verdict.never_came) {
    report.failure += scenario.file + ": there is no " + fault.to_string() + " in this run\n";
  }
  for (const std::string& promise : verdict.broken_promises) report.failure += scenario.file + ": " + promise + '\n';
  report.passed = report.failure.empty();
  return report;
}

}  // namespace

Report run_scenario(const Scenario& scenario, std::optional<std::uint64_t> seed, Chronicle* chronicle) {
  if (!scenario.faults.empty() || scenario.promises) return run_under_faults(scenario, seed, chronicle);
  return Runner(scenario, seed.value_or(scenario.seed), chronicle).run();
}

std::string prose_of(const Scenario& scenario) {
  std::string prose;
  std::string_view rest = *scenario.above_ladder;
  while (rest.starts_with('#')) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    prose += std::string(trim(line.substr(1))) + '\n';
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return prose;
}

}  // namespace intermediary::sim
