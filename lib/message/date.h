// The value of a Date field (RFC 3261 §20.17, §25.1): "Sat, 13 Nov 2010 23:29:00 GMT".
#pragma once

#include <string>

#include "base/time.h"

namespace intermediary {

// Whole seconds; what is left of one is dropped.
std::string date_text(WallTime time);

}  // namespace intermediary
