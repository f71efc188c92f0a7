// Time zones of the system's database: the one door to it.
#pragma once

#include <expected>
#include <string>

#include "policy/time_window.h"

namespace intermediary {

// "Europe/Amsterdam", "UTC": its clock changes from 1970 to 2100. The error says why there is none.
std::expected<ZoneTable, std::string> system_zone(const std::string& name);

}  // namespace intermediary
