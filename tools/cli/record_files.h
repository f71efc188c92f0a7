// The files of a record, as `replay` names them.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intermediary::cli {

// A file in memory, read only. Whoever writes to it meanwhile is seen; who shortens it ends this process.
class MappedFile {
 public:
  // The error is the system's reason, or that it is no regular file.
  static std::expected<MappedFile, std::string> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

// FILE itself or, where there is none, its segments FILE.000001, …, in order: those that are still there.
std::expected<std::vector<std::string>, std::string> record_files(const std::string& path);

}  // namespace intermediary::cli
