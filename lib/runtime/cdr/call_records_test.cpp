// Records of calls: as text, in their spool, in files of lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/cdr/record_sink.h"
#include "runtime/cdr/spool.h"

namespace intermediary::cdr_test {

namespace fs = std::filesystem;

using testing::HasSubstr;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "cdr-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

KeptCall call(const std::string& id, const std::string& caller = "sip:alice@example.com") {
  KeptCall kept{id, {}};
  kept.record.call.call_id = "call-" + id;
  kept.record.call.caller = caller;
  kept.record.call.started = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + std::chrono::hours(3) +
                                      std::chrono::milliseconds(4005));
  kept.record.status = 200;
  kept.record.end = CallEnd::Bye;
  kept.record.by = DialogSide::Callee;
  kept.record.rang = std::chrono::milliseconds(2020);
  kept.record.talked = std::chrono::seconds(60);
  kept.record.lasted = std::chrono::milliseconds(62020);
  return kept;
}

TEST(CallText, SaysWhenHowLongAndWhoEndedIt) {
  const std::string line = json_line(call("run-1"));
  EXPECT_THAT(
      line, HasSubstr(R"("id": "run-1", "started": "2026-11-27T03:00:04.005Z", "ended": "2026-11-27T03:01:06.025Z")"));
  EXPECT_THAT(line,
              HasSubstr(R"("end": "bye", "ended_by": "callee", "status": 200, "rang_ms": 2020, "talked_ms": 60000)"));
  EXPECT_TRUE(line.ends_with("}\n"));
}

TEST(CallText, WhatACallerWritesEndsNoLineAndNoField) {
  const KeptCall hostile = call("run-1", "sip:a\",\"b\n@x");
  EXPECT_EQ(std::ranges::count(json_line(hostile), '\n'), 1);
  EXPECT_THAT(csv_line(hostile), HasSubstr("\"sip:a\"\",\"\"b\n@x\""));
}

TEST(CallText, NothingIsAFormulaToASpreadsheet) {
  EXPECT_THAT(csv_line(call("run-1", "=cmd|'/c calc'!A1")), HasSubstr(",'=cmd|"));
  EXPECT_THAT(csv_line(call("run-1", "+31201234567")), HasSubstr(",'+31201234567,"));
}

TEST(CallSpool, TellsTheNextProcessWhatIsLeft) {
  const Folder folder;
  {
    auto first = CallSpool::open(folder.file("spool"));
    ASSERT_TRUE(first) << first.error();
    EXPECT_TRUE(first->records.empty());
    CallSpool& spool = *first->spool;
    ASSERT_TRUE(spool.begun("run-1", call("run-1").record.call));
    ASSERT_TRUE(spool.begun("run-2", call("run-2").record.call));
    ASSERT_TRUE(spool.begun("run-3", call("run-3").record.call));
    ASSERT_TRUE(spool.ended(call("run-1")));
    ASSERT_TRUE(spool.ended(call("run-3")));
    ASSERT_TRUE(spool.delivered("run-1"));
    EXPECT_EQ(spool.size(), 2U);
  }
  const auto next = CallSpool::open(folder.file("spool"));
  ASSERT_TRUE(next) << next.error();
  ASSERT_EQ(next->records.size(), 2U);
  EXPECT_EQ(next->records[0].id, "run-2");
  EXPECT_EQ(next->records[0].record.end, CallEnd::Lost);
  EXPECT_EQ(next->records[1].id, "run-3");
  EXPECT_EQ(next->records[1].record.end, CallEnd::Bye);
}

TEST(CallSpool, AnEntryThatWasBeingWrittenIsNone) {
  const Folder folder;
  {
    auto first = CallSpool::open(folder.file("spool"));
    ASSERT_TRUE(first) << first.error();
    ASSERT_TRUE(first->spool->ended(call("run-1")));
    ASSERT_TRUE(first->spool->ended(call("run-2")));
  }
  const std::string whole = contents(folder.file("spool"));
  for (std::size_t left = 8; left < whole.size(); left += 13) {
    std::ofstream(folder.file("spool"), std::ios::binary | std::ios::trunc) << whole.substr(0, left);
    const auto next = CallSpool::open(folder.file("spool"));
    ASSERT_TRUE(next) << left << ": " << next.error();
    EXPECT_LE(next->records.size(), 2U);
    for (const KeptCall& each : next->records) EXPECT_EQ(each.record.end, CallEnd::Bye);
  }
}

