#include "conformance/target/judge.h"

#include <algorithm>
#include <ranges>

#include "base/utf8.h"
#include "conformance/target/needs.h"
#include "sim/expectation.h"
#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
using sim::CheckLine;
using sim::Condition;
using sim::ConnectionLine;
using sim::MessageLine;
using sim::Start;

// So much longer than the tolerance a demand is waited for, before it is said that it never came.
constexpr Duration grace = 4s;

bool is_again(const MessageLine& line) {
  return std::ranges::any_of(line.conditions, [](const Condition& condition) {
    return condition.kind == Condition::Kind::Again || condition.kind == Condition::Kind::SameAs;
  });
}

std::string quoted(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += "    | " + printable(line) + '\n';
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  return text;
}

// To the millisecond.
std::string time_text(Duration time) { return sim::seconds_text(std::chrono::round<std::chrono::milliseconds>(time)); }

// What a server may always say instead, by its own policy or because it is in trouble (RFC 3261 §21.4, §21.5).
bool is_refusal(int status) {
  return status == 401 || status == 403 || status == 407 || status == 408 || status == 480 || status >= 500;
}

}  // namespace

Judge::Judge(const sim::Scenario& scenario, const std::vector<Demand>& demands, Duration tolerance)
    : scenario_(scenario),
      demands_(demands),
      tolerance_(tolerance),
      node_(node_of(scenario).name),
      entries_(scenario.lines.size()) {
  for (const Demand& demand : demands_) {
    if (demand.kind == Demand::Kind::Never) continue;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const MessageLine* line = expectation(i);
      if (!line || !is_about(demand, *line)) continue;
      entries_[i].demands.push_back(&demand);
      if (demand.kind == Demand::Kind::Must) break;
    }
  }
}

// ---- the lines

bool Judge::is_act(std::size_t index) const {
  const sim::Line& line = scenario_.lines[index];
  if (const auto* message = std::get_if<MessageLine>(&line)) return message->sender != node_;
  const auto* connection = std::get_if<ConnectionLine>(&line);
  return connection && connection->actor != node_;
}

const MessageLine* Judge::expectation(std::size_t index) const {
  const auto* message = std::get_if<MessageLine>(&scenario_.lines[index]);
  return message && message->sender == node_ ? message : nullptr;
}

bool Judge::is_trying(std::size_t index) const {
  const MessageLine* line = expectation(index);
  return line && line->start.kind == Start::Kind::Response && line->start.status == 100;
}

Judge::Window Judge::window(std::size_t index) const {
  const sim::When& when = sim::head_of(scenario_.lines[index]).when;
  if (!when.after_previous) return {when.from, when.to + lag_};
  Window base;
  if (index > 0) {
    const Entry& above = entries_[index - 1];
    base = above.state == State::Happened ? Window{above.when, above.when} : window(index - 1);
  }
  return {base.from + when.from, base.to + when.to};
}

bool Judge::is_in_window(std::size_t index, Duration now) const {
  const Window when = window(index);
  return when.from - tolerance_ <= now && now <= when.to + tolerance_;
}

// ---- our side

std::optional<std::size_t> Judge::next_act() const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state == State::Pending && is_act(i)) return i;
  }
  return std::nullopt;
}

bool Judge::may_happen(std::size_t act, Duration now) const {
  if (now < window(act).to) return false;
  for (std::size_t i = 0; i < act; ++i) {
    if (entries_[i].state == State::Pending && expectation(i) && !is_trying(i) && window(i).to <= window(act).to) {
      return false;
    }
  }
  return true;
}

void Judge::act_happens(std::size_t act, Duration now) {
  const sim::When& when = sim::head_of(scenario_.lines[act]).when;
  if (!when.after_previous) lag_ = std::max(lag_, now - when.from);
  entries_[act].state = State::Happened;
  entries_[act].when = now;
}

void Judge::woke_late(Duration by) {
  lag_ += by;
  overslept_ += by;
}

// ---- the target's side

std::string* Judge::last_of_kind(const std::string& receiver, const std::string& bytes) {
  const std::string label = sim::short_label(bytes);
  for (auto& [whom, text] : received_ | std::views::reverse) {
    if (whom == receiver && sim::short_label(text) == label) return &text;
  }
  return nullptr;
}

