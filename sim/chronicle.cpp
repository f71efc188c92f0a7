#include "sim/chronicle.h"

#include <algorithm>
#include <utility>

namespace intermediary::sim {

void Chronicler::entering(HostId, const Input&) { entered_at_ = here(); }

void Chronicler::settled(HostId node) {
  note_events(node);
  note_state(node);
}

void Chronicler::note(const std::string& line) {
  chronicle_.notes.push_back({Chronicle::Note::Kind::Line, here(), world_.now(), {}, line});
}

void Chronicler::note_events(HostId node) {
  const std::vector<Event>& events = world_.events(node);
  const std::vector<TimePoint>& times = world_.event_times(node);
  for (std::size_t& next = events_[node]; next < events.size(); ++next) {
    chronicle_.notes.push_back(
        {Chronicle::Note::Kind::Event, here(), times[next], world_.network().name(node), to_line(events[next])});
  }
}

void Chronicler::note_state(HostId node) {
  const Engine& engine = world_.engine(node);
  Chronicle::NodeState state{std::min(here(), entered_at_ + 1), world_.now(), world_.network().name(node),
                             engine.transactions(), engine.live()};
  auto& states = chronicle_.states;
  const auto last =
      std::find_if(states.rbegin(), states.rend(), [&](const auto& other) { return other.node == state.node; });
  if (last != states.rend() && last->transactions == state.transactions && last->live == state.live) return;
  states.push_back(std::move(state));
}

Chronicle Chronicler::finish(const std::vector<std::string>& lanes) && {
  const Network& network = world_.network();
  chronicle_.ladder = rungs_of(network, lanes);
  chronicle_.transcript = network.transcript();
  for (const std::string& lane : chronicle_.ladder.lanes) {
    const HostId host = world_.find(lane);
    chronicle_.is_node.push_back(host && world_.is_node(host));
  }
  return std::move(chronicle_);
}

}  // namespace intermediary::sim
