#include "proxy/servers.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

bool is_servers_failure(const Answered& answer, bool heard) {
  if (answer.status == 503) return true;
  return answer.status == 408 && !answer.response && !heard;
}

std::optional<std::chrono::seconds> retry_after(const Message& response) {
  if (!response.has(FieldName::RetryAfter)) return std::nullopt;
  const std::string_view text = trim(response.value(FieldName::RetryAfter));
  const std::string_view digits = text.substr(0, std::min(text.find_first_of("; \t("), text.size()));
  const auto seconds = parse_decimal<std::uint32_t>(digits);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
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
