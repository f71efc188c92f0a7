// Users of a realm in a file of SQLite that other programs write.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "runtime/store/disk_store.h"
#include "runtime/store/sqlite.h"
#include "runtime/store/sqlite_statement.h"

namespace intermediary {
namespace {

constexpr int longest_lock_ms = 500;  // so long a writer may hold the file
constexpr const char* look_up_all = "SELECT md5, sha256, sha512_256 FROM users WHERE realm = ?1 AND name = ?2 LIMIT 1";
constexpr const char* look_up_two = "SELECT md5, sha256, '' FROM users WHERE realm = ?1 AND name = ?2 LIMIT 1";

// A file that was renamed into its place is another one, and so is one that was copied over it: SQLite's own counter of
// changes may be the same in both, and what it has in memory then is of the former.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_s = 0, modified_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) throw SqliteError{"it is no file"};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Database open_for_reading(const std::string& file) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (result != SQLITE_OK) throw SqliteError{sqlite3_errmsg(opened), result};
  sqlite3_busy_timeout(opened, longest_lock_ms);
  return database;
}

// How long a look-up may take: a table without an index is read as a whole for each.
struct Patience {
  std::stop_token stop;
  std::chrono::steady_clock::time_point until;

  static int is_over(void* patience) {
    const auto* own = static_cast<const Patience*>(patience);
    return own->stop.stop_requested() || std::chrono::steady_clock::now() > own->until ? 1 : 0;
  }
};

struct OpenUsers {
  // `patience` outlives it, and may be null.
  OpenUsers(const std::string& path, Patience* patience)
      : file(identity_of(path)), database(open_for_reading(path)), look_up(prepared()) {
    constexpr int steps_between_looks = 10'000;
    if (patience) sqlite3_progress_handler(database.get(), steps_between_looks, Patience::is_over, patience);
  }

  FileIdentity file;
  Database database;
  bool has_sha512_256 = true;
  Statement look_up;

 private:
  // The column of SHA-512-256 need not be there.
  Statement prepared() {
    try {
      return Statement(database.get(), look_up_all);
    } catch (const SqliteError& error) {
      if (error.is_busy()) throw;
      has_sha512_256 = false;
      return Statement(database.get(), look_up_two);
    }
  }
};

class UsersFile {
 public:
  // Throws SqliteError, but not while a writer has the file.
  UsersFile(std::string path, Duration timeout) : path_(std::move(path)), timeout_(timeout) {
    try {
      users_.emplace(path_, patience_.get());
    } catch (const SqliteError& error) {
      if (!error.is_busy()) throw;
    }
  }

  // Whatever is wrong with the file is so for all of them: who waits for a lock does it once. After the end nobody
  // hears of any.
  std::vector<StoreReplied> carry_out(const std::vector<StoreAsked>& asked, const std::stop_token& stop) {
    std::vector<StoreReplied> replies;
    replies.reserve(asked.size());
    std::string failure;
    for (const auto& [request, at] : asked) {
      if (stop.stop_requested()) break;
      *patience_ = {stop, at + timeout_};
      StoreReply reply = failure.empty() ? answer(std::get<FetchUser>(request.operation)) : StoreUnavailable{failure};
      if (const auto* unavailable = std::get_if<StoreUnavailable>(&reply)) failure = unavailable->reason;
      replies.push_back({request.query, std::move(reply)});
    }
    return replies;
  }

 private:
  StoreReply answer(const FetchUser& fetch) {
    try {
      if (Patience::is_over(patience_.get()) != 0) return StoreUnavailable{"it takes longer than 'timeout'"};
      open();
      return look_up(fetch);
    } catch (const SqliteError& error) {
      users_.reset();
      return StoreUnavailable{error.code == SQLITE_INTERRUPT ? "it takes longer than 'timeout'" : error.reason};
    }
  }

  void open() {
    if (users_ && users_->file == identity_of(path_)) return;
    users_.reset();
    users_.emplace(path_, patience_.get());
  }

  // Where it is this user's row alone that cannot be read, a view that stumbles over it, say, the others can.
  UserFound look_up(const FetchUser& fetch) {
    UserFound found;
    try {
      if (row_of(fetch)) found.hashes = {row().bytes(0), row().bytes(1), row().bytes(2)};
    } catch (const SqliteError& error) {
      if (error.code != SQLITE_ERROR && error.code != SQLITE_MISMATCH && error.code != SQLITE_TOOBIG) throw;
      users_.reset();
      open();
      return {{"", "a row that cannot be read", ""}};
    }
    row().begin();  // so that writers need not wait
    return found;
  }

  Statement& row() { return users_->look_up; }
  bool row_of(const FetchUser& fetch) { return row().begin().text(fetch.realm).text(fetch.user).step(); }

  std::string path_;
  Duration timeout_;
  std::unique_ptr<Patience> patience_ = std::make_unique<Patience>();
  std::optional<OpenUsers> users_;
};

std::string cannot_read(const std::string& file, const std::string& reason) {
  return "cannot read users in '" + file + "': " + reason;
}

// Whether each look-up reads the whole table (https://www.sqlite.org/eqp.html).
bool reads_all(sqlite3* database, const char* look_up) {
  Statement plan(database, ("EXPLAIN QUERY PLAN " + std::string(look_up)).c_str());
  constexpr int detail = 3;
  while (plan.step()) {
    if (plan.bytes(detail).starts_with("SCAN")) return true;
  }
  return false;
}

}  // namespace

UserStoreProblem problem_with_sqlite_users(const StoreConfig& config, bool wants_sha512_256) {
  try {
    const OpenUsers users(config.file, nullptr);
    if (wants_sha512_256 && !users.has_sha512_256) {
      return {cannot_read(config.file, "it has no column 'sha512_256', and SHA-512-256 is offered"), {}};
    }
    const bool is_slow = reads_all(users.database.get(), users.has_sha512_256 ? look_up_all : look_up_two);
    return {{}, is_slow ? "each look-up in '" + config.file + "' reads all users: give realm and name an index" : ""};
  } catch (const SqliteError& error) {
    if (error.is_busy()) return {};  // it will be there
    return {cannot_read(config.file, error.reason), {}};
  }
}

OpenedStore open_sqlite_users(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  try {
    return std::make_unique<DiskStore<UsersFile>>(UsersFile(config.file, config.timeout), std::move(surroundings));
  } catch (const SqliteError& error) {
    return std::unexpected(cannot_read(config.file, error.reason));
  }
}

}  // namespace intermediary
