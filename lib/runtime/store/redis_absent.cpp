#include "runtime/store/redis.h"

namespace intermediary {

std::string problem_with_redis(const StoreConfig&) {
  return "store = \"redis\": this program was built without hiredis (libhiredis-dev)";
}

OpenedStore open_redis(const StoreConfig& config, BindingStore::Surroundings) {
  return std::unexpected(problem_with_redis(config));
}

}  // namespace intermediary
