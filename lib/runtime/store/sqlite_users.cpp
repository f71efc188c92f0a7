// Users of a realm in a file of SQLite that other programs write.
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
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
  if (result != SQLITE_OK) throw SqliteError{sqlite3_errmsg(opened)};
  sqlite3_busy_timeout(opened, longest_lock_ms);
  return database;
}

// The column of SHA-512-256 need not be there.
Statement prepare_look_up(sqlite3* database) {
  try {
    return Statement(database, look_up_all);
  } catch (const SqliteError&) {
    return Statement(database, look_up_two);
  }
}

struct OpenUsers {
  explicit OpenUsers(const std::string& path)
      : file(identity_of(path)), database(open_for_reading(path)), look_up(prepare_look_up(database.get())) {}

  FileIdentity file;
  Database database;
  Statement look_up;
};

class UsersFile {
 public:
  // Throws SqliteError.
  explicit UsersFile(std::string path) : path_(std::move(path)) { users_.emplace(path_); }

  static constexpr bool finishes = false;  // nothing is lost by what nobody hears
  // Whatever is wrong with the file is so for all of them: who waits for a lock does it once.
  std::vector<StoreReplied> carry_out(const std::vector<StoreRequest>& requests) {
    std::vector<StoreReplied> replies;
    replies.reserve(requests.size());
    std::string failure;
    for (const StoreRequest& request : requests) {
      StoreReply reply = failure.empty() ? look_up(std::get<FetchUser>(request.operation)) : StoreUnavailable{failure};
      if (const auto* unavailable = std::get_if<StoreUnavailable>(&reply)) failure = unavailable->reason;
      replies.push_back({request.query, std::move(reply)});
    }
    return replies;
  }

 private:
  StoreReply look_up(const FetchUser& fetch) {
    try {
      if (!users_ || users_->file != identity_of(path_)) {
        users_.reset();
        users_.emplace(path_);
      }
      Statement& row = users_->look_up;
      UserFound found;
      row.begin().text(fetch.realm).text(fetch.user);
      if (row.step()) found.hashes = {row.bytes(0), row.bytes(1), row.bytes(2)};
      row.begin();  // so that writers need not wait
      return found;
    } catch (const SqliteError& error) {
      users_.reset();
      return StoreUnavailable{error.reason};
    }
  }

  std::string path_;
  std::optional<OpenUsers> users_;
};

std::expected<UsersFile, std::string> open_users(const std::string& file) {
  try {
    return UsersFile(file);
  } catch (const SqliteError& error) {
    return std::unexpected("cannot read users in '" + file + "': " + error.reason);
  }
}

}  // namespace

std::string problem_with_sqlite_users(const StoreConfig& config) {
  const auto users = open_users(config.file);
  return users ? "" : users.error();
}

OpenedStore open_sqlite_users(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  auto users = open_users(config.file);
  if (!users) return std::unexpected(users.error());
  return std::make_unique<DiskStore<UsersFile>>(*std::move(users), std::move(surroundings));
}

}  // namespace intermediary
