// What the language says about names: "NAME TYPE records…" behind `dns` (docs/scenarios.md).
#pragma once

#include "sim/scenario_text.h"
#include "sim/zone.h"

namespace intermediary::sim {

// Throws Wrong.
ZoneChange read_zone_change(Words& words);

}  // namespace intermediary::sim
