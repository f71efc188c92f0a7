#include "runtime/writable.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace intermediary {

int why_not_writable(const std::string& path) {
  struct stat state{};
  if (::stat(path.c_str(), &state) == 0) {
    if (!S_ISREG(state.st_mode)) return EISDIR;
    return ::access(path.c_str(), R_OK | W_OK) == 0 ? 0 : errno;
  }
  if (errno != ENOENT) return errno;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return ::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

std::string first_bytes(const std::string& path, std::size_t count) {
  std::string bytes(count, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace intermediary
