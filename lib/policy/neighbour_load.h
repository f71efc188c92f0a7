// What next hops have said of their load, and what may still be sent to them (RFC 7339 §5.4 to §5.7, §7.2).
//
// Pure: draws come in, whoever asks. A hop is an address with a port (§5.4); only those that were remembered are
// believed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/address.h"
#include "base/time.h"
#include "event/event.h"
#include "message/overload_control.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t overload_neighbours = 1'000;                // hops that are remembered
inline constexpr Duration longest_reduction = std::chrono::minutes(5);   // whatever oc-validity says
inline constexpr Duration traffic_mix_window = std::chrono::seconds(5);  // §7.2
}  // namespace limit

class NeighbourLoads {
 public:
  // That hop is offered overload control. Of more than there is room for, none is believed.
  void remember(const Endpoint& hop);
  bool knows(const Endpoint& hop) const { return neighbours_.contains(hop); }

  // What changed by what it said.
  std::optional<NeighbourOverload> heard(TimePoint now, const Endpoint& hop, const OverloadWord& word);

  // The second category of §7.2 is reduced only where all of the first is held back already.
  enum class Category : std::uint8_t { New, Preferred };
  struct Passage {
    bool passes = true;
    std::optional<NeighbourOverload> change{};  // its time is over
  };
  // Whether a request may go there. REQUIRES: `draw` is 0 to 99.
  Passage passage(TimePoint now, const Endpoint& hop, Category category, int draw);
  // Whether a draw is needed: something is held back there.
  bool is_reduced(TimePoint now, const Endpoint& hop) const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Mix {
    TimePoint begin{};
    std::uint64_t fresh = 0, preferred = 0;  // since then
    int fresh_percent = 80;                  // of the window before; §7.2 begins so
  };
  struct Neighbour {
    std::optional<std::uint64_t> sequence{};
    int reduction = 0;
    TimePoint until{};
    std::uint64_t held = 0;
    Mix mix{};
  };

  static void count(TimePoint now, Mix& mix, Category category);
  static std::optional<NeighbourOverload> end(const Endpoint& hop, Neighbour& neighbour);

  std::map<Endpoint, Neighbour> neighbours_;
};

}  // namespace intermediary
