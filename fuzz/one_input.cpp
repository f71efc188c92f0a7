#include "fuzz/one_input.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

long slowest_ms = 0;

long processor_ms() { return std::clock() / (CLOCKS_PER_SEC / 1000); }

// Beside libFuzzer's own figures (-print_final_stats=1), in their form.
void print_figures() {
  std::fprintf(stderr, "stat::slowest_input_ms: %ld\nstat::processor_s: %ld\n", slowest_ms, processor_ms() / 1000);
}

}  // namespace

// A slow input is a finding like any other. Processor time, not the clock on the wall: the verdict must not depend on
// what else the machine does (libFuzzer's -timeout is for what never ends).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr long most_ms = 1000;
  [[maybe_unused]] static const int registered = std::atexit(print_figures);
  const long begin = processor_ms();
  intermediary::fuzzing::run(std::string_view(reinterpret_cast<const char*>(data), size));
  const long taken_ms = processor_ms() - begin;
  slowest_ms = std::max(slowest_ms, taken_ms);
  if (taken_ms <= most_ms) return 0;
  std::fprintf(stderr, "slow: %ld ms of processor time for %zu bytes\n", taken_ms, size);
  std::abort();
}
