#include "sim/ladder_page.h"

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "sim/page_parts.h"

namespace intermediary::sim {
namespace {

// Within a script element, "<" could end it or begin a comment (HTML §4.12.1.3).
std::string quoted(std::string_view text) {
  std::string json = json_string(text);
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

std::string microseconds(TimePoint time) { return std::to_string(time.time_since_epoch().count()); }

// "[a,b]", each made by `write`.
template <class Range, class Write>
std::string list(const Range& range, const Write& write) {
  std::string text = "[";
  for (const auto& each : range) {
    if (text.size() > 1) text += ',';
    text += write(each);
  }
  return text + ']';
}

std::string_view fate_of(Fate fate) {
  constexpr std::string_view names[] = {"", "lost", "nobody has that address", "refused", "cut off on its way"};
  return names[static_cast<std::size_t>(fate)];
}

std::string rung_json(const Rung& rung, const Transmission& sent) {
  std::string text = "{\"t\":" + microseconds(rung.time) + ",\"from\":" + std::to_string(rung.from) +
                     ",\"to\":" + std::to_string(rung.to) + ",\"label\":" + quoted(rung.label);
  if (rung.status != 0) text += ",\"status\":" + std::to_string(rung.status);
  if (rung.again) text += ",\"again\":true";
  if (sent.fate != Fate::Delivered) text += ",\"fate\":" + quoted(fate_of(sent.fate));
  text += ",\"way\":" + quoted(std::string(parameter_name(sent.transport)) + "  " + sent.source.to_string() + "  →  " +
                               sent.destination.to_string());
  return text + ",\"bytes\":" + quoted(sent.bytes) + '}';
}

std::string transaction_json(const TransactionView& view) {
  const bool is_server = view.side == TransactionView::Side::Server;
  return list(std::vector<std::string>{is_server ? "server" : "client", view.method, std::string(view.state),
                                       std::string(parameter_name(view.transport)) + ' ' + view.peer.to_string()},
              quoted);
}

std::string state_json(const Chronicle::NodeState& state) {
  const LiveObjects& live = state.live;
  const std::vector<std::pair<std::string_view, std::size_t>> figures = {
      {"contexts", live.response_contexts}, {"queries", live.queries}, {"flows", live.flows},
      {"bindings", live.bindings},          {"dialogs", live.dialogs}, {"timers", live.timers},
      {"subscriptions", live.subscriptions}};
  return "{\"at\":" + std::to_string(state.at) + ",\"t\":" + microseconds(state.time) +
         ",\"node\":" + quoted(state.node) + ",\"transactions\":" + list(state.transactions, transaction_json) +
         ",\"live\":" +
         list(figures, [](const auto& f) { return '[' + quoted(f.first) + ',' + std::to_string(f.second) + ']'; }) +
         '}';
}

std::string note_json(const Chronicle::Note& note) {
  const bool is_event = note.kind == Chronicle::Note::Kind::Event;
  return "{\"at\":" + std::to_string(note.at) + ",\"t\":" + microseconds(note.time) + ",\"node\":" + quoted(note.node) +
         ",\"event\":" + (is_event ? "true" : "false") + ",\"text\":" + quoted(note.text) + '}';
}

void write_run(std::ostream& out, const Chronicle& run) {
  out << "{\"name\":" << quoted(run.name) << ",\"prose\":" << quoted(run.prose)
      << ",\"failure\":" << quoted(run.failure) << ",\"lanes\":" << list(run.ladder.lanes, quoted)
      << ",\"nodes\":" << list(run.is_node, [](bool is) { return std::string(is ? "true" : "false"); })
      << ",\"rungs\":[";
  for (std::size_t i = 0; i < run.ladder.rungs.size(); ++i) {
    out << (i == 0 ? "\n" : ",\n") << rung_json(run.ladder.rungs[i], run.transcript[i]);
  }
  out << "],\"states\":" << list(run.states, state_json) << ",\"notes\":" << list(run.notes, note_json) << '}';
}

}  // namespace

void write_ladder_page(std::ostream& out, const std::vector<Chronicle>& runs) {
  out << page_head << "<script id=\"runs\" type=\"application/json\">[";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i > 0) out << ",\n";
    write_run(out, runs[i]);
  }
  out << "]</script>\n" << page_script << page_tail;
}

}  // namespace intermediary::sim
