// What `schema` prints: the file schema.json, which the build puts into the program.
#pragma once

#include <string_view>

namespace intermediary::cli {

extern const std::string_view schema_text;

}  // namespace intermediary::cli
