// What waits for HTTP servers, as plain values: for whom, and until when.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "base/timer_queue.h"
#include "transport/resolve.h"

namespace intermediary {

// Who has asked; `subject` of a wait is his own.
enum class HttpUse : std::uint8_t {
  RouteQuery,   // subject: a ticket of the RouteDesk
  Certificate,  // subject: a fetch of the IdentityDesk
};

struct HttpWait {
  HttpUse use = HttpUse::RouteQuery;
  std::uint64_t subject = 0;
  std::string server{};  // for people
  TimerHandle deadline{};
};

// REQUIRES between inputs: at most limit::http_waits.
struct HttpDesk {
  std::uint64_t last_query = 0;
  std::map<QueryId, HttpWait> waits;

  bool asks(QueryId query, HttpUse use, std::uint64_t subject) const {
    const auto found = waits.find(query);
    return found != waits.end() && found->second.use == use && found->second.subject == subject;
  }
  std::size_t count(HttpUse use, std::uint64_t subject) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        waits, [&](const auto& entry) { return entry.second.use == use && entry.second.subject == subject; }));
  }
  // Of what was read: whether somebody made it.
  bool is_coherent() const {
    return std::ranges::all_of(waits, [&](const auto& entry) { return entry.first.value <= last_query; });
  }
};

}  // namespace intermediary
