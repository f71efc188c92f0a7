// What Prometheus reads (text exposition format 0.0.4), from a shard as it is now.
#pragma once

#include <expected>
#include <string>

#include "runtime/net/shard.h"

namespace intermediary {

// Of a program that was built without prometheus-cpp, the error says so.
std::expected<void, std::string> can_tell_metrics();
std::string metrics_text(const Shard& shard);

}  // namespace intermediary
