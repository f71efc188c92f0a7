// From the text of a configuration file to the Config of an engine (docs/configuration.md is the reference).
//
// Pure: what a file may refer to, environment variables and other files, comes through the arguments. Strict: an
// unknown key, a wrong type, a number without its unit, or a rule that can never match is an error. All problems of a
// file are reported at once, each at its line and column.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/block.h"
#include "config/problem.h"
#include "engine/config.h"

namespace intermediary {

// The world around a file, as its strings may name it.
struct ConfigSurroundings {
  // "${NAME}": the variable's value, nullopt when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // "file:PATH": what is in the file, or why it cannot be read.
  std::function<std::expected<std::string, std::string>(const std::string& path)> read_file;
  // Where paths start that a running server will read; "": the working directory.
  std::string folder{};
  // A zone of times, or why there is none; empty: those of the system (config/zones.h).
  std::function<std::expected<ZoneTable, std::string>(const std::string& name)> zone{};
  // "trunks/*.toml": the names of the files that are there (is_named()), without the folder, or why it cannot be looked
  // into. Empty: nobody can.
  std::function<std::expected<std::vector<std::string>, std::string>(const std::string& pattern)> list_files{};
};

// A world without variables and files.
ConfigSurroundings empty_surroundings();

// Where that stands of which only a look at the machine shows whether a server could start with it.
struct StartPlaces {
  std::vector<Position> certificates;  // one for each of the configuration
  Position authorities{};
  Position store{};
  std::vector<Position> listeners{};  // one for each
  Position dns{};
  Position call_records{};                                  // [cdr]
  Position control{};                                       // 'socket' in [control]
  Position metrics{};                                       // 'on' in [metrics]
  std::vector<std::pair<std::string, Position>> engines{};  // "engine:own", and where it stands
  std::vector<Position> user_stores{};                      // one for each
};

struct LoadedConfig {
  // config.proxy.key stays {0, 0} where the file gives none: whoever runs the engine draws one.
  Config config;
  std::vector<ConfigProblem> warnings;
  std::vector<TestBlock> tests{};  // the file's own; no part of the configuration
  bool watch = false;              // whoever runs it is to read it again when its files change
  StartPlaces places{};
  std::vector<std::string> files{};  // as problems call them, by Position::file
};

// `source_name` is what problems call the file.
std::expected<LoadedConfig, std::vector<ConfigProblem>> load_config(std::string_view text,
                                                                    const std::string& source_name,
                                                                    const ConfigSurroundings& surroundings);

// One listener in the words of `listen`: "udp:192.0.2.1:5060", "wss:[::1]:443"; without a port the transport's own,
// port 0 lets the system choose. Its name is the text itself. The error says what is wrong.
std::expected<ListenerConfig, std::string> parse_listener(std::string_view text);

}  // namespace intermediary
