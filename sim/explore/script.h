// What a scenario's parties wait for: found out in a rehearsal, where nothing goes wrong and every line happens at its
// time, and used when something does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/party.h"

namespace intermediary::sim {

// When a stimulus happens: at its time, so long after something was heard (Hearing names it), or so long after another
// line.
struct Cue {
  enum class Kind : std::uint8_t { Time, Heard, Line };

  Kind kind = Kind::Time;
  Duration delay{0};  // of Time: from the start
  std::string heard{};
  std::size_t line = 0;
};

struct Script {
  std::map<std::size_t, Cue> cues;  // by line: stimuli that happened
  std::set<std::string> heard;      // all that came to parties
};

// Names what comes to parties, so that the same thing has the same name in every run: "alice p1 line 3: 200 INVITE 1
// #2" is the second such answer from p1 (of another branch or user agent), in the call that line 3 begins. What comes
// again has no name.
class Hearing {
 public:
  // The call with that Call-ID begins with a line. Does nothing where it has begun.
  void begins(const std::string& call_id, std::size_t line) { calls_.emplace(call_id, line); }
  std::optional<std::string> name(const std::string& party, const std::string& from, const WireMessage& message);

 private:
  std::map<std::string, std::size_t> calls_;
  std::set<std::string> known_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace intermediary::sim
