// The declarations of a scenario: who lives in its world, where, and under which rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/node_config.h"
#include "sim/node_options.h"
#include "sim/scenario.h"
#include "sim/scenario_text.h"
#include "sim/words.h"

namespace intermediary::sim {

// Every function throws Wrong.
class Declarations {
 public:
  // REQUIRES: both outlive it.
  Declarations(Scenario& scenario, const Surroundings& surroundings)
      : scenario_(scenario), surroundings_(surroundings) {}

  // REQUIRES: `keyword` is one of declaration_words.
  void read(const Piece& keyword, Words& words, LogicalLine& line);
  // "A B latency=…" behind `link`.
  void read_link(Words& words, LinkLine& line);
  // "p1 bob | alice" behind `partition`.
  std::vector<std::vector<std::string>> read_sides(Words& words) const;
  // "[NAME] down", "up", "slow=3s": what happens to a store of some node.
  StoreLine read_store_line(LineHead head, Words& words) const;
  // "[FILE] [\"\"\"]" behind `NODE reloads`.
  ReloadLine read_reload(LineHead head, const Piece& node, Words& words, LogicalLine& line);
  // Gives each node its rules and asks whether an engine would take its configuration.
  void finish();

  bool is_node(std::string_view name) const { return nodes_.contains(name); }
  bool is_party(std::string_view name) const { return parties_.contains(name); }
  bool is_agent(std::string_view name) const { return agents_.contains(name); }
  bool is_nat(std::string_view name) const { return nats_.contains(name); }
  void known(const Piece& name) const;
  bool is_taken(const Endpoint& address) const;  // it is somebody's

 private:
  struct NodeDraft {
    Place place;
    NodeOptions options;
    std::vector<PlacedRule> rules;
    std::vector<IpAddress> addresses;  // address=, for a whole configuration
  };
  struct Draft {
    PartySetup setup;
    std::vector<Piece> options;  // those that a plain party does not know
  };

  std::string declare(Words& words, std::string_view what);
  void claim(const std::vector<Socket>& sockets, const Place& place);
  static void check_challenges(const NodeDraft& draft);
  void read_node(Words& words);
  void read_proxy(NodeDraft& draft, Words& words);
  void read_whole(NodeDraft& draft, Words& words);
  ConfigSource config_file(const Piece& path, std::size_t line) const;
  void replace_config();
  NodeDraft& node_of_rules(const Piece& name);
  Draft read_user_agent(Words& words, std::string_view what);
  void read_party(Words& words);
  void read_auto(Words& words);
  void apply_manner(AgentDeclaration& agent, const Piece& option);
  static std::string contact_of(const PartySetup& setup);
  void read_location(Words& words);
  std::string node_of_domain(const std::string& host, const Piece& aor);
  LocationDeclaration location_of(const std::string& node, const std::string& aor, const Piece& entry);
  void read_host(Words& words);
  void read_dns(Words& words);
  void read_web(Words& words);
  void read_initial_link(Words& words);
  void apply_quality(LinkChange& change, const Piece& word);
  void read_rule(Words& words);
  void read_users(Words& words);
  void read_policy(Words& words);
  static void complete(PlacedRule& placed, const Config& config);
  void read_nat(Words& words);

  Scenario& scenario_;
  const Surroundings& surroundings_;
  LogicalLine* line_ = nullptr;
  std::string keyword_;  // of the line
  Place place_;          // of the line
  std::map<std::string, NodeDraft, std::less<>> nodes_;
  std::set<std::string, std::less<>> names_, parties_, agents_, nats_, inside_;
  std::map<std::string, std::string, std::less<>> contacts_;
  std::set<Socket> sockets_;
  std::optional<Place> reload_;  // the first
};

}  // namespace intermediary::sim
