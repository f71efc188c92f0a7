#include "runtime/store/binding_store.h"

#include <utility>

#include "runtime/store/redis.h"
#include "runtime/store/sqlite.h"

namespace intermediary {

OpenedStore open_binding_store(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  if (config.kind == StoreConfig::Kind::Redis) return open_redis(config, std::move(surroundings));
  return open_sqlite(config, std::move(surroundings));
}

OpenedStore open_user_store(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  if (config.kind == StoreConfig::Kind::Redis) return open_redis(config, std::move(surroundings));
  return open_sqlite_users(config, std::move(surroundings));
}

UserStoreProblem problem_with_user_store(const StoreConfig& config, bool wants_sha512_256) {
  if (config.kind == StoreConfig::Kind::Redis) return {problem_with_redis(config), {}};
  return problem_with_sqlite_users(config, wants_sha512_256);
}

std::string problem_with_store(const StoreConfig& config) {
  return config.kind == StoreConfig::Kind::Redis ? problem_with_redis(config) : problem_with_sqlite(config);
}

}  // namespace intermediary
