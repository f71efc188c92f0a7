// What only the operating system can give: seeds and keys that nobody can guess.
#pragma once

#include "base/keyed_hash.h"
#include "base/random.h"

namespace intermediary {

Seed draw_seed();
HashKey draw_key();

}  // namespace intermediary
