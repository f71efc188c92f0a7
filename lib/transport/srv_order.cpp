#include "transport/srv_order.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace intermediary {

namespace {

using Records = std::vector<SrvRecord>;

bool goes_before(const SrvRecord& a, const SrvRecord& b) {
  return std::tie(a.priority, b.weight, a.target, a.port) < std::tie(b.priority, a.weight, b.target, b.port);
}

// RFC 2782: records without weight stand first; the next is the one whose running sum reaches the number drawn.
void draw_by_weight(Records group, RandomSource& random, Records& drawn) {
  while (group.size() > 1) {
    const std::uint64_t sum =
        std::accumulate(group.begin(), group.end(), std::uint64_t{0},
                        [](std::uint64_t so_far, const SrvRecord& r) { return so_far + r.weight; });
    const std::uint64_t number = random.below(sum + 1);
    std::uint64_t running = 0;
    const auto chosen =
        std::ranges::find_if(group, [&](const SrvRecord& r) { return (running += r.weight) >= number; });
    drawn.push_back(std::move(*chosen));
    group.erase(chosen);
  }
  for (SrvRecord& last : group) drawn.push_back(std::move(last));
}

}  // namespace

std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, HopOrder order, RandomSource& random) {
  if (order == HopOrder::Fixed) {
    std::ranges::sort(records, goes_before);
    return records;
  }
  std::map<std::uint16_t, Records> groups;
  for (const bool weighted : {false, true}) {
    for (const SrvRecord& record : records) {
      if ((record.weight > 0) == weighted) groups[record.priority].push_back(record);
    }
  }
  Records drawn;
  for (auto& [priority, group] : groups) draw_by_weight(std::move(group), random, drawn);
  return drawn;
}

}  // namespace intermediary
