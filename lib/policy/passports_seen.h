// PASSporTs that have been believed a short while ago: the same one with another call is a replay (RFC 8225 §10.1,
// RFC 8224 §12.1). With the same call it may come again, as after a challenge, or by another branch of a fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "base/stir_limits.h"
#include "base/time.h"

namespace intermediary {

class PassportsSeen {
 public:
  // Whether it may count for that call. `passport` and `call` are keyed hashes; `until`: it is stale then anyway. Of
  // more than limit::passports_seen the oldest are forgotten.
  bool take(TimePoint now, std::uint64_t passport, std::uint64_t call, TimePoint until) {
    while (!order_.empty() && (order_.front().until < now || order_.size() > limit::passports_seen)) {
      calls_.erase(order_.front().passport);
      order_.pop_front();
    }
    const auto [known, is_new] = calls_.try_emplace(passport, call);
    if (is_new) order_.push_back({passport, until});
    return known->second == call;
  }
  std::size_t size() const { return calls_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive) {
    auto& [calls, order] = *this;
    archive(calls, order);
    if constexpr (Archive::reads) {
      if (!archive.ok()) return;
      bool fits = calls.size() == order.size() && order.size() <= limit::passports_seen + 1;
      for (const Entry& entry : order) fits = fits && calls.contains(entry.passport);
      if (!fits) archive.fail("PASSporTs that were never seen");
    }
  }

 private:
  struct Entry {
    std::uint64_t passport = 0;
    TimePoint until{};
  };
  std::map<std::uint64_t, std::uint64_t> calls_;
  std::deque<Entry> order_;  // as they came
};

}  // namespace intermediary
