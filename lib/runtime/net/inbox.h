// Where sockets put what happens to them: the shard's queue of inputs.
#pragma once

#include <string_view>

#include "engine/io.h"
#include "runtime/log.h"

namespace intermediary {

class Inbox {
 public:
  virtual ~Inbox() = default;

  // Queues an input. May be called at any time, also while the shard carries out an output.
  virtual void deliver(Input input) = 0;
  // The caller has delivered what it had: handle it, and send what comes of it. Never from within send or open.
  virtual void settle() = 0;
  virtual void note(LogLevel level, std::string_view line) = 0;
};

}  // namespace intermediary
