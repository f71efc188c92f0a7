// A record, run again (engine/record.h): the same configuration, seed and inputs at the same times, in virtual time,
// and what the engine makes of each input against what it made of it then.
//
//   auto replay = Replay::open({bytes});
//   while (const Replay::Step* step = replay->next()) …
//   replay->summary()
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/record.h"
#include "sim/wire.h"

namespace intermediary::sim {

class Replay {
 public:
  // The segments of one record, in order, from any one on; the bytes must outlive it. The error says which of them
  // cannot be read, and why.
  static std::expected<Replay, std::string> open(std::vector<std::string_view> segments);

  struct Step {
    RecordedInput input;
    std::vector<Output> outputs;  // that the engine made now
    OutputsMark made{};
    // Not so where the record says something else; the last input may have nothing to compare with.
    bool equal = true;
  };
  // Good until the next one; nullptr at the end, and where a segment does not begin as the one before it ended.
  const Step* next();

  struct Summary {
    std::uint64_t inputs = 0;
    std::uint64_t outputs = 0;
    std::uint64_t differing = 0;  // inputs with other outputs than then
    std::uint64_t call_ids = 0;   // of requests that came or went, and were no ACK or CANCEL
    std::uint64_t calls = 0;      // of these, INVITEs that had their final answer
    std::uint64_t segments = 1;
    std::optional<TimePoint> first{}, last{};
    std::uint64_t hash = 0;        // over all that came out
    bool unfinished_last = false;  // the record ends while its last input is handled
    bool whole = false;            // it was ended, not broken off
    std::string end;               // how it ended, one line
    std::uint64_t end_byte = 0;    // where, in the last segment
    std::string trouble{};         // damage, or segments that do not fit together
  };
  const Summary& summary() const { return summary_; }

  const RecordHeader& header() const { return readers_.front().header(); }
  // That counts where the replay stands.
  const Config& config() const { return engine_.config(); }
  // What the wall clock said at that time.
  WallTime wall(TimePoint time) const { return header().wall_at_zero + time.time_since_epoch(); }

 private:
  Replay(std::vector<SegmentReader> readers, const Config& config);
  bool next_segment();
  void count(const Step& step);
  void count(const Output& output);

  std::vector<SegmentReader> readers_;
  std::size_t reading_ = 0;
  Engine engine_;
  OutputsHash hash_;
  Step step_;
  Summary summary_;
  std::set<std::string, std::less<>> call_ids_, calls_;
};

// ACK and CANCEL: where they go was settled before, by what they follow.
bool follows(std::string_view method);
// A request that came in and follows none.
std::optional<WireMessage> request_in(const Input& input);

// What came in and what went out, one line each, for people: "DatagramReceived on udp from 192.0.2.10:5060: INVITE …".
std::string input_text(const Input& input, const Config& config);
std::string output_text(const Output& output, const Config& config);

}  // namespace intermediary::sim
