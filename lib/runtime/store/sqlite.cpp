#include "runtime/store/sqlite.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "runtime/store/disk_store.h"
#include "runtime/store/sqlite_statement.h"
#include "runtime/writable.h"

namespace intermediary {
namespace {

constexpr int schema_version = 1;
constexpr std::size_t writes_between_cleanings = 10'000;
// FULL: a commit is on the disk when it returns, so that neither the end of the process nor of the machine takes back
// what has been answered.
constexpr const char* preparations =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS location (aor TEXT PRIMARY KEY, version INTEGER NOT NULL, bindings BLOB NOT NULL,"
    " expires INTEGER NOT NULL) WITHOUT ROWID;"
    "COMMIT;";

// The file, as the worker has it.
class LocationFile {
 public:
  explicit LocationFile(Database database)
      : database_(std::move(database)),
        load_(database_.get(),
              "SELECT aor, version, bindings, expires FROM location WHERE aor > ?1 ORDER BY aor LIMIT ?2"),
        fetch_(database_.get(), "SELECT aor, version, bindings, expires FROM location WHERE aor = ?1"),
        write_(database_.get(),
               "INSERT OR REPLACE INTO location (aor, version, bindings, expires) VALUES (?1, ?2, ?3, ?4)"),
        remove_(database_.get(), "DELETE FROM location WHERE aor = ?1"),
        clean_(database_.get(), "DELETE FROM location WHERE expires <= ?1"),
        begin_(database_.get(), "BEGIN IMMEDIATE"),
        commit_(database_.get(), "COMMIT"),
        roll_back_(database_.get(), "ROLLBACK") {}

  // All of it is on the disk, or nothing is done and each has the reason.
  std::vector<StoreReplied> carry_out(const std::vector<StoreAsked>& asked, const std::stop_token&) {
    std::vector<StoreReplied> replies;
    try {
      begin_.begin().step();
      for (const auto& [request, at] : asked) replies.push_back({request.query, carry_out(request.operation)});
      if (writes_ >= writes_between_cleanings) clean();
      commit_.begin().step();
    } catch (const SqliteError& error) {
      give_up();
      replies.clear();
      for (const auto& [request, at] : asked) replies.push_back({request.query, StoreUnavailable{error.reason}});
    }
    return replies;
  }

 private:
  StoreReply carry_out(const StoreOperation& operation) {
    return std::visit(
        Overloaded{
            [&](const LoadRecords& load) { return this->load(load); },
            [&](const FetchRecord& fetch) -> StoreReply { return RecordFound{there(fetch.address_of_record)}; },
            [&](const ReplaceRecord& replace) { return this->replace(replace); },
            [&](const FetchUser&) -> StoreReply { return StoreUnavailable{"the file has bindings, and no users"}; },
        },
        operation);
  }

  StoreReply load(const LoadRecords& load) {
    if (load.after.empty()) clean();
    RecordsFound found;
    load_.begin().text(load.after).number(load.most);
    while (load_.step()) found.records.push_back(record_in(load_));
    return found;
  }

  StoredRecord there(const std::string& address_of_record) {
    StoredRecord record{address_of_record, 0, {}, {}};
    fetch_.begin().text(address_of_record);
    while (fetch_.step()) record = record_in(fetch_);
    return record;
  }

  StoreReply replace(const ReplaceRecord& replace) {
    const StoredRecord& record = replace.record;
    StoredRecord before = there(record.address_of_record);
    if (before.version != replace.expected) return RecordConflict{std::move(before)};
    ++writes_;
    if (record.bindings.empty()) {
      remove_.begin().text(record.address_of_record).step();
    } else {
      write_.begin().text(record.address_of_record).number(static_cast<std::int64_t>(record.version));
      write_.blob(record.bindings).number(record.expires.time_since_epoch().count()).step();
    }
    return RecordReplaced{};
  }

  static StoredRecord record_in(Statement& row) {
    return {row.bytes(0), static_cast<std::uint64_t>(row.integer(1)), row.bytes(2), WallTime(Duration(row.integer(3)))};
  }

  void clean() {
    writes_ = 0;
    const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    clean_.begin().number(now.time_since_epoch().count()).step();
  }

  void give_up() {
    try {
      if (sqlite3_get_autocommit(database_.get()) == 0) roll_back_.begin().step();
    } catch (const SqliteError&) {  // the next BEGIN says what is wrong
    }
  }

  Database database_;
  Statement load_, fetch_, write_, remove_, clean_, begin_, commit_, roll_back_;
  std::size_t writes_ = 0;
};

std::string cannot_open(const std::string& file, const std::string& reason) {
  return "cannot open the store '" + file + "': " + reason;
}

std::string of_other_version(int version) {
  return "its tables are of version " + std::to_string(version) + ", and this program knows version " +
         std::to_string(schema_version);
}

std::expected<Database, std::string> open_database(const std::string& file) {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  Database database(opened);
  const auto cannot = [&](const std::string& reason) { return std::unexpected(cannot_open(file, reason)); };
  if (result != SQLITE_OK) return cannot(sqlite3_errmsg(opened));
  int version = 0;
  try {
    Statement asked(opened, "PRAGMA user_version");
    if (asked.step()) version = static_cast<int>(asked.integer(0));
  } catch (const SqliteError& error) {
    return cannot(error.reason);
  }
  if (version != 0 && version != schema_version) {
    return cannot(of_other_version(version));
  }
  const std::string all = preparations + ("PRAGMA user_version = " + std::to_string(schema_version) + ";");
  if (sqlite3_exec(opened, all.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return cannot(sqlite3_errmsg(opened));
  return database;
}

// Of a database, by its first bytes (https://www.sqlite.org/fileformat.html §1.3).
std::string problem_with_header(std::string_view header) {
  constexpr std::size_t version_at = 60;
  if (header.empty()) return {};
  if (!is_database(header)) return sqlite3_errstr(SQLITE_NOTADB);
  std::uint32_t version = 0;
  for (const char octet : header.substr(version_at, 4)) version = version << 8 | static_cast<unsigned char>(octet);
  const bool known = version == 0 || version == static_cast<std::uint32_t>(schema_version);
  return known ? "" : of_other_version(static_cast<int>(version));
}

}  // namespace

std::string problem_with_sqlite(const StoreConfig& config) {
  if (why_not_writable(config.file) != 0) return cannot_open(config.file, sqlite3_errstr(SQLITE_CANTOPEN));
  const std::string problem = problem_with_header(first_bytes(config.file, database_header_bytes));
  return problem.empty() ? "" : cannot_open(config.file, problem);
}

OpenedStore open_sqlite(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  auto database = open_database(config.file);
  if (!database) return std::unexpected(database.error());
  try {
    return std::make_unique<DiskStore<LocationFile>>(LocationFile(*std::move(database)), std::move(surroundings));
  } catch (const SqliteError& error) {
    return std::unexpected("cannot use the store '" + config.file + "': " + error.reason);
  }
}

}  // namespace intermediary