TEST(CallSpool, IsOfOneProcess) {
  const Folder folder;
  const auto first = CallSpool::open(folder.file("spool"));
  ASSERT_TRUE(first);
  const auto second = CallSpool::open(folder.file("spool"));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("in use by another process"));
}

TEST(CallSpool, WhatIsNoSpoolStaysAsItIs) {
  const Folder folder;
  std::ofstream(folder.file("spool")) << "a letter to somebody";
  const auto opened = CallSpool::open(folder.file("spool"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), HasSubstr("is no spool of call records"));
  EXPECT_EQ(contents(folder.file("spool")), "a letter to somebody");
}

TEST(CallSpool, DoesNotGrowWithCallsThatAreOver) {
  const Folder folder;
  const auto opened = CallSpool::open(folder.file("spool"));
  ASSERT_TRUE(opened);
  for (int i = 0; i < 60'000; ++i) {
    const std::string id = "run-" + std::to_string(i);
    ASSERT_TRUE(opened->spool->begun(id, call(id).record.call));
    ASSERT_TRUE(opened->spool->ended(call(id)));
    ASSERT_TRUE(opened->spool->delivered(id));
  }
  EXPECT_LT(fs::file_size(folder.file("spool")), std::size_t{12} << 20U);
}

CallRecordsConfig lines_of(const Folder& folder) {
  CallRecordsConfig config;
  config.json = folder.file("calls.jsonl");
  config.csv = folder.file("calls.csv");
  return config;
}

TEST(LineFile, HasARecordOnceHoweverOftenItComes) {
  const Folder folder;
  const CallRecordsConfig config = lines_of(folder);
  auto first = open_csv_records(config, {});
  ASSERT_TRUE(first) << first.error();
  ASSERT_TRUE((*first)->write({call("run-1"), call("run-2")}));
  ASSERT_TRUE((*first)->write({call("run-2"), call("run-3")}));
  auto next = open_csv_records(config, {call("run-3"), call("run-4")});
  ASSERT_TRUE(next);
  ASSERT_TRUE((*next)->write({call("run-3"), call("run-4")}));
  EXPECT_EQ(contents(config.csv), csv_header() + csv_line(call("run-1")) + csv_line(call("run-2")) +
                                      csv_line(call("run-3")) + csv_line(call("run-4")));
}

TEST(LineFile, CutsOffALineThatIsNotWhole) {
  const Folder folder;
  const CallRecordsConfig config = lines_of(folder);
  std::ofstream(config.json) << json_line(call("run-1")) << json_line(call("run-2")).substr(0, 30);
  auto sink = open_json_records(config, {call("run-2")});
  ASSERT_TRUE(sink);
  ASSERT_TRUE((*sink)->write({call("run-2")}));
  EXPECT_EQ(contents(config.json), json_line(call("run-1")) + json_line(call("run-2")));
}

TEST(LineFile, IsRenamedWhenItIsFull) {
  const Folder folder;
  CallRecordsConfig config = lines_of(folder);
  config.rotate_bytes = 1;
  config.keep = 2;
  auto sink = open_json_records(config, {});
  ASSERT_TRUE(sink);
  for (const char* id : {"run-1", "run-2", "run-3"}) ASSERT_TRUE((*sink)->write({call(id)}));
  EXPECT_EQ(contents(config.json), "");
  EXPECT_EQ(contents(config.json + ".1"), json_line(call("run-3")));
  EXPECT_EQ(contents(config.json + ".2"), json_line(call("run-2")));
  EXPECT_FALSE(fs::exists(config.json + ".3"));
}

TEST(LineFile, SaysWhyItCannotBeHad) {
  const Folder folder;
  CallRecordsConfig config;
  config.json = folder.file("nowhere/calls.jsonl");
  const auto sink = open_json_records(config, {});
  ASSERT_FALSE(sink);
  EXPECT_THAT(sink.error(), HasSubstr("nowhere/calls.jsonl': No such file or directory"));
}

}  // namespace intermediary::cdr_test
