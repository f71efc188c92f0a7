// Where the runtime says what happens: one line for each, "name key=value key=value", values escaped by log_value().
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "event/event.h"

namespace intermediary {

// Asked: what an operator wants to see of one call, whatever the level.
enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error, Asked };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view line) = 0;
};

// Lines from `least` up go to standard error behind time and level. Writing never waits: a thread of its own does it,
// and when that falls behind, the oldest lines are lost.
std::unique_ptr<Log> make_stderr_log(LogLevel least);

// How much attention an event deserves.
LogLevel level_of(const Event& event);

}  // namespace intermediary
