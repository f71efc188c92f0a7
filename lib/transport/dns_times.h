// How long what a name server says is believed.
#pragma once

#include <chrono>

namespace intermediary {

struct DnsTimes {
  std::chrono::seconds min_ttl{1};        // a shorter TTL counts as this
  std::chrono::seconds max_ttl{86'400};   // a longer one as this
  std::chrono::seconds negative_ttl{60};  // the lack of a record is believed no longer; also where no time was said
  std::chrono::seconds stale{86'400};     // behind the TTL, while servers fail; 0: never

  friend bool operator==(const DnsTimes&, const DnsTimes&) = default;
};

}  // namespace intermediary
