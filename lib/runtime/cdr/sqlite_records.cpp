// Records in a table of a SQLite database, by their id.
#include "runtime/cdr/record_sink.h"
#include "runtime/store/sqlite_statement.h"
#include "runtime/writable.h"

namespace intermediary {

namespace {

std::string create_text() {
  std::string text = "CREATE TABLE IF NOT EXISTS calls (";
  std::string separator;
  for (const CallColumn& column : columns_of({})) {
    text += separator + std::string(column.name) + (column.is_number ? " INTEGER" : " TEXT");
    if (column.name == "id") text += " PRIMARY KEY";
    separator = ", ";
  }
  return text + ")";
}

std::string insert_text() {
  std::string text = "INSERT OR IGNORE INTO calls VALUES (";
  for (std::size_t i = 0; i < columns_of({}).size(); ++i) text += i == 0 ? "?" : ", ?";
  return text + ")";
}

class SqliteRecords final : public RecordSink {
 public:
  SqliteRecords(std::string path, Database database)
      : path_(std::move(path)),
        database_(std::move(database)),
        insert_(database_.get(), insert_text().c_str()),
        begin_(database_.get(), "BEGIN IMMEDIATE"),
        commit_(database_.get(), "COMMIT"),
        roll_back_(database_.get(), "ROLLBACK") {}

  std::expected<void, std::string> write(const std::vector<KeptCall>& calls) override {
    try {
      begin_.begin().step();
      for (const KeptCall& call : calls) {
        insert_.begin();
        for (const CallColumn& column : columns_of(call)) {
          column.is_number ? insert_.number(std::stoll(column.value)) : insert_.text(column.value);
        }
        insert_.step();
      }
      commit_.begin().step();
      return {};
    } catch (const SqliteError& error) {
      give_up();
      return std::unexpected("cannot write '" + path_ + "': " + error.reason);
    }
  }

 private:
  void give_up() {
    try {
      if (sqlite3_get_autocommit(database_.get()) == 0) roll_back_.begin().step();
    } catch (const SqliteError&) {  // the next BEGIN says what is wrong
    }
  }

  std::string path_;
  Database database_;
  Statement insert_, begin_, commit_, roll_back_;
};

std::string cannot_open_records(const CallRecordsConfig& config, const std::string& reason) {
  return "cannot open '" + config.sqlite + "' for call records: " + reason;
}

}  // namespace

std::string problem_with_sqlite_records(const CallRecordsConfig& config) {
  if (why_not_writable(config.sqlite) != 0) return cannot_open_records(config, sqlite3_errstr(SQLITE_CANTOPEN));
  const std::string header = first_bytes(config.sqlite, database_header_bytes);
  return header.empty() || is_database(header) ? "" : cannot_open_records(config, sqlite3_errstr(SQLITE_NOTADB));
}

OpenedSink open_sqlite_records(const CallRecordsConfig& config) {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(config.sqlite.c_str(), &opened, flags, nullptr);
  Database database(opened);
  const auto cannot = [&](const std::string& reason) { return std::unexpected(cannot_open_records(config, reason)); };
  if (result != SQLITE_OK) return cannot(sqlite3_errmsg(opened));
  // Somebody may read them at the same time.
  sqlite3_busy_timeout(opened, 2000);
  const std::string all = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " + create_text() + ";";
  if (sqlite3_exec(opened, all.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return cannot(sqlite3_errmsg(opened));
  try {
    return std::make_unique<SqliteRecords>(config.sqlite, std::move(database));
  } catch (const SqliteError& error) {
    return cannot(error.reason + "; is its table 'calls' another program's?");
  }
}

}  // namespace intermediary
