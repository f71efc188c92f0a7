// Users in a file of SQLite: what a file that is odd, slow or held by others does to those who are asked for.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/store/sqlite.h"
#include "runtime/store/sqlite_statement.h"

namespace intermediary {
namespace sqlite_users {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqliteUsersTest : public testing::Test {
 protected:
  SqliteUsersTest() {
    std::filesystem::create_directories(folder_);
    config_.kind = StoreConfig::Kind::Sqlite;
    config_.file = (folder_ / "users.db").string();
  }
  ~SqliteUsersTest() override { std::filesystem::remove_all(folder_); }

  Database make(const std::string& statements) {
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open(config_.file.c_str(), &opened), SQLITE_OK);
    char* problem = nullptr;
    EXPECT_EQ(sqlite3_exec(opened, statements.c_str(), nullptr, nullptr, &problem), SQLITE_OK) << problem;
    return Database(opened);
  }

  // The hash by SHA-256 of each, or why there is none.
  std::vector<std::string> ask(const std::vector<std::string>& users) {
    std::vector<std::string> told;
    const auto store = open_user_store(config_, {io_,
                                                 [&](const StoreReplied& reply) {
                                                   const auto* found = std::get_if<UserFound>(&reply.reply);
                                                   const auto* unavailable =
                                                       std::get_if<StoreUnavailable>(&reply.reply);
                                                   told.push_back(found ? found->hashes[1] : unavailable->reason);
                                                 },
                                                 [] {}, [](LogLevel, std::string_view) {}});
    EXPECT_TRUE(store) << store.error();
    std::uint64_t query = 0;
    for (const std::string& user : users) (*store)->ask({QueryId{++query}, FetchUser{"example.com", user}, "people"});
    const auto work = boost::asio::make_work_guard(io_);
    while (told.size() < users.size() && io_.run_one_for(std::chrono::seconds(5)) > 0) {
    }
    return told;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("intermediary-sqlite-users-" + std::to_string(getpid()));
  StoreConfig config_;
  boost::asio::io_context io_;
};

const std::string table =
    "CREATE TABLE users (realm TEXT, name TEXT, sha256 TEXT, md5 TEXT, PRIMARY KEY (realm, name));";

// A view that stumbles over one row: the others are there.
TEST_F(SqliteUsersTest, ARowThatCannotBeReadIsThatUsersAlone) {
  make(
      "CREATE TABLE people (name TEXT PRIMARY KEY, more TEXT);"
      "INSERT INTO people VALUES ('alice', '{\"h\": \"aa\"}'), ('bob', 'no json');"
      "CREATE VIEW users AS SELECT 'example.com' AS realm, name, json_extract(more, '$.h') AS sha256, NULL AS md5 FROM "
      "people;");
  EXPECT_THAT(ask({"alice", "bob", "alice"}), ElementsAre("aa", "a row that cannot be read", "aa"));
}

TEST_F(SqliteUsersTest, ATableThatGoesIsMissedByAll) {
  make(table);
  EXPECT_THAT(ask({"alice"}), ElementsAre(""));
  make("DROP TABLE users;");
  const auto problem = problem_with_user_store(config_, false);
  EXPECT_THAT(problem.error, HasSubstr("no such table: users"));
}

// Each look-up is given up on when it takes too long, and so the end does not wait for all of them.
TEST_F(SqliteUsersTest, ALookUpMayTakeAsLongAsARequestWaits) {
  make(
      "CREATE VIEW users AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) "
      "SELECT 'example.com' AS realm, 'u' || max(i) AS name, '' AS sha256, '' AS md5 FROM n;");
  config_.timeout = std::chrono::milliseconds(200);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(ask({"alice", "bob"}), ElementsAre("it takes longer than 'timeout'", "it takes longer than 'timeout'"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(SqliteUsersTest, AFileThatAWriterHoldsWillBeThere) {
  const Database held = make(table + "BEGIN EXCLUSIVE;");
  EXPECT_THAT(problem_with_user_store(config_, false).error, IsEmpty());
  EXPECT_THAT(ask({"alice"}), ElementsAre("database is locked"));
}

TEST_F(SqliteUsersTest, SaysWhatItHasNotAndWhatIsSlow) {
  make(table);
  EXPECT_THAT(problem_with_user_store(config_, true).error, HasSubstr("it has no column 'sha512_256'"));
  EXPECT_THAT(problem_with_user_store(config_, false).warning, IsEmpty());
  make("DROP TABLE users; CREATE TABLE users (realm TEXT, name TEXT, sha256 TEXT, md5 TEXT, sha512_256 TEXT);");
  EXPECT_THAT(problem_with_user_store(config_, true).error, IsEmpty());
  EXPECT_THAT(problem_with_user_store(config_, true).warning, HasSubstr("reads all users"));
}

}  // namespace sqlite_users
}  // namespace intermediary
