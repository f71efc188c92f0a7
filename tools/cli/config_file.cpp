#include "tools/cli/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "config/include.h"

namespace intermediary::cli {

namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;  // a list of rates is long

class Descriptor {
 public:
  // Without waiting for a writer, where the path names a pipe.
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<std::string> system_error() { return std::unexpected(std::generic_category().message(errno)); }

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path) {
  const Descriptor file(path);
  struct stat status{};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return system_error();
  if (S_ISDIR(status.st_mode)) return std::unexpected("it is a directory");
  if (!S_ISREG(status.st_mode)) return std::unexpected("it is no regular file");
  std::string contents;
  std::array<char, 16384> block{};
  while (const ssize_t count = ::read(file.number(), block.data(), block.size())) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error();
    contents.append(block.data(), static_cast<std::size_t>(count));
    if (contents.size() > largest_file) {
      return std::unexpected("it is larger than " + std::to_string(largest_file) + " bytes");
    }
  }
  return contents;
}

std::expected<std::vector<std::string>, std::string> list_files(const std::string& pattern) {
  const std::filesystem::path path(pattern);
  const std::string name = path.filename().string();
  std::vector<std::string> names;
  std::error_code error;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    const std::string file = each->path().filename().string();
    if (is_named(file, name)) names.push_back(file);
  }
  if (error) return std::unexpected(error.message());
  std::ranges::sort(names);
  return names;
}

ConfigSurroundings surroundings_of(const std::string& config_path) {
  const std::filesystem::path folder = std::filesystem::path(config_path).parent_path();
  return {[](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
          },
          [folder](const std::string& path) { return read_file((folder / path).string()); },
          folder.string(),
          {},
          [folder](const std::string& pattern) { return list_files((folder / pattern).string()); }};
}

}  // namespace intermediary::cli
