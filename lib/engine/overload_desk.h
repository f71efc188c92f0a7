// What an engine keeps of load: its own, what it has told neighbours of it, and what they have told it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/timer_queue.h"
#include "policy/neighbour_load.h"
#include "policy/overload.h"
#include "policy/recent_refusals.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t overload_clients = 1'000;  // that offered overload control; the one heard of last stays
}

// A neighbour as it calls itself in its Vias.
struct OverloadClient {
  IpAddress address;
  std::string sent_by;  // lower case
  friend auto operator<=>(const OverloadClient&, const OverloadClient&) = default;
};

// From the first refusal until there was none for a while.
struct OverloadEpisode {
  bool lasts = false;
  TimePoint begin{};
  TimePoint last{};  // refusal
  std::uint64_t refused = 0;
  std::string reason;
  TimerHandle timer;
};

struct OverloadDesk {
  // `repeated_for`: a request, 64*T1.
  OverloadDesk(const OverloadConfig& config, Duration repeated_for)
      : gate(config), feedback(config), refusals(repeated_for) {}

  LoadGate gate;
  LoadFeedback feedback;
  RecentRefusals refusals;
  OverloadEpisode episode;
  std::map<OverloadClient, TimePoint> clients;  // and when they were heard of last
  NeighbourLoads neighbours;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive) {
    auto& [its_gate, its_feedback, its_refusals, its_episode, its_clients, its_neighbours] = *this;
    archive(its_gate, its_feedback, its_refusals, its_episode, its_clients, its_neighbours);
    if constexpr (Archive::reads) {
      if (archive.ok() && its_clients.size() > limit::overload_clients)
        archive.fail("more clients than are remembered");
    }
  }
};

// What was decided about a request of this input that is outside of any dialog.
struct LoadAdmission {
  LoadKind kind = LoadKind::Call;
  bool priority = false;
};

}  // namespace intermediary
