// What a proxy owes to those around it, whatever the network does: judged by its testimony alone, after the run. Each
// broken promise is one line that begins with its name and section, "cancels-after-provisional (RFC 3261 §9.1): …", and
// says when.
//
// REQUIRES of the world: user agents that keep to the RFCs, no Request-Disposition, no redirection that is followed,
// no ring timeout other than the node's rules have, and a run that went on until nothing was under way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config.h"
#include "sim/explore/testimony.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace intermediary::sim {

class Complaints {
 public:
  explicit Complaints(std::string node) : node_(std::move(node)) {}
  // "promise": name and section.
  void add(std::string_view promise, TimePoint when, const std::string& what);
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::string node_;
  std::vector<std::string> lines_;
};

std::vector<std::string> misconduct(const std::string& node, const NodeTestimony& seen, const Config& config);

bool listens_on(const Config& config, Transport transport);

// What user agents that act by themselves must not come to, whoever is to blame: a call without an end, somebody left
// talking alone though no BYE was lost; and where nothing goes wrong (`calm`), any failure that nobody has asked for.
std::vector<std::string> mishaps(const World& world, bool calm);
// Nothing in that scenario is lost, away or broken.
bool is_calm(const Scenario& scenario);

// The parts of it; the last two are about nodes that have transactions.
void judge_forwarding(const NodeTestimony& seen, const Config& config, Complaints& complaints);
void judge_transactions(const NodeTestimony& seen, const Config& config, Complaints& complaints);
void judge_searches(const NodeTestimony& seen, const Config& config, Complaints& complaints);

}  // namespace intermediary::sim
