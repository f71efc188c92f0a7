// An engine that is saved and loaded, and what it makes of saves that somebody has changed.
//
// The first byte is a number of changes, four bytes each: where (two), which, and a byte. The rest is as for
// engine_fuzzer. After every eighth action the engine makes way for one loaded from its save, which must save the same;
// and that save, with the changes and a checksum that fits, is refused, or it is of an engine that saves just that.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "fuzz/engine_world.h"
#include "fuzz/one_input.h"

namespace intermediary::fuzzing {
namespace {

struct Change {
  std::size_t where = 0;
  std::uint8_t which = 0, byte = 0;
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::vector<Change> changes(Bytes& bytes) {
  std::vector<Change> all(bytes.below(8));
  for (Change& change : all) {
    change.where = std::size_t{bytes.byte()} * 256;
    change.where += bytes.byte();
    change.which = bytes.byte();
    change.byte = bytes.byte();
  }
  return all;
}

void apply(const Change& change, std::string& saved) {
  const std::size_t at = change.where * saved.size() / 65536;
  const char byte = static_cast<char>(change.byte);
  switch (change.which % 5) {
    case 0:
      saved[at] = byte;
      break;
    case 1:
      saved[at] = static_cast<char>(saved[at] + 1);
      break;
    case 2:
      saved.insert(at, 1, byte);
      break;
    case 3:
      saved.erase(at, 1);
      break;
    default:
      saved.resize(at + 1);
  }
}

void reload(EngineWorld& world) {
  const std::string saved = world.engine().save();
  auto loaded = Engine::load(world.config(), saved);
  require(loaded.has_value(), "an engine does not take its own save");
  require(loaded->save() == saved, "an engine saves something else than it was loaded from");
  world.engine() = *std::move(loaded);
}

void load_changed(EngineWorld& world, const std::vector<Change>& changes) {
  std::string saved = world.engine().save();
  for (const Change& change : changes) apply(change, saved);
  saved = with_checksum(saved);
  const auto loaded = Engine::load(world.config(), saved);
  if (!loaded) return require(!loaded.error().empty(), "a save is refused without a reason");
  require(loaded->save() == saved, "an engine saves something else than it was loaded from");
  (void)loaded->next_deadline();
  (void)loaded->live();
}

}  // namespace

void run(std::string_view input) {
  constexpr int most_actions = 120;
  constexpr int between_saves = 8;
  Bytes bytes(input);
  const std::vector<Change> to_saves = changes(bytes);
  EngineWorld world(bytes);
  for (int action = 1; action <= most_actions && !bytes.empty(); ++action) {
    world.act();
    if (action % between_saves == 0) reload(world);
    if (action % between_saves == 0 && !to_saves.empty()) load_changed(world, to_saves);
  }
  world.finish();
  reload(world);
}

}  // namespace intermediary::fuzzing
