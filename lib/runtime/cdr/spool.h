// What is known of calls and not yet in all of their files: kept in a file, so that it survives the end of the process
// at once (runtime/segment_file.h), and the next process goes on with it.
//
// It has three kinds of entries: a call has begun, a call has ended, a record is in all of its files. When there is
// little left in it of what was written, it is written anew.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cdr/call_text.h"
#include "runtime/segment_file.h"

namespace intermediary {

class CallSpool {
 public:
  struct Left {
    std::unique_ptr<CallSpool> spool;
    std::vector<KeptCall> records;  // that may not be in all of their files; calls without an end have CallEnd::Lost
  };
  // The error names the file and the cause: another process has it, it cannot be written, or it is none.
  static std::expected<Left, std::string> open(const std::string& path);
  // Why open() could not, as far as a look shows, in the same words; "": nothing is known.
  static std::string problem_with(const std::string& path);
  ~CallSpool();

  // The error says why there is no room. Nothing is there then, and all before it is.
  std::expected<void, std::string> begun(const std::string& id, const CallIdentity& call);
  std::expected<void, std::string> ended(const KeptCall& call);
  std::expected<void, std::string> delivered(const std::string& id);

  // Calls without an end, and records that are not delivered.
  std::size_t size() const { return entries_.size(); }

 private:
  enum class Kind : std::uint8_t { Begun, Ended, Delivered };
  explicit CallSpool(std::string path) : path_(std::move(path)) {}
  std::expected<void, std::string> lock();
  std::expected<void, std::string> read_old();
  std::expected<void, std::string> rewrite();
  std::expected<void, std::string> append(Kind kind, const std::string& id, const CallRecorded* record);
  std::string failed(std::string_view what, int error) const;

  std::string path_;
  int lock_ = -1;
  std::unique_ptr<SegmentFile> file_;
  struct Entry {
    CallRecorded record;  // with CallEnd::Lost until it has ended
    std::uint64_t order = 0;
    std::size_t bytes = 0;
  };
  std::map<std::string, Entry> entries_;
  std::uint64_t last_order_ = 0;
  std::size_t live_bytes_ = 0;  // of the entries
};

}  // namespace intermediary
