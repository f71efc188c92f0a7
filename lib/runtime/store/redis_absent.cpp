#include "runtime/store/redis.h"

namespace intermediary {

OpenedStore open_redis(const StoreConfig&, BindingStore::Surroundings) {
  return std::unexpected("store = \"redis\": this program was built without hiredis (libhiredis-dev)");
}

}  // namespace intermediary
