// A file that frames are appended to in memory: what is written survives the process at once, without a system call,
// and the space for it is there before it is written.
//
// The file is mapped in windows, and grows by zeros before it is written to there, so that a full disk is an error of
// `append` and never a signal. Behind the last frame stand zeros until `close` cuts them off; a reader takes a length
// of zero for the end. Nothing is synchronised with the disk: records outlive the process, not the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "engine/record.h"

namespace intermediary {

class SegmentFile {
 public:
  // Makes the file, which must not be there yet, for its owner alone (mode 0600), and writes the mark, a multiple of
  // eight bytes. The error names the file and the cause.
  static std::expected<std::unique_ptr<SegmentFile>, std::string> create(const std::string& path,
                                                                         std::string_view mark = record_mark());
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  // The error says why there is no room; the frame is not there then, and all before it are.
  std::expected<void, std::string> append(std::string_view frame);
  std::uint64_t size() const { return base_ + used_; }
  // Cuts off what was allocated and not used. Nothing can be appended afterwards.
  void close();

 private:
  SegmentFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::expected<void, std::string> make_room(std::size_t bytes);
  std::expected<void, std::string> move_window(std::size_t bytes);
  std::expected<void, std::string> grow();
  std::string failed(std::string_view what, int error) const;

  std::string path_;
  int descriptor_;
  char* window_ = nullptr;
  std::size_t window_bytes_ = 0;
  std::uint64_t base_ = 0;  // where the window begins in the file
  std::size_t used_ = 0;    // of the window
  std::size_t ready_ = 0;   // of the window, or more: stands in the file
};

}  // namespace intermediary
