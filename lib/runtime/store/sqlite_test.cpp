#include "runtime/store/sqlite.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

namespace intermediary {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const WallTime far_away =
    std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + std::chrono::hours(1);

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    std::filesystem::create_directories(folder_);
    config_.kind = StoreConfig::Kind::Sqlite;
    config_.file = (folder_ / "bindings.db").string();
  }
  ~SqliteTest() override { std::filesystem::remove_all(folder_); }

  OpenedStore open() {
    return open_sqlite(config_, {io_, [this](StoreReplied reply) { replies_.push_back(std::move(reply)); }, [] {},
                                 [](LogLevel, std::string_view) {}});
  }

  // All replies to these, in their order.
  std::vector<StoreReply> ask(BindingStore& store, const std::vector<StoreOperation>& operations) {
    replies_.clear();
    io_.restart();
    for (const StoreOperation& operation : operations) store.ask({QueryId{++last_}, operation});
    const auto work = boost::asio::make_work_guard(io_);
    while (replies_.size() < operations.size() && io_.run_one_for(std::chrono::seconds(5)) > 0) {
    }
    std::vector<StoreReply> replies;
    for (StoreReplied& each : replies_) replies.push_back(std::move(each.reply));
    return replies;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("intermediary-sqlite-" + std::to_string(getpid()));
  StoreConfig config_;
  boost::asio::io_context io_;
  std::vector<StoreReplied> replies_;
  std::uint64_t last_ = 0;
};

StoredRecord record(const std::string& aor, std::uint64_t version, const std::string& bindings = "some") {
  return {aor, version, bindings, far_away};
}

TEST_F(SqliteTest, KeepsRecordsForTheNextProcess) {
  const StoredRecord bob = record("sip:bob'; DROP TABLE location; --@example.com", 7, std::string("a\0b", 3));
  {
    const auto store = open();
    ASSERT_TRUE(store) << store.error();
    EXPECT_TRUE(std::holds_alternative<RecordReplaced>(ask(**store, {ReplaceRecord{0, bob}}).front()));
  }
  const auto store = open();
  ASSERT_TRUE(store) << store.error();
  const auto reply = ask(**store, {FetchRecord{bob.address_of_record}}).front();
  EXPECT_EQ(std::get<RecordFound>(reply).record, bob);
}

TEST_F(SqliteTest, ReplacesTheExpectedVersionAlone) {
  const auto store = open();
  ASSERT_TRUE(store) << store.error();
  const auto replies =
      ask(**store, {ReplaceRecord{0, record("a", 5)}, ReplaceRecord{0, record("a", 6)},
                    ReplaceRecord{5, record("a", 6)}, ReplaceRecord{6, record("a", 7, "")}, FetchRecord{"a"}});
  ASSERT_THAT(replies, SizeIs(5));
  EXPECT_TRUE(std::holds_alternative<RecordReplaced>(replies[0]));
  EXPECT_EQ(std::get<RecordConflict>(replies[1]).record.version, 5U);
  EXPECT_TRUE(std::holds_alternative<RecordReplaced>(replies[2]));
  EXPECT_TRUE(std::holds_alternative<RecordReplaced>(replies[3]));
  EXPECT_EQ(std::get<RecordFound>(replies[4]).record.version, 0U);
}

TEST_F(SqliteTest, GivesAllRecordsInPagesAndForgetsWhatIsOver) {
  const auto store = open();
  ASSERT_TRUE(store) << store.error();
  StoredRecord over = record("d", 1);
  over.expires = WallTime(std::chrono::seconds(1));
  ask(**store, {ReplaceRecord{0, record("c", 1)}, ReplaceRecord{0, record("a", 1)}, ReplaceRecord{0, record("b", 1)},
                ReplaceRecord{0, over}});
  const auto replies = ask(**store, {LoadRecords{"", 2}, LoadRecords{"b", 2}});
  const auto& first = std::get<RecordsFound>(replies[0]).records;
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].address_of_record, "a");
  EXPECT_EQ(first[1].address_of_record, "b");
  ASSERT_THAT(std::get<RecordsFound>(replies[1]).records, SizeIs(1));
}

TEST_F(SqliteTest, IsForOneProcessAtATime) {
  const auto store = open();
  ASSERT_TRUE(store) << store.error();
  const auto other = open();
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error(), AllOf(HasSubstr("bindings.db"), HasSubstr("locked")));
}

TEST_F(SqliteTest, SaysWhichFileItCannotOpen) {
  config_.file = (folder_ / "nowhere" / "bindings.db").string();
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error(), AllOf(HasSubstr("nowhere/bindings.db"), HasSubstr("unable to open")));
}

}  // namespace
}  // namespace intermediary