Judge::Verdict Judge::hear(Duration now, const std::string& receiver, const std::string& bytes,
                           const std::string& other) {
  if (finding_) return {};
  const std::string* last = last_of_kind(receiver, bytes);
  const std::optional<std::string> previous = last ? std::optional(*last) : std::nullopt;
  const bool is_new = std::ranges::find(received_, std::pair(receiver, bytes)) == received_.end();
  received_.emplace_back(receiver, bytes);
  const std::string* before = previous ? &*previous : nullptr;
  // What stands below a line of ours that has not happened yet is most likely not meant: that comes last, and behind
  // what is merely late.
  const std::size_t reached = next_act().value_or(entries_.size());
  const auto waits = [&](std::size_t i) {
    const MessageLine* line = expectation(i);
    return line && entries_[i].state == State::Pending && line->receiver == receiver;
  };
  for (const bool ahead : {false, true}) {
    const std::size_t end = ahead ? entries_.size() : reached;
    for (std::size_t i = ahead ? reached : 0; i < end; ++i) {
      if (!waits(i) || !is_in_window(i, now) || !matches(i, bytes, other, before)) continue;
      fits(i, now, bytes);
      return {!expectation(i)->lost};
    }
    if (ahead || !is_new) continue;
    for (std::size_t i = 0; i < reached; ++i) {
      if (!waits(i) || is_trying(i) || now <= window(i).to) continue;
      sim::Bindings attempt = bindings_;
      const bool is_late = matches(i, bytes, other, before);
      bindings_ = std::move(attempt);
      if (!is_late) continue;
      differ(off_time(i, now) + "  it is:\n" + quoted(bytes));
      return {};
    }
  }
  if (!is_new && note_repetition(now, receiver, bytes)) return {};
  const auto message = sim::WireMessage::read(bytes);
  if (message && message->status() == 100 && message->cseq_method() == "INVITE") return {};
  if (!breaks_demand(now, receiver, bytes)) explain(now, receiver, bytes, before);
  return {};
}

bool Judge::matches(std::size_t index, const std::string& bytes, const std::string& other,
                    const std::string* previous) {
  const MessageLine& line = *expectation(index);
  return !sim::difference(line.start, line.conditions, bytes, previous, bindings_) ||
         !sim::difference(line.start, line.conditions, other, previous, bindings_);
}

// What the line waits for came, and was taken for another.
bool Judge::came_elsewhere(std::size_t index) const {
  const MessageLine& line = *expectation(index);
  return std::ranges::any_of(
      entries_.begin() + static_cast<std::ptrdiff_t>(index), entries_.end(),
      [&](const Entry& entry) { return !entry.bytes.empty() && sim::same_kind(line.start, entry.bytes); });
}

void Judge::fits(std::size_t index, Duration now, const std::string& bytes) {
  entries_[index].state = State::Happened;
  entries_[index].when = now;
  entries_[index].bytes = bytes;
  for (const Demand* demand : entries_[index].demands) {
    sim::Bindings attempt = bindings_;
    const auto wrong = sim::difference(demand->message.start, demand->message.conditions, bytes, nullptr, attempt);
    if (wrong) return violate(*demand, *wrong, bytes);
    shown_.insert(demand->rows.begin(), demand->rows.end());
  }
}

// A repetition that no line waits for now. Where one waits for it at another time, that is remembered.
bool Judge::note_repetition(Duration now, const std::string& receiver, const std::string& bytes) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const MessageLine* line = expectation(i);
    if (!line || entries_[i].state != State::Pending || line->receiver != receiver) continue;
    if (!is_again(*line) || !sim::same_kind(line->start, bytes)) continue;
    if (entries_[i].off_time.empty()) entries_[i].off_time = time_text(now);
    break;
  }
  return true;
}

bool Judge::is_other_answer(const MessageLine& line, const std::string& bytes) const {
  const auto message = sim::WireMessage::read(bytes);
  if (!message || line.start.kind != Start::Kind::Response || line.start.status == 100) return false;
  const int status = message->status();
  return status >= 200 && !is_refusal(status) &&
         (line.start.method.empty() || line.start.method == message->cseq_method());
}

// Whether what came contradicts a demand; then the finding says so.
bool Judge::breaks_demand(Duration now, const std::string& receiver, const std::string& bytes) {
  for (const Demand& demand : demands_) {
    if (demand.kind != Demand::Kind::Never || demand.message.receiver != receiver) continue;
    if (demand.before && now >= *demand.before) continue;
    sim::Bindings attempt = bindings_;
    if (sim::difference(demand.message.start, demand.message.conditions, bytes, nullptr, attempt)) continue;
    violate(demand, "this must not come", bytes);
    return true;
  }
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const MessageLine* line = expectation(i);
    if (!line || entries_[i].state != State::Pending || line->receiver != receiver || !is_in_window(i, now)) continue;
    if (sim::same_kind(line->start, bytes) || is_other_answer(*line, bytes)) waiting.push_back(i);
  }
  if (waiting.size() != 1) return false;  // nobody knows which one it was meant to be
  for (const Demand* demand : entries_[waiting.front()].demands) {
    sim::Bindings attempt = bindings_;
    const auto wrong = sim::difference(demand->message.start, demand->message.conditions, bytes, nullptr, attempt);
    if (!wrong) continue;
    violate(*demand, *wrong, bytes);
    return true;
  }
  return false;
}

void Judge::note_connection(Duration now, bool opens, const std::string& other) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto* line = std::get_if<ConnectionLine>(&scenario_.lines[i]);
    if (!line || entries_[i].state != State::Pending || is_act(i) || line->other != other) continue;
    if ((line->verb == ConnectionLine::Verb::Opens) != opens || !is_in_window(i, now)) continue;
    entries_[i].state = State::Happened;
    entries_[i].when = now;
    return;
  }
}

