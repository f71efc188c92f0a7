// The engine under bytes and time of the fuzzer's choice (fuzz/engine_world.h says how the bytes are read).
#include <cstddef>
#include <cstdint>

#include "fuzz/engine_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int most_actions = 200;
  intermediary::fuzzing::Bytes bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  intermediary::fuzzing::EngineWorld world(bytes);
  for (int action = 0; action < most_actions && !bytes.empty(); ++action) world.act();
  world.finish();
  return 0;
}
