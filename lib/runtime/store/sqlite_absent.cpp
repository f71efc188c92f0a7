#include "runtime/store/sqlite.h"

namespace intermediary {

OpenedStore open_sqlite(const StoreConfig&, BindingStore::Surroundings) {
  return std::unexpected("store = \"sqlite\": this program was built without SQLite (libsqlite3-dev)");
}

}  // namespace intermediary
