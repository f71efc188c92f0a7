// The words of the language, each in one place: the parser reads these, and the editor's grammar has no others.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::sim {

// Words that begin a line without a time. The first three stand for other lines (source.h).
inline constexpr auto source_words = std::to_array<std::string_view>({"include", "repeat", "end", "table"});
inline constexpr auto declaration_words =
    std::to_array<std::string_view>({"node", "party", "auto", "location", "host", "link", "rule", "users", "dns", "nat",
                                     "times", "acl", "list", "limit", "trust", "web"});
inline constexpr auto other_words = std::to_array<std::string_view>(
    {"scenario", "covers", "tags", "seed", "partial", "distinct", "wall", "fault", "promises"});

// Behind a time: what stands for a name of somebody, and what follows such a name.
inline constexpr auto line_subjects =
    std::to_array<std::string_view>({"link", "dns", "store", "partition", "heal", "web"});
inline constexpr auto agent_verbs =
    std::to_array<std::string_view>({"calls", "gives", "holds", "resumes", "transfers"});
inline constexpr auto line_verbs = std::to_array<std::string_view>(
    {"->",       "-x",    "idle",   "busy",    "live",    "tells", "opens", "closes", "refuses", "accepts",
     "restarts", "stops", "starts", "reloads", "rebinds", "calls", "gives", "holds",  "resumes", "transfers"});

// Conditions that are no header's.
inline constexpr auto condition_words = std::to_array<std::string_view>(
    {"again", "sdp", "signed", "body", "!body", "as", "same", "count", "credentials", "reason"});

// Begins a line that the parser reads.
bool is_keyword(std::string_view word);
// All words that may begin a line.
std::vector<std::string> known_keywords();

}  // namespace intermediary::sim
