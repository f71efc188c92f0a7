// What the stateful proxy tells whoever watches its calls: a narrow door, and a null pointer where nobody does.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "message/message.h"

namespace intermediary {

class CallObserver;

// What is watched, as the observer wants it back with every call: a plain value that the response context keeps.
struct CallWatch {
  // Refresh: re-INVITE, UPDATE (RFC 3261 §12.2). Attempt: an INVITE of which the answer alone is of interest, and no
  // dialog.
  enum class Kind : std::uint8_t { Invite, Refresh, Bye, Other, Attempt };

  CallObserver* observer = nullptr;  // null: nobody watches
  Kind kind = Kind::Other;
  bool by_callee = false;        // who sent the request; false: the caller
  bool timer_supported = false;  // RFC 4028 §8.1: remembered until the answer
  bool adopts = false;           // a dialog of an earlier run of ours: followed from its answer on
  std::uint32_t interval = 0;
  std::uint64_t subject = 0;  // the observer's own

  bool follows_dialogs() const { return observer && kind != Kind::Attempt; }
};

class CallObserver {
 public:
  virtual ~CallObserver() = default;
  // A response to a request came from a branch, and nobody has looked at it. What is to be taken in its place; null: it
  // is fine. `first`: no final answer went upstream before.
  virtual MessagePtr response(TimePoint now, const CallWatch& watch, const Message& request, std::uint64_t branch,
                              const MessagePtr& response, bool first) = 0;
  // The call is being tried at, or was taken by, that peer of a pool or trunk.
  virtual void goes_to(const CallWatch& watch, std::uint32_t peer) = 0;
  // The request has its final answer; 408 also where RFC 4320 lets nobody hear of it.
  virtual void answered(TimePoint now, const CallWatch& watch, int status) = 0;
  // The CANCEL of the request came.
  virtual void cancelled(TimePoint now, const CallWatch& watch) = 0;
  // No further response to the request can come.
  virtual void forgotten(TimePoint now, const CallWatch& watch) = 0;
};

}  // namespace intermediary
