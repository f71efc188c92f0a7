// A rule as the words of a scenario's `rule` line: what parse_rule() reads (sim/node_options.h).
#pragma once

#include <string>
#include <vector>

#include "engine/config.h"

namespace intermediary::sim {

// "a,b".
std::string joined(const std::vector<std::string>& parts);
std::string mode_text(ProxyMode mode);
std::string microseconds_text(Duration duration);
// What a node of a scenario calls the listener that stands there in its configuration: "udp1".
std::string listener_in_scenario(const Config& config, std::size_t index);

// "name=users domain=local lookup". What the language has no word for is left out: further contacts of a redirection,
// the reason phrase and Retry-After of a rejection, and `challenge` and `identity`, whose users a scenario would need
// the passwords of.
std::string rule_text(const Rule& rule, const Config& config);

}  // namespace intermediary::sim
