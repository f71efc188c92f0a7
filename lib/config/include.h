// A configuration in several files: `include = ["trunks/*.toml"]` at the top of any of them (docs/configuration.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/load.h"
#include "config/problem.h"

namespace intermediary {

// The top-level table of the file and of all that it includes, joined; what is wrong with any of them goes to
// `problems`, and then it is nullopt. `problems` knows the file's own name as its first.
std::optional<Table> read_with_includes(std::string_view text, const ConfigSurroundings& surroundings,
                                        Problems& problems);

// Whether a file of that name is meant by a name in which '*' stands for anything. What is hidden has to be named so.
bool is_named(std::string_view file, std::string_view pattern);

}  // namespace intermediary
