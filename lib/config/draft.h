// A configuration while it is being read: its values, and where in the file those stand that the checks may name.
#pragma once

#include <vector>

#include "config/problem.h"
#include "config/reader.h"
#include "engine/config.h"

namespace intermediary {

struct RulePlaces {
  Position rule;
  Position action;
};

// REQUIRES between calls: one place for each listener and each rule of `config`.
struct Draft {
  Config config;
  std::vector<Position> listeners;
  std::vector<RulePlaces> rules;
};

// Each reads its part of the top level; what is wrong goes to the reader's problems.
void read_listeners(TableReader& top, Draft& draft);
void read_rules(TableReader& top, Draft& draft);

// What only the whole can show: overlapping listeners, rules that never match, lookups that cannot work, open relays.
// Problems name the places of the draft.
void check_whole(const Draft& draft, Problems& problems);

}  // namespace intermediary
