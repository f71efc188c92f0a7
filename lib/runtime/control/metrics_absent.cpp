#include "runtime/control/metrics.h"

namespace intermediary {

std::expected<void, std::string> can_tell_metrics() {
  return std::unexpected("[metrics]: this program was built without prometheus-cpp (prometheus-cpp-dev)");
}

std::string metrics_text(const Shard&) { return {}; }

}  // namespace intermediary
