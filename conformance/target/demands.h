// What of a scenario the RFCs demand of any server, and not only we of ours: demands.txt, read by hand from the texts.
// A target is accused of nothing else. The file's head says how it is written.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace intermediary::conformance {

struct Demand {
  enum class Kind {
    Must,   // the first such line of the scenario has to come
    Each,   // every such line
    Never,  // no such message may come
  };

  Kind kind = Kind::Must;
  std::vector<std::string> rows;
  std::optional<Duration> before{};  // of Never: until then; nullopt: for good
  sim::MessageLine message;          // its conditions are what is demanded; its time is nothing
  std::string text;
  std::size_t line = 0;  // of the file
};

// By scenario: "forking/fork-cancel-loser".
using Demands = std::map<std::string, std::vector<Demand>, std::less<>>;

// An error is "file:line:column: what".
std::expected<Demands, std::string> read_demands(const std::string& file, std::string_view text);

// Whether a line of a scenario is one that the demand is about: the same two, the same kind of message.
bool is_about(const Demand& demand, const sim::MessageLine& line);

// Rows that nobody can see from outside, with the reason: unseen.tsv.
std::expected<std::map<std::string, std::string>, std::string> read_unseen(const std::string& file,
                                                                           std::string_view text);

}  // namespace intermediary::conformance
