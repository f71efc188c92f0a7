// Does what a node sent fit what a line expects?
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/line.h"
#include "sim/pattern.h"

namespace intermediary::sim {

// The start alone: method and Request-URI, or status and method. Binds only when it fits.
bool start_fits(const Start& start, std::string_view bytes, Bindings& bindings);
// The method or status alone, the Request-URI apart.
bool same_kind(const Start& start, std::string_view bytes);
// What differs first, as one line for people; nullopt when everything fits, and then names are bound.
// `previous`: the last message of the same kind between the two; null when there was none.
std::optional<std::string> difference(const Start& start, const Conditions& conditions, std::string_view bytes,
                                      const std::string* previous, Bindings& bindings);

}  // namespace intermediary::sim
