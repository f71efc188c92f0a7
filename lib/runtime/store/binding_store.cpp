#include "runtime/store/binding_store.h"

#include <utility>

#include "runtime/store/redis.h"
#include "runtime/store/sqlite.h"

namespace intermediary {

OpenedStore open_binding_store(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  if (config.kind == StoreConfig::Kind::Redis) return open_redis(config, std::move(surroundings));
  return open_sqlite(config, std::move(surroundings));
}

}  // namespace intermediary
