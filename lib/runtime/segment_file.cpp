#include "runtime/segment_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace intermediary {
namespace {

// Mapped at once. Large enough that it happens every thousand calls or so.
constexpr std::size_t window_goal = std::size_t{4} << 20;
// Written as zeros at once. To the kernel a page that a process writes to a file costs a fifth of one that it finds
// missing in a mapping, and only the former may fail without a signal.
constexpr std::array<char, std::size_t{64} << 10> zeros{};

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t whole_pages(std::size_t bytes) { return (bytes + page_bytes() - 1) / page_bytes() * page_bytes(); }

// The length comes last: until then there is no frame. It lies at a multiple of eight, so it comes at once.
void publish(char* head, const FrameHead& values) {
  std::memcpy(head + sizeof values.length, &values.check, sizeof values.check);
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(head)).store(values.length, std::memory_order_release);
}

}  // namespace

std::string SegmentFile::failed(std::string_view what, int error) const {
  return "cannot " + std::string(what) + " '" + path_ + "': " +
         (error == EEXIST ? std::string("it is there already, and records are not overwritten")
                          : std::generic_category().message(error));
}

std::expected<std::unique_ptr<SegmentFile>, std::string> SegmentFile::create(const std::string& path,
                                                                             std::string_view mark) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  std::unique_ptr<SegmentFile> file(new SegmentFile(path, descriptor));
  if (descriptor < 0) return std::unexpected(file->failed("create", errno));
  if (auto room = file->make_room(mark.size()); !room) {
    ::unlink(path.c_str());
    return std::unexpected(room.error());
  }
  mark.copy(file->window_, mark.size());
  file->used_ = mark.size();
  return file;
}

SegmentFile::~SegmentFile() { close(); }

void SegmentFile::close() {
  if (descriptor_ < 0) return;
  if (window_) ::munmap(window_, window_bytes_);
  window_ = nullptr;
  // Where this fails, zeros stay behind the last frame, and a reader stops there all the same.
  [[maybe_unused]] const int cut = ::ftruncate(descriptor_, static_cast<off_t>(size()));
  ::close(descriptor_);
  descriptor_ = -1;
}

std::expected<void, std::string> SegmentFile::append(std::string_view frame) {
  const std::size_t bytes = frame_head_bytes + padded(frame.size());
  if (auto room = make_room(bytes); !room) return room;
  char* const head = window_ + used_;
  std::memcpy(head + frame_head_bytes, frame.data(), frame.size());
  publish(head, head_of(frame));
  used_ += bytes;
  return {};
}

std::expected<void, std::string> SegmentFile::make_room(std::size_t bytes) {
  if (used_ + bytes > window_bytes_) {
    if (auto moved = move_window(bytes); !moved) return moved;
  }
  while (used_ + bytes > ready_) {
    if (auto grown = grow(); !grown) return grown;
  }
  return {};
}

// The new window begins at the page that is being written.
std::expected<void, std::string> SegmentFile::move_window(std::size_t bytes) {
  if (descriptor_ < 0) return std::unexpected("'" + path_ + "' is closed");
  const std::uint64_t base = size() / page_bytes() * page_bytes();
  const auto used = static_cast<std::size_t>(size() - base);
  const std::size_t length = whole_pages(std::max(used + bytes, window_goal));
  void* const mapped =
      ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, static_cast<off_t>(base));
  if (mapped == MAP_FAILED) return std::unexpected(failed("map", errno));
  if (window_) ::munmap(window_, window_bytes_);
  window_ = static_cast<char*>(mapped);
  window_bytes_ = length;
  ready_ = static_cast<std::size_t>(base_ + ready_ - base);
  base_ = base;
  used_ = used;
  return {};
}

// The file is as long as what may be touched.
std::expected<void, std::string> SegmentFile::grow() {
  const ssize_t written = ::pwrite(descriptor_, zeros.data(), zeros.size(), static_cast<off_t>(base_ + ready_));
  if (written < 0 && errno == EINTR) return {};
  if (written <= 0) return std::unexpected(failed("write", written < 0 ? errno : ENOSPC));
  ready_ += static_cast<std::size_t>(written);
  return {};
}

}  // namespace intermediary
