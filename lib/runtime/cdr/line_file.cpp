// Records as lines of a file that is renamed when it is full.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "runtime/cdr/record_sink.h"
#include "runtime/writable.h"

namespace intermediary {

namespace {

std::string line_file_failed(std::string_view what, const std::string& path, int error) {
  return "cannot " + std::string(what) + " '" + path + "': " + std::generic_category().message(error);
}

std::string is_no_file(const std::string& path) { return "'" + path + "' is no file"; }

class LineFile final : public RecordSink {
 public:
  using Format = std::string (*)(const KeptCall&);
  LineFile(std::string path, const CallRecordsConfig& config, Format format, std::string header)
      : path_(std::move(path)),
        full_(config.rotate_bytes),
        keep_(config.keep),
        format_(format),
        header_(std::move(header)) {}
  ~LineFile() override { close(); }

  std::expected<void, std::string> open(const std::vector<KeptCall>& left) {
    for (const std::string& path : {path_, numbered(1)}) note_what_is_in(path, left);
    return open_file();
  }

  std::expected<void, std::string> write(const std::vector<KeptCall>& calls) override {
    if (descriptor_ < 0) {
      if (auto opened = open_file(); !opened) return opened;
    }
    std::vector<std::string> ids;
    std::string lines;
    for (const KeptCall& call : calls) {
      if (has_.contains(call.id)) continue;
      lines += format_(call);
      ids.push_back(call.id);
    }
    if (auto written = append(lines); !written) return written;
    has_.insert(ids.begin(), ids.end());
    while (order_.size() + ids.size() > remembered && !order_.empty()) {
      has_.erase(order_.front());
      order_.erase(order_.begin());
    }
    order_.insert(order_.end(), ids.begin(), ids.end());
    return size_ < full_ ? std::expected<void, std::string>() : rotate();
  }

 private:
  static constexpr std::size_t remembered = 4096;  // what a delivery that failed half way may give again

  std::string numbered(std::uint32_t number) const { return path_ + '.' + std::to_string(number); }
  std::string failed(std::string_view what, int error) const { return line_file_failed(what, path_, error); }

  void note_what_is_in(const std::string& path, const std::vector<KeptCall>& left) {
    if (left.empty()) return;
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const KeptCall& call : left) {
      const std::size_t place = text.find(call.id);
      if (place != std::string::npos && text.find('\n', place) != std::string::npos) has_.insert(call.id);
    }
  }

  // A line that was cut off by the end of a process or of the disk's space goes: its record is still in the spool.
  std::expected<void, std::string> open_file() {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
    if (descriptor_ < 0) return std::unexpected(failed("open", errno));
    struct stat state{};
    if (::fstat(descriptor_, &state) != 0) return give_up("look at");
    if (!S_ISREG(state.st_mode)) {
      close();
      return std::unexpected(is_no_file(path_));
    }
    size_ = whole_lines(static_cast<std::uint64_t>(state.st_size));
    if (size_ != static_cast<std::uint64_t>(state.st_size) &&
        ::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
      return give_up("cut");
    }
    return size_ == 0 && !header_.empty() ? append(header_) : std::expected<void, std::string>();
  }

  std::uint64_t whole_lines(std::uint64_t size) const {
    while (size > 0) {
      char last = 0;
      if (::pread(descriptor_, &last, 1, static_cast<off_t>(size - 1)) != 1 || last == '\n') break;
      --size;
    }
    return size;
  }

  std::expected<void, std::string> append(std::string_view lines) {
    const std::uint64_t before = size_;
    while (!lines.empty()) {
      const ssize_t written = ::pwrite(descriptor_, lines.data(), lines.size(), static_cast<off_t>(size_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return take_back(before, written < 0 ? errno : ENOSPC);
      size_ += static_cast<std::uint64_t>(written);
      lines.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(descriptor_) != 0) return take_back(before, errno);
    return {};
  }

  // Half a line helps nobody.
  std::expected<void, std::string> take_back(std::uint64_t before, int error) {
    [[maybe_unused]] const int cut = ::ftruncate(descriptor_, static_cast<off_t>(before));
    close();  // and looked at anew, whether or not it could be cut
    return std::unexpected(failed("write", error));
  }

  std::expected<void, std::string> give_up(std::string_view what) {
    const int error = errno;
    close();
    return std::unexpected(failed(what, error));
  }

  std::expected<void, std::string> rotate() {
    close();
    std::remove(numbered(keep_).c_str());
    for (std::uint32_t number = keep_; number > 1; --number) {
      std::rename(numbered(number - 1).c_str(), numbered(number).c_str());
    }
    if (std::rename(path_.c_str(), numbered(1).c_str()) != 0) return std::unexpected(failed("rename", errno));
    return open_file();
  }

  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  std::string path_;
  std::uint64_t full_;
  std::uint32_t keep_;
  Format format_;
  std::string header_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::set<std::string> has_;
  std::vector<std::string> order_;  // of those that were written here
};

OpenedSink open_lines(std::unique_ptr<LineFile> file, const std::vector<KeptCall>& left) {
  if (auto opened = file->open(left); !opened) return std::unexpected(opened.error());
  return file;
}

}  // namespace

std::string problem_with_line_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error) &&
      !std::filesystem::is_regular_file(path, error)) {
    return is_no_file(path);
  }
  const int reason = why_not_writable(path);
  return reason == 0 ? "" : line_file_failed("open", path, reason);
}

OpenedSink open_json_records(const CallRecordsConfig& config, const std::vector<KeptCall>& left) {
  return open_lines(std::make_unique<LineFile>(config.json, config, json_line, ""), left);
}

OpenedSink open_csv_records(const CallRecordsConfig& config, const std::vector<KeptCall>& left) {
  return open_lines(std::make_unique<LineFile>(config.csv, config, csv_line, csv_header()), left);
}

}  // namespace intermediary
