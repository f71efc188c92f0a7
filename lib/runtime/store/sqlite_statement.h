// SQLite's statements: what goes wrong is thrown as a SqliteError, and is caught by whoever has the file.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace intermediary {

struct SqliteClosing {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, SqliteClosing>;

// By its first bytes (https://www.sqlite.org/fileformat.html §1.3): another process may have it open, which must not be
// disturbed. An empty file becomes one.
inline constexpr std::size_t database_header_bytes = 100;
inline bool is_database(std::string_view header) {
  return header.size() >= database_header_bytes && header.starts_with(std::string_view("SQLite format 3\0", 16));
}

struct SqliteError {
  std::string reason;
  int code = SQLITE_ERROR;

  // A writer has the file just now.
  bool is_busy() const { return code == SQLITE_BUSY || code == SQLITE_LOCKED; }
};

// A prepared statement; each use binds its values anew. Values are never part of the text.
class Statement {
 public:
  Statement(sqlite3* database, const char* text) : database_(database) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK) fail();
    statement_.reset(prepared);
  }

  Statement& begin() {
    sqlite3_reset(statement_.get());
    next_ = 1;
    return *this;
  }
  Statement& text(std::string_view value) {
    sqlite3_bind_text64(statement_.get(), next_++, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  Statement& blob(std::string_view value) {
    sqlite3_bind_blob64(statement_.get(), next_++, value.data(), value.size(), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& number(std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), next_++, value);
    return *this;
  }
  // False at the end.
  bool step() {
    const int result = sqlite3_step(statement_.get());
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail();
    if (result == SQLITE_DONE) sqlite3_reset(statement_.get());
    return result == SQLITE_ROW;
  }
  std::string bytes(int column) {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data ? std::string(static_cast<const char*>(data), size) : std::string();
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }

 private:
  [[noreturn]] void fail() { throw SqliteError{sqlite3_errmsg(database_), sqlite3_errcode(database_)}; }

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, SqliteClosing> statement_;
  int next_ = 1;
};

}  // namespace intermediary
