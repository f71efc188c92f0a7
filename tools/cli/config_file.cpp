#include "tools/cli/config_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace intermediary::cli {

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::unexpected("it is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string contents((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return std::unexpected(errno != 0 ? std::strerror(errno) : "it cannot be read");
  return contents;
}

ConfigSurroundings surroundings_of(const std::string& config_path) {
  const std::filesystem::path folder = std::filesystem::path(config_path).parent_path();
  return {[](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
          },
          [folder](const std::string& path) { return read_file((folder / path).string()); }};
}

}  // namespace intermediary::cli
