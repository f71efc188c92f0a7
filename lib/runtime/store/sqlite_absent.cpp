#include "runtime/store/sqlite.h"

namespace intermediary {

std::string problem_with_sqlite(const StoreConfig&) {
  return "store = \"sqlite\": this program was built without SQLite (libsqlite3-dev)";
}

OpenedStore open_sqlite(const StoreConfig& config, BindingStore::Surroundings) {
  return std::unexpected(problem_with_sqlite(config));
}

UserStoreProblem problem_with_sqlite_users(const StoreConfig&, bool) {
  return {"users = \"sqlite:…\": this program was built without SQLite (libsqlite3-dev)", {}};
}

OpenedStore open_sqlite_users(const StoreConfig& config, BindingStore::Surroundings) {
  return std::unexpected(problem_with_sqlite_users(config, false).error);
}

}  // namespace intermediary
