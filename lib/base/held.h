// How many server transactions the requests of one source hold: what the transaction layer counts and admission judges.
#pragma once

#include <cstddef>

namespace intermediary {

struct Held {
  std::size_t unfinished = 0;  // without a final answer
  std::size_t all = 0;         // with those that only wait for repetitions (Timers H to L)
  friend bool operator==(const Held&, const Held&) = default;
};

}  // namespace intermediary
