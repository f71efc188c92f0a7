#include "tools/cli/record_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace intermediary::cli {

namespace fs = std::filesystem;

std::expected<MappedFile, std::string> MappedFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::unexpected(std::generic_category().message(errno));
  struct stat status{};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  void* mapped = nullptr;
  if (regular && status.st_size > 0) {
    mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  }
  const int error = errno;
  ::close(file);
  if (!regular) return std::unexpected(S_ISDIR(status.st_mode) ? "it is a directory" : "it is no regular file");
  if (mapped == MAP_FAILED) return std::unexpected(std::generic_category().message(error));
  return MappedFile({static_cast<const char*>(mapped), static_cast<std::size_t>(status.st_size)});
}

MappedFile::~MappedFile() {
  if (bytes_.data()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

std::expected<std::vector<std::string>, std::string> record_files(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error)) return std::vector<std::string>{path};
  const std::string start = fs::path(path).filename().string() + '.';
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  std::vector<std::string> segments;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (name.starts_with(start) && name.size() >= start.size() + 6 &&
        name.find_first_not_of("0123456789", start.size()) == std::string::npos) {
      segments.push_back(each->path().string());
    }
  }
  if (segments.empty()) return std::unexpected("there is no '" + path + "', and no '" + path + ".000001' either");
  std::ranges::sort(segments, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return segments;
}

}  // namespace intermediary::cli
