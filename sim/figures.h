// The figures of an engine that `live` lines and reports name: LiveObjects and Counters, by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace intermediary::sim {

bool is_figure(std::string_view name);
std::vector<std::string> known_figures();
// REQUIRES: is_figure(name).
std::uint64_t figure(const Engine& engine, std::string_view name);

}  // namespace intermediary::sim
