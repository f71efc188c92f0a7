// The configurations that `init` prints: the files of presets/, which the build puts into the program.
#pragma once

#include <array>
#include <string_view>

namespace intermediary::cli {

struct Preset {
  std::string_view name;
  std::string_view text;
};

inline constexpr std::size_t preset_count = 5;
extern const std::array<Preset, preset_count> presets;

}  // namespace intermediary::cli
