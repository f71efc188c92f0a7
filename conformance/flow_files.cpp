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

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace intermediary::conformance
