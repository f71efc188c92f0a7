// The scenario files of this folder, as they lie on the disk now.
#pragma once

#include <string>
#include <vector>

namespace intermediary::conformance {

// Below `folder`, by path.
std::vector<std::string> flow_files(const std::string& folder);
std::string read_text(const std::string& path);

}  // namespace intermediary::conformance
