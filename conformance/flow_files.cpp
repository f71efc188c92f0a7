#include "conformance/flow_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace intermediary::conformance {

std::vector<std::string> flow_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".flow") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

sim::Surroundings files_beside() {
  return {[](const std::string& path) -> std::expected<std::string, std::string> {
    if (!std::filesystem::is_regular_file(path)) return std::unexpected("there is no such file");
    return read_text(path);
  }};
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::expected<std::vector<sim::Scenario>, sim::ScenarioError> scenarios_of(const std::string& path) {
  return sim::parse_scenarios(path, read_text(path), files_beside());
}

}  // namespace intermediary::conformance
