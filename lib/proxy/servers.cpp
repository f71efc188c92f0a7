#include "proxy/servers.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

bool is_servers_failure(const Answered& answer, bool heard) {
  if (answer.status == 503) return true;
  return answer.status == 408 && !answer.response && !heard;
}

void RestingServers::rest(TimePoint now, const Hop& server, std::chrono::seconds how_long) {
  until_[{server.transport, server.remote}] = now + std::min<Duration>(how_long, limit::longest_rest);
  std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
  if (until_.size() <= limit::resting_servers) return;
  until_.erase(std::ranges::min_element(until_, {}, [](const auto& entry) { return entry.second; }));
}

std::vector<Hop> RestingServers::awake(TimePoint now, std::vector<Hop> hops) {
  if (until_.empty()) return hops;
  const auto rests = [&](const Hop& hop) {
    const auto found = until_.find({hop.transport, hop.remote});
    return found != until_.end() && now < found->second;
  };
  if (!std::ranges::all_of(hops, rests)) std::erase_if(hops, rests);
  return hops;
}

}  // namespace intermediary
