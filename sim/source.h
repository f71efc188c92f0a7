// The lines of a scenario before they are read: what `include`, `repeat` and `table` write out (docs/scenarios.md).
//
// All of it is text for text, line by line: whoever reads the result knows nothing of it but where each line came from.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario_error.h"

namespace intermediary::sim {

// What a scenario may name outside its own text.
struct Surroundings {
  // What is in the file, or why it cannot be read; paths begin where the scenario's own does.
  std::function<std::expected<std::string, std::string>(const std::string& path)> read_file;
  // "folder/*.toml" of a configuration: ConfigSurroundings::list_files; may be empty: no folder can be looked into.
  std::function<std::expected<std::vector<std::string>, std::string>(const std::string& pattern)> list_files{};
  // "${NAME}" of a configuration; may be empty: none is set.
  std::function<std::optional<std::string>(const std::string& name)> variable{};
  // A configuration that takes the place of the scenario's one node's.
  struct NodeConfig {
    std::string file;
    std::string text;
  };
  std::optional<NodeConfig> node_config{};
};
// A world without files: whoever names one is told so.
Surroundings nothing_around();
// "folder/other.inc" for "other.inc" as "folder/s.flow" names it; nullopt for what is no relative path.
std::optional<std::string> beside(std::string_view file, std::string_view path);

// Where the lines came from.
struct Origins {
  struct Line {
    std::size_t file = 0;
    std::size_t number = 1;
  };
  std::vector<std::string> files;  // the scenario's own first
  std::vector<Line> lines;         // by number, from 1; empty where all are the file's own, in its order

  // REQUIRES: `line` is one of them.
  Line of(std::size_t line) const;
  const std::string& file_of(std::size_t line) const { return files[of(line).file]; }
  // "s.flow:7".
  std::string at(std::size_t line) const;
};

// What one row of the table makes of the file; a file without a table is one such.
struct Written {
  std::string row;  // "" where there is no table
  std::string text;
  Origins origins;
};

// At least one. `text` is the file's, down to its ladder.
std::expected<std::vector<Written>, ScenarioError> write_out(const std::string& file, std::string_view text,
                                                             const Surroundings& surroundings);

}  // namespace intermediary::sim
