// What a scenario needs of a target that stands elsewhere: what cannot be made or seen from outside at all, and the
// set-up that an operator has to have given it. The set-up is in the words of the scenario language: "domain",
// "registrar", "record-route", "timer-c=200s", "rule method=INVITE lookup fork=serial".
#pragma once

#include <expected>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace intermediary::conformance {

enum class Profile { Proxy, Registrar, B2bua, Redirect };

struct Needs {
  std::vector<std::string> obstacles;  // why it is not testable from outside; empty when it is
  std::vector<std::string> setup;      // sorted
  std::set<Transport> transports;
  Duration length{0};             // until its last message
  Duration whole_length{0};       // until its last line
  std::size_t unseen = 0;         // lines about what stands inside the node
  bool refuses_to_relay = false;  // its node does, and a line may say so
};

// A scenario and its text, with what it includes and its row of a table written out.
struct Script {
  sim::Scenario scenario;
  std::string text;
};
// One for each row of the file's table; an error is one text for people.
std::expected<std::vector<Script>, std::string> scripts_of(const std::string& path);
std::expected<std::vector<Script>, std::string> scripts_of(const std::string& file, std::string_view text,
                                                           const sim::Surroundings& surroundings);

Needs needs_of(const Script& script);

// What the operator says that the target has.
using Setup = std::set<std::string, std::less<>>;
// The words of `needs` that `have` lacks. "domain=NAME" is had by any "domain=…" of the target.
std::vector<std::string> lacking(const Needs& needs, const Setup& have);
// A line for people about a word of the set-up; "" where the word is an option of the scenario language.
std::string_view meaning_of(std::string_view word);

// Whether such a server can be asked that at all: a registrar and a redirect server send no request on.
bool is_asked_of(Profile profile, const sim::Scenario& scenario);

// The one node. REQUIRES: no obstacle.
const sim::NodeSetup& node_of(const sim::Scenario& scenario);

}  // namespace intermediary::conformance
