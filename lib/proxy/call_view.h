// What people may see of a call.
#pragma once

#include <string>

#include "base/time.h"
#include "event/event.h"

namespace intermediary {

// A call that lives now, as people may look at it. Where calls are not recorded, `call` lacks number, Request-URI,
// user, listener and source.
struct CallView {
  CallIdentity call;
  std::string peer;
  bool answered = false;
  Duration lasted{};
};

}  // namespace intermediary
