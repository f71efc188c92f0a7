// The words behind `node NAME proxy …`: options become a Config.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config.h"
#include "sim/network.h"
#include "sim/scenario_text.h"
#include "sim/store.h"

namespace intermediary::sim {

// "address", "address;transport=tcp"; throws Wrong.
Socket parse_socket(const Piece& word);
// A comma list of words, spaces around the commas allowed.
std::vector<std::string> parse_list(std::string_view text);

// "stateful", "call-stateful", "stateless".
std::optional<ProxyMode> parse_proxy_mode(std::string_view word);
std::vector<std::string> proxy_mode_names();

// Applies one word ("record-route", "timer-c=200s", an address); throws Wrong.
struct NodeOptions {
  Config config;
  std::vector<Cidr> relay_for;  // relay=…
  bool relays = false;
  std::string store;      // of its bindings: "durable" is its own, others may share a name
  bool is_whole = false;  // the configuration is its operator's: rules and certificates are what it says
  TlsHost tls{};
  std::vector<StoredUsers> users{};  // of its realms whose users are outside
  OptionsOnce options{};

  void apply(const Piece& word);
  // Once all words are applied: gives secured listeners their certificates.
  void finish();

 private:
  void finish_whole();
  void apply_address(const Piece& word);
  // Limits between options.
  void check_pairs() const;
  void in_order(std::string_view low_name, Duration low, std::string_view high_name, Duration high) const;
};

// What a node without `rule` lines does (docs/scenarios.md).
std::vector<Rule> usual_rules(const NodeOptions& options);
// A rule, and where its action, its challenge and its listeners stand.
struct PlacedRule {
  Rule rule;
  Place action{};
  Place challenge{};
  Place listener{};
};
// The words behind `rule NODE`; throws Wrong.
PlacedRule parse_rule(Words& words, std::size_t number);
// The words behind `times NODE`, `acl NODE`, `list NODE` and `limit NODE`; throws Wrong.
void parse_policy(std::string_view keyword, Words& words, Config& config);
// A realm with its users; `store`: in which they are, outside of the node, or "".
struct ParsedUsers {
  DigestRealm realm;
  std::string store;
};
// The words behind `users NODE`; throws Wrong.
ParsedUsers parse_users(Words& words);
// The same of a node with a whole configuration: what the store of one of its [auth.NAME] has.
StoredUsers parse_stored_users(Words& words, const Config& config);

}  // namespace intermediary::sim
