// A scenario as values: the world that a .flow file describes, and its lines in order (docs/scenarios.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "engine/config.h"
#include "sim/agent.h"
#include "sim/explore/fault.h"
#include "sim/line.h"
#include "sim/network.h"
#include "sim/scenario_error.h"
#include "sim/source.h"
#include "sim/world.h"

namespace intermediary::sim {

// When a line happens: at one time or, for what a node sends, within a range; from the start, or from the line above.
struct When {
  bool after_previous = false;
  Duration from{0};
  Duration to{0};
};

// What every timed line has; `text` is the line as written, for messages.
struct LineHead {
  Place place;
  std::string text;
  When when;
};

struct MessageLine {
  LineHead head;
  std::string sender;
  std::string receiver;  // a name, or an address that nobody has
  bool lost = false;
  Start start;
  Conditions conditions;
};
struct CheckLine {
  enum class Kind { Idle, Busy, Live, Tells };

  LineHead head;
  std::string node;
  Kind kind = Kind::Idle;
  std::vector<std::pair<std::string, std::uint64_t>> figures{};  // of LiveObjects and Counters
  std::vector<std::string> event{};                              // of Tells: its name, and pieces of its log line
};
struct ConnectionLine {
  enum class Verb { Opens, Closes, Refuses, Accepts };

  LineHead head;
  std::string actor;
  Verb verb = Verb::Opens;
  std::string other;  // of Opens and Closes
};
struct LinkLine {
  LineHead head;
  std::string a, b;  // "*": all
  LinkChange change;
};
struct AgentLine {
  enum class Verb { Calls, GivesUp, Holds, Resumes, Transfers };

  LineHead head;
  std::string agent;
  Verb verb = Verb::Calls;
  std::string uri;        // of Calls and Transfers; an attended transfer has none
  std::string direction;  // of Holds
  std::string via;
  std::optional<Duration> talk;
};
struct ZoneLine {
  LineHead head;
  ZoneChange change;
};
struct WebLine {
  LineHead head;
  WebChange change;
};
struct NodeLine {
  enum class Verb { Restarts, Stops, Starts };

  LineHead head;
  std::string node;
  Verb verb = Verb::Restarts;
};
// Another configuration for a node that runs (engine/reconfigure.h).
struct ReloadLine {
  LineHead head;
  std::string node;
  Config config;
};
struct PartitionLine {
  LineHead head;
  std::vector<std::vector<std::string>> sides;  // none: it heals
};
struct RebindLine {
  LineHead head;
  std::string nat;
};
struct StoreLine {
  LineHead head;
  std::string store;  // "": all
  StoreChange change;
};
using Line = std::variant<MessageLine, CheckLine, ConnectionLine, LinkLine, AgentLine, ZoneLine, NodeLine,
                          PartitionLine, RebindLine, StoreLine, ReloadLine, WebLine>;

const LineHead& head_of(const Line& line);

struct AgentDeclaration {
  PartySetup setup;
  AgentManners manners;
  std::string registers_with;  // a node; "" for none
};
struct NatDeclaration {
  NatSetup setup;
  std::vector<std::string> inside;
};
struct LocationDeclaration {
  std::string node;
  std::string address_of_record;
  std::string contact_uri;
  int q_thousandths = 1000;
  std::chrono::seconds expires{3600};
};

struct Scenario {
  std::string file;
  std::string name;
  std::vector<std::string> covers;
  std::vector<std::variant<NodeSetup, PartySetup, AgentDeclaration>> inhabitants;  // in order: the ladder's lanes
  std::vector<NatDeclaration> nats;
  std::vector<LocationDeclaration> locations;
  std::vector<std::pair<std::string, std::vector<NamedAddress>>> hosts;
  std::vector<ZoneChange> zone;
  std::vector<WebChange> web;
  std::vector<LinkLine> links;  // from the start
  std::uint64_t seed = 1;
  std::size_t reload_after = 0;  // in no file: World::reload_after_each()
  WallTime wall = World::usual_wall;
  bool partial = false;   // what no line names may happen too
  bool promises = false;  // no line is compared: what nodes owe is judged (sim/explore/conduct.h)
  Schedule faults;        // with any, no line is compared: promises are judged (sim/explore/execution.h)
  std::vector<Line> lines;
  std::vector<std::pair<Place, std::vector<std::string>>> distinct;
  std::vector<std::string> tags;
  std::string row;  // of the file's table; "" where it has none
  Origins origins;  // of the lines that places name
  std::shared_ptr<const std::string> above_ladder =
      std::make_shared<const std::string>();  // the file's text down to the line of dashes, of all its rows
  std::optional<std::string> ladder;          // nullopt: the file has no line of dashes
  std::size_t ladder_line = 0;                // where it begins in the file
  std::string stale_ladder;                   // a row that is not in the table has one

  // "s.flow", "s.flow[busy]".
  std::string title() const { return row.empty() ? file : file + '[' + row + ']'; }
  // "s.flow:7", "s.flow:7: row 'busy'".
  std::string at(const Place& place) const;
};

// One for each row of the file's table; one where it has none.
std::expected<std::vector<Scenario>, ScenarioError> parse_scenarios(
    const std::string& file, std::string_view text, const Surroundings& surroundings = nothing_around());
// The first of them.
std::expected<Scenario, ScenarioError> parse_scenario(const std::string& file, std::string_view text,
                                                      const Surroundings& surroundings = nothing_around());

// "0.010", "2.5", "3600": seconds as a scenario writes them.
std::string seconds_text(Duration duration);

}  // namespace intermediary::sim
