// The rungs of a ladder: what went over the wire, with lanes instead of hosts and short labels, for whoever draws it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/network.h"

namespace intermediary::sim {

struct Rung {
  TimePoint time{};
  std::size_t from = 0;  // lanes
  std::size_t to = 0;
  std::string label;   // never a random value
  int status = 0;      // of a response
  bool again = false;  // byte for byte what went between the two before
  bool lost = false;
};

struct Rungs {
  std::vector<std::string> lanes;
  std::vector<Rung> rungs;  // one for each entry of the transcript
  std::vector<NetworkNote> notes;
};

// A lane for each host, those in `order` first; then one for each address that nobody has.
Rungs rungs_of(const Network& network, const std::vector<std::string>& order);
// The same of a transcript alone: `hosts` are the names of HostId 1, 2, …, and `lanes` those that come first.
Rungs rungs_of(const std::vector<Transmission>& transcript, const std::vector<std::string>& hosts,
               const std::vector<std::string>& lanes);

}  // namespace intermediary::sim
