// Faults that an execution puts into a run, each at one point of it, and a schedule of them. In a scenario file
// (docs/scenarios.md, "Faults"):
//
//   fault drop 2 p1 -> bob        the second of all that p1 sends to bob
//   fault restart 3 p1            before the third thing that arrives at p1
//   fault dns-fails 1 p1          the first question that p1 asks
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace intermediary::sim {

// Nothing that is held back arrives more than that later: no message lives longer in the network (RFC 3261 §17.1.2.2,
// T4), and on longer ones no timer of §17 counts.
inline constexpr Duration longest_delay = std::chrono::seconds(5);
// Two that arrive at one host within that time are neighbours.
inline constexpr Duration neighbourhood = std::chrono::milliseconds(200);

struct Fault {
  enum class Kind : std::uint8_t {
    // Of a message from one host to another, counted from 1 between these two, openings of connections included.
    Drop,       // a datagram is lost
    Duplicate,  // a datagram arrives twice
    Delay,      // it arrives when its sender's next timer has fired, but at most longest_delay later
    Reorder,    // a datagram arrives right behind the next that arrives there
    Close,      // the connection breaks with it on its way, or cannot be opened
    // Of a node: its n-th question.
    DnsFails,
    DnsTimesOut,
    // Of a node: before the n-th thing that arrives there (datagrams, what happens on connections, answers of DNS).
    Restart,
    TimerFirst,  // that waits until the node's next deadline, and comes in behind it
  };

  Kind kind = Kind::Drop;
  std::uint32_t number = 1;
  std::string host;  // the sender, or the node
  std::string to{};  // the receiver, of what is about messages

  bool is_of_message() const { return kind <= Kind::Close; }
  // As in a scenario file, without the word "fault".
  std::string to_string() const;
  friend auto operator<=>(const Fault&, const Fault&) = default;
};
using Schedule = std::vector<Fault>;

std::string_view to_string(Fault::Kind kind);
std::optional<Fault::Kind> fault_kind(std::string_view name);
std::string known_fault_kinds();
std::string to_string(const Schedule& schedule);

}  // namespace intermediary::sim
