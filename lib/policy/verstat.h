// What was found out about a caller, for those behind: the parameter "verstat" of his number (3GPP TS 24.229 §7.2A.20).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "message/message.h"

namespace intermediary {

// Where the first entry of a comma list ends.
std::size_t first_entry(std::string_view value);
// The message with that said of the URI of the first field of that name ("From", "P-Asserted-Identity"), and nothing
// else said of it in any of the two; all else stays as it is. A URI that is no number says nothing. Nullopt: it is as
// it should be.
std::optional<std::string> with_verstat(const Message& message, std::string_view field, std::string_view verstat);

}  // namespace intermediary
