#include "runtime/net/handshakes.h"

#include "base/connection_limits.h"

namespace intermediary {

Handshakes::Place Handshakes::place_for(const IpAddress& source) {
  const auto found = live_->by_source.find(source);
  const std::size_t count = found == live_->by_source.end() ? 0 : found->second;
  if (live_->all >= limit::handshakes || count >= most_of_(source)) return nullptr;
  ++live_->all;
  ++live_->by_source[source];
  return {live_.get(), [live = live_, source](void*) {
            --live->all;
            const auto entry = live->by_source.find(source);
            if (--entry->second == 0) live->by_source.erase(entry);
          }};
}

Handshakes::Place Handshakes::admit(const IpAddress& source) {
  Place place = place_for(source);
  if (!place) ++refused;
  return place;
}

}  // namespace intermediary
