// The entries of one line's comma list; entries() of message/values.h goes over all lines of a name.
#pragma once

#include <cstdint>
#include <vector>

#include "message/values.h"

namespace intermediary {

// An entry between two commas with nothing in it is there, and empty. An empty value has no entries.
void append_entries(const Message& message, std::uint32_t field_index, std::vector<Entry>& out);

}  // namespace intermediary
