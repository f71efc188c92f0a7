// The scenario files of this folder, as they lie on the disk now.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace intermediary::conformance {

// Below `folder`, by path.
std::vector<std::string> flow_files(const std::string& folder);
std::string read_text(const std::string& path);
// What a scenario may name: files of the disk.
sim::Surroundings files_beside();
// The scenarios of a file, with what it includes.
std::expected<std::vector<sim::Scenario>, sim::ScenarioError> scenarios_of(const std::string& path);

}  // namespace intermediary::conformance
