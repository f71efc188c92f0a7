// Bindings in a file of SQLite that belongs to this process alone.
//
// A thread of its own does what has queued up in one transaction, and replies when that is on the disk: many REGISTERs
// share one fsync. A second process that opens the file is refused.
#pragma once

#include "runtime/store/binding_store.h"

namespace intermediary {

// The error names the file. Without SQLite in this build: that.
OpenedStore open_sqlite(const StoreConfig& config, BindingStore::Surroundings surroundings);
// Users in a file that others write, and that is only read here: a table users (realm, name, sha256, md5), of H(A1) in
// hexadecimal digits. A thread of its own asks it.
OpenedStore open_sqlite_users(const StoreConfig& config, BindingStore::Surroundings surroundings);
UserStoreProblem problem_with_sqlite_users(const StoreConfig& config, bool wants_sha512_256);
// As problem_with_store does.
std::string problem_with_sqlite(const StoreConfig& config);

}  // namespace intermediary
