// The flight recorder of one engine: writes what it is made of, every input and a fingerprint of the outputs to a
// record (engine/record.h; docs/records.md).
//
//   recorder.begin(now, input);            // before the engine has it
//   recorder.output(output);               // each
//   recorder.finish(engine);               // when it is drained
//
// What goes wrong stops the recorder and nothing else: it says so once, in the log, and counts what is not recorded.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/record.h"
#include "runtime/log.h"
#include "runtime/segment_file.h"

namespace intermediary {

struct RecorderOptions {
  std::string path;
  // 0: one file of that name. Else files of about that size, FILE.000001, FILE.000002, …, each with a checkpoint.
  std::uint64_t segment_bytes = 0;
  std::size_t keep = 0;  // so many of them stay, the one that is being written among them; 0: all
};

// What a server needs to record: where, and what the configuration was made of.
struct RecordSettings {
  RecorderOptions file;
  RecordedConfig config;
  std::string program;  // its version
};

class Recorder {
 public:
  // The error says which file cannot be made, and why. `log` must outlive the recorder.
  static std::expected<std::unique_ptr<Recorder>, std::string> open(RecorderOptions options, RecordHeader header,
                                                                    Log& log);
  // Ends the record as a whole one.
  ~Recorder();

  // Another configuration counts behind the next input: in the headers of segments that begin then.
  void set_config(RecordedConfig config) { header_.config = std::move(config); }

  void begin(TimePoint now, const Input& input);
  void output(const Output& output) {
    if (file_) outputs_.add(output);
  }
  void finish(const Engine& engine);

  // Inputs that are in the record, and inputs that are not, since it was stopped.
  std::uint64_t recorded() const { return recorded_; }
  std::uint64_t unrecorded() const { return unrecorded_; }

 private:
  Recorder(RecorderOptions options, RecordHeader header, Log& log)
      : options_(std::move(options)), header_(std::move(header)), log_(log) {}
  std::string path_of(std::uint32_t segment) const;
  std::expected<void, std::string> open_segment(std::string_view checkpoint);
  void next_segment(const Engine& engine);
  void append(std::string_view frame);
  void stop(const std::string& reason);

  RecorderOptions options_;
  RecordHeader header_;
  Log& log_;
  FrameMaker frames_;
  OutputsHash outputs_;
  std::unique_ptr<SegmentFile> file_;  // null: stopped
  std::uint64_t begun_at_ = 0;         // behind what the segment begins with
  std::uint64_t recorded_ = 0;
  std::uint64_t unrecorded_ = 0;
};

}  // namespace intermediary
