#include "tools/cli/running_config.h"

#include <algorithm>
#include <filesystem>

#include "config/recorded.h"
#include "tools/cli/config_file.h"
#include "tools/cli/default_config.h"
#include "tools/cli/start_checks.h"

namespace intermediary::cli {

namespace {

// The file and all that it names.
std::vector<std::string> files_of(const std::string& file, const RecordedConfig& recorded) {
  std::vector<std::string> paths{file};
  const std::filesystem::path folder(recorded.folder);
  for (const RecordedConfig::File& each : recorded.files) paths.push_back((folder / each.path).string());
  return paths;
}

std::vector<std::string> lines_of(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const ConfigProblem& problem : problems) lines.push_back(problem.to_string());
  return lines;
}

}  // namespace

std::expected<NewConfiguration, std::vector<std::string>> RunningConfig::read() const {
  const auto text = file.empty() ? std::string(default_config) : read_file(file);
  if (!text) return std::unexpected(std::vector{"cannot read '" + file + "': " + text.error()});
  const std::string name = file.empty() ? "(default)" : file;
  ConfigWitness witness(surroundings_of(file));
  auto loaded = load_config(*text, name, witness.surroundings());
  if (!loaded) return std::unexpected(lines_of(loaded.error()));
  const std::vector<ConfigProblem> more = problems_at_start(*loaded);
  if (std::ranges::find(more, ConfigProblem::Severity::Error, &ConfigProblem::severity) != more.end()) {
    return std::unexpected(lines_of(more));
  }
  NewConfiguration read{.config = std::move(loaded->config), .warnings = lines_of(loaded->warnings)};
  read.recorded = witness.recorded(name, *text, read.config);
  read.watched = {loaded->watch && !file.empty(), files_of(file, read.recorded)};
  if (!listeners.empty()) {
    read.config.listeners = listeners;
  } else if (file.empty() && adapt) {
    adapt(read.config);
  }
  return read;
}

}  // namespace intermediary::cli
