// What a run looked like, as values: for whoever shows it to people (ladder_page.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/engine.h"
#include "sim/network.h"
#include "sim/rungs.h"
#include "sim/world.h"

namespace intermediary::sim {

struct Chronicle {
  // Places in a run are counted in entries of the transcript: what stands at n came after n entries. A state comes with
  // the first that its node sent in it.
  struct NodeState {
    std::size_t at = 0;
    TimePoint time{};
    std::string node;
    std::vector<TransactionView> transactions;
    LiveObjects live;
  };
  struct Note {
    enum class Kind : std::uint8_t { Line, Event } kind = Kind::Line;
    std::size_t at = 0;
    TimePoint time{};
    std::string node;  // of an event; "" for a line of the scenario
    std::string text;
  };

  std::string name;
  std::string prose;    // what it proves
  std::string failure;  // "" when it passed
  Rungs ladder;
  std::vector<bool> is_node;             // by lane
  std::vector<Transmission> transcript;  // a rung each
  std::vector<NodeState> states;         // a node's whenever they changed
  std::vector<Note> notes;               // lines that act, and events, in their order
};

// Writes it down while a world lives: as the world's observer, or told by that one. REQUIRES: the world outlives it.
class Chronicler final : public Observer {
 public:
  explicit Chronicler(const World& world) : world_(world) {}

  void entering(HostId node, const Input& input) override;
  void settled(HostId node) override;
  // A line of the scenario acts.
  void note(const std::string& line);
  Chronicle finish(const std::vector<std::string>& lanes) &&;

 private:
  std::size_t here() const { return world_.network().transcript().size(); }
  void note_events(HostId node);
  void note_state(HostId node);

  const World& world_;
  Chronicle chronicle_;
  std::map<HostId, std::size_t> events_;  // of a node, so many are noted
  std::size_t entered_at_ = 0;
};

}  // namespace intermediary::sim
