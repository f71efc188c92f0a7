// The engine under bytes and time of the fuzzer's choice (fuzz/engine_world.h says how the bytes are read).
#include "fuzz/engine_world.h"
#include "fuzz/one_input.h"

void intermediary::fuzzing::run(std::string_view input) {
  constexpr int most_actions = 200;
  Bytes bytes(input);
  EngineWorld world(bytes);
  for (int action = 0; action < most_actions && !bytes.empty(); ++action) world.act();
  world.finish();
}
