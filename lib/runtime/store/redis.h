// Bindings in Redis, which several nodes share: a hash with version and bindings under each address of record, which
// ends by itself with its last binding. Compare and set is a script of ours, run by EVAL.
//
// One connection, used by all requests at once. While there is none, what is asked fails at once; a silent one is given
// up after the timeout. The next one is tried after a pause that grows to five seconds, by name: so whoever has taken
// over from a failed server is found.
#pragma once

#include "runtime/store/binding_store.h"

namespace intermediary {

// Never fails for want of a server. Without hiredis in this build: that.
OpenedStore open_redis(const StoreConfig& config, BindingStore::Surroundings surroundings);
// As problem_with_store does.
std::string problem_with_redis(const StoreConfig& config);

}  // namespace intermediary
