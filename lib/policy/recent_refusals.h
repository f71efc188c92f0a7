// Requests that were refused without state a short while ago: a repetition that was under way then must not be let in
// behind its refusal, for its sender has given up (RFC 3261 §8.2.7).
//
// Fixed in size: of two that meet in a place the later one stays, and a repetition that nobody remembers is judged
// anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t recent_refusals = 4096;
}

class RecentRefusals {
 public:
  // `for_long`: as long as a request may be repeated, 64*T1.
  explicit RecentRefusals(Duration for_long) : for_long_(for_long) {}

  // `key`: a keyed hash of what tells the request from others. REQUIRES: not 0.
  void note(TimePoint now, std::uint64_t key) {
    if (places_.empty()) places_.resize(limit::recent_refusals);
    places_[key % places_.size()] = {key, now};
  }
  bool knows(TimePoint now, std::uint64_t key) const {
    if (places_.empty()) return false;
    const Place& place = places_[key % places_.size()];
    return place.key == key && now - place.at < for_long_;
  }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive) {
    auto& [for_long, places] = *this;
    archive(places);
    if constexpr (Archive::reads) {
      if (archive.ok() && !places.empty() && places.size() != limit::recent_refusals) {
        archive.fail("more refusals than are remembered");
      }
    }
  }

 private:
  struct Place {
    std::uint64_t key = 0;
    TimePoint at{};
  };

  Duration for_long_;
  std::vector<Place> places_;
};

}  // namespace intermediary