// The first line that waits decides: what stands below may hang on it.
void Judge::look(Duration now) {
  for (std::size_t i = 0; i < entries_.size() && !finding_; ++i) {
    Entry& entry = entries_[i];
    if (entry.state != State::Pending || is_act(i)) continue;
    if (std::holds_alternative<CheckLine>(scenario_.lines[i])) continue;
    const Duration end = window(i).to + tolerance_;
    if (!expectation(i) || is_trying(i)) {
      if (now <= end) continue;
      entry.state = State::Absent;
      lacks_trying_ |= is_trying(i);
      continue;
    }
    if (now <= end) return;
    if (!entry.off_time.empty()) return differ(described(i) + " came at " + entry.off_time);
    if (entry.demands.empty() || came_elsewhere(i)) return differ("never came: " + described(i));
    if (now > end + grace) violate(*entry.demands.front(), "never came: " + described(i), {});
    return;
  }
}

// ---- how it stands

bool Judge::all_happened() const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state == State::Pending && (is_act(i) || expectation(i))) return false;
  }
  return true;
}

std::optional<Duration> Judge::next_time(Duration now) const {
  std::optional<Duration> next;
  const auto consider = [&](Duration time) {
    if (time > now && (!next || time < *next)) next = time;
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state != State::Pending) continue;
    if (is_act(i)) {
      consider(window(i).to);
    } else if (!std::holds_alternative<CheckLine>(scenario_.lines[i])) {
      const Duration end = window(i).to + tolerance_ + 1ms;
      consider(end);
      consider(end + grace);
    }
  }
  return next;
}

void Judge::finish() {
  for (const auto& [place, names] : scenario_.distinct) {
    std::map<std::string, std::string> owners;
    for (const std::string& name : names) {
      const auto bound = bindings_.find(name);
      if (bound == bindings_.end()) continue;
      const auto [owner, fresh] = owners.emplace(bound->second, name);
      if (!fresh) return differ("$" + owner->second + " and $" + name + " are both '" + bound->second + "'\n");
    }
  }
  for (const Demand& demand : demands_) {
    if (demand.kind == Demand::Kind::Never) shown_.insert(demand.rows.begin(), demand.rows.end());
  }
}

void Judge::give_up(const std::string& why, const sim::LineHead* head) {
  const std::string at = head ? "line " + std::to_string(head->place.line) + ": " : "";
  differ(at + why);
}

// ---- findings

void Judge::violate(const Demand& demand, const std::string& what, const std::string& bytes) {
  if (finding_) return;
  std::string text = what + "\n  demanded: " + demand.text + '\n';
  if (!bytes.empty()) text += "  it is:\n" + quoted(bytes);
  if (overslept_ > tolerance_) {
    return differ("too busy here to be sure: " + text);
  }
  finding_ = Finding{Finding::Kind::Violates, demand.rows, std::move(text)};
}

void Judge::differ(const std::string& text) {
  if (finding_) return;
  finding_ = Finding{Finding::Kind::Differs, {}, text.ends_with('\n') ? text : text + '\n'};
  if (overslept_ <= tolerance_) return;
  const std::string late = " [this machine was late by " + time_text(overslept_) + " s in all]";
  finding_->text.insert(finding_->text.find('\n'), late);
}

std::string Judge::place(std::size_t index) const {
  return "line " + std::to_string(sim::head_of(scenario_.lines[index]).place.line);
}

std::string Judge::described(std::size_t index) const {
  const MessageLine& line = *expectation(index);
  const Window when = window(index);
  return line.sender + " -> " + line.receiver + ' ' + line.start.to_string() + (is_again(line) ? " again" : "") +
         " at " + time_text(when.from) + (when.to > when.from ? '~' + time_text(when.to) : std::string()) + " (" +
         place(index) + ')';
}

std::string Judge::off_time(std::size_t index, Duration now) const {
  return "expected " + described(index) + ", came at " + time_text(now) + '\n';
}

void Judge::explain(Duration now, const std::string& receiver, const std::string& bytes, const std::string* previous) {
  const std::string came = node_ + " -> " + receiver + ' ' + sim::short_label(bytes) + " at " + time_text(now);
  std::string text;
  int best = 3;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const MessageLine* line = expectation(i);
    if (!line || entries_[i].state != State::Pending || line->receiver != receiver) continue;
    sim::Bindings attempt = bindings_;
    const auto wrong = sim::difference(line->start, line->conditions, bytes, previous, attempt);
    if (is_in_window(i, now) && sim::same_kind(line->start, bytes) && best > 0) {
      best = 0;
      text = came + " differs from " + place(i) + ": " + wrong.value_or("") + '\n';
    } else if (!wrong && best > 1) {
      best = 1;
      text = off_time(i, now);
    } else if (is_in_window(i, now) && best > 2) {
      best = 2;
      text = "expected " + described(i) + ", came " + sim::short_label(bytes) + '\n';
    }
  }
  if (text.empty()) text = "no line for: " + came + '\n';
  differ(text + "  it is:\n" + quoted(bytes));
}

}  // namespace intermediary::conformance
