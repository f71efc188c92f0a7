// Records: what an engine was made of and every input that it had, so that it can be run again (docs/records.md is the
// format's reference).
//
// A record is one or more segments, each of which can be replayed by itself. A segment is a mark and a version, then
// frames: a header, a checkpoint where it is not the first, and for each input two frames: the input before it is
// handled, so that the one that ended a process is there, and behind it a fingerprint of what the engine made of it.
// Each frame has its length and a checksum: a segment may end anywhere, and then its last frame is not there.
//
// A record holds the seed and the configuration's secrets; the private keys of TLS never get in.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.h"
#include "base/random.h"
#include "engine/config.h"
#include "engine/io.h"

namespace intermediary {

inline constexpr std::uint32_t record_version = 4;

// The text of a configuration and what it took from the world around it, to load it again.
struct RecordedConfig {
  struct File {
    std::string path;  // as the configuration names it
    bool readable = false;
    std::string text;  // what stood in it, or why it could not be read
    friend bool operator==(const File&, const File&) = default;
  };
  struct Variable {
    std::string name;
    std::optional<std::string> value;
    friend bool operator==(const Variable&, const Variable&) = default;
  };

  std::string name;  // what problems call it
  std::string text;
  std::string folder;
  std::vector<File> files;
  std::vector<Variable> variables;
  std::vector<ZoneTable> zones{};  // by the names that it asked for

  friend bool operator==(const RecordedConfig&, const RecordedConfig&) = default;
};

struct RecordHeader {
  std::string program;  // its version
  std::uint32_t shard = 0;
  std::uint32_t segment = 1;  // counted from 1
  Seed seed{};
  WallTime wall_at_zero{};  // what the wall clock said when the monotonic one began: to name times, no more
  RecordedConfig config;
  std::vector<ListenerConfig> listeners;  // as bound, instead of those of the configuration
  HashKey key{};                          // Config::proxy.key as it was drawn

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

// What came out of the engine for one input.
struct OutputsMark {
  std::uint32_t count = 0;
  std::uint64_t hash = 0;

  friend bool operator==(const OutputsMark&, const OutputsMark&) = default;
};

// Takes the outputs of one input after another.
class OutputsHash {
 public:
  void add(const Output& output);
  // Of all that was added since the last one.
  OutputsMark take();

 private:
  ArchiveWriter bytes_;
  std::uint32_t count_ = 0;
};

// ---- frames

enum class FrameKind : std::uint8_t { Header = 'H', Checkpoint = 'C', Input = 'I', Outputs = 'O', End = 'E' };

// The eight bytes before a frame: how long it is, and a checksum over kind and contents.
struct FrameHead {
  std::uint32_t length = 0;
  std::uint32_t check = 0;
};
inline constexpr std::size_t frame_head_bytes = 8;
FrameHead head_of(std::string_view frame);
// What stands before the first frame of a segment.
std::string_view record_mark();
// Frames begin at multiples of eight bytes.
constexpr std::size_t padded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

// Makes frames, without their heads; each is good until the next one is made.
class FrameMaker {
 public:
  std::string_view header(const RecordHeader& header);
  std::string_view checkpoint(std::string_view state);
  std::string_view input(TimePoint time, const Input& input);
  std::string_view outputs(OutputsMark mark);
  // The segment is whole; `reason` is one line for people.
  std::string_view end(std::string_view reason);

 private:
  template <class... Values>
  std::string_view made(FrameKind kind, const Values&... values);
  ArchiveWriter frame_;
};

// Appends mark, heads and frames to a text: how tests write a record.
void append_record_mark(std::string& segment);
void append_frame(std::string& segment, std::string_view frame);

// ---- reading

struct RecordedInput {
  TimePoint time{};
  Input input;
  std::optional<OutputsMark> outputs{};  // nullopt: the record ends while it is handled
  std::size_t offset = 0;                // of its frame, in the segment
};

// One segment from its bytes, which must outlive it. Nothing that stands in them can make it fail but by saying so.
class SegmentReader {
 public:
  // The error says why this is no record, or none of ours.
  static std::expected<SegmentReader, std::string> open(std::string_view bytes);

  const RecordHeader& header() const { return header_; }
  // What Engine::save wrote; "" where the engine starts fresh.
  std::string_view checkpoint() const { return checkpoint_; }

  // The next input; nullopt at the end.
  std::optional<RecordedInput> next();
  // Once it has ended: why. A record of a process that was killed breaks off.
  struct End {
    bool whole = false;
    bool damaged = false;  // something stands there that is no frame
    std::string reason;
    std::size_t offset = 0;
  };
  const End& end() const { return end_; }

 private:
  struct Frame {
    FrameKind kind{};
    std::string_view contents;
    std::size_t offset = 0;
  };

  explicit SegmentReader(std::string_view bytes) : bytes_(bytes) {}
  std::expected<void, std::string> read_header();
  std::optional<Frame> take_frame();
  std::optional<Frame> frame_ahead();
  bool a_frame_follows() const;
  std::optional<RecordedInput> input_in(const Frame& frame);
  void ended(bool whole, bool damaged, std::string reason);

  std::string_view bytes_;
  std::size_t position_ = 0;
  TimePoint latest_{};
  bool over_ = false;
  RecordHeader header_;
  std::string_view checkpoint_;
  End end_;
};

}  // namespace intermediary
