#include "sim/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "sim/ladder.h"
#include "sim/replay/capture.h"
#include "sim/replay/test_record.h"
#include "sim/replay/wire_log.h"

namespace intermediary::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

Replay opened(const std::string& bytes) {
  auto replay = Replay::open({bytes});
  EXPECT_TRUE(replay) << replay.error();
  return *std::move(replay);
}

Replay::Summary run(Replay& replay) {
  while (replay.next()) {
  }
  return replay.summary();
}

TEST(ReplayTest, MakesEveryOutputAgain) {
  const std::string bytes = TestRecord::whole();
  Replay replay = opened(bytes);
  const Replay::Summary summary = run(replay);
  EXPECT_EQ(summary.differing, 0u);
  EXPECT_EQ(summary.calls, 2u);
  EXPECT_TRUE(summary.whole);
  EXPECT_EQ(summary.end, "stopped");
  EXPECT_GT(summary.inputs, 15u);
  EXPECT_GT(summary.outputs, 15u);
  Replay again = opened(bytes);
  EXPECT_EQ(run(again).hash, summary.hash);
}

TEST(ReplayTest, GoesOnOverAReload) {
  TestRecord record;
  record.registration();
  record.call();
  record.reload();
  record.refused_call();
  const std::string bytes = record.bytes;
  Replay replay = opened(bytes);
  EXPECT_EQ(replay.config().rules.size(), 4u);
  const Replay::Summary summary = run(replay);
  EXPECT_EQ(summary.differing, 0u);
  EXPECT_EQ(summary.trouble, "");
  EXPECT_EQ(replay.config().rules.size(), 3u);
}

// What both compilers must make of (tools/checks/compare-traces): whoever changes what a server sends in this call, or
// the format, writes the file anew.
TEST(ReplayTest, TheCommittedRecordIsThisOne) {
  std::ifstream file(INTERMEDIARY_SOURCE_DIR "/conformance/records/two-calls.record", std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  if (committed == TestRecord::whole()) return;
  const std::string made = INTERMEDIARY_BINARY_DIR "/two-calls.record";
  std::ofstream(made, std::ios::binary | std::ios::trunc) << TestRecord::whole();
  FAIL() << "conformance/records/two-calls.record is another; what it should be is in " << made;
}

TEST(ReplayTest, TellsTheFirstInputWithOtherOutputs) {
  TestRecord record;
  record.registration();
  record.call();
  std::string bytes = record.bytes;
  // Another seed: the engine draws another tag for the first answer.
  RecordHeader header = TestRecord::header();
  header.seed[0] ^= 1;
  FrameMaker frames;
  std::string other;
  append_record_mark(other);
  append_frame(other, frames.header(header));
  std::string first;
  append_record_mark(first);
  append_frame(first, frames.header(TestRecord::header()));
  other += bytes.substr(first.size());
  Replay replay = opened(other);
  const Replay::Step* step = replay.next();
  while (step && step->equal) step = replay.next();
  ASSERT_TRUE(step);
  EXPECT_THAT(input_text(step->input.input, replay.config()),
              HasSubstr("datagram from 192.0.2.20:5060 on udp: REGISTER sip:example.com"));
  ASSERT_FALSE(step->outputs.empty());
  EXPECT_THAT(output_text(step->outputs.front(), replay.config()),
              HasSubstr("send to 192.0.2.20:5060 on udp: SIP/2.0 200 OK"));
}

TEST(ReplayTest, ARecordThatBreaksOffIsReplayedUpToThere) {
  const std::string bytes = TestRecord::whole();
  std::uint64_t inputs = 0;
  for (std::size_t length = bytes.size() / 2; length < bytes.size(); length += 777) {
    const std::string part = bytes.substr(0, length);
    Replay replay = opened(part);
    const Replay::Summary summary = run(replay);
    EXPECT_EQ(summary.differing, 0u);
    EXPECT_EQ(summary.trouble, "");
    EXPECT_FALSE(summary.whole);
    EXPECT_GE(summary.inputs, inputs);
    inputs = summary.inputs;
  }
}

TEST(ReplayTest, AConfigurationThatCannotBeLoadedIsToldWithItsPlaces) {
  RecordHeader header = TestRecord::header();
  header.config.variables.clear();
  FrameMaker frames;
  std::string bytes;
  append_record_mark(bytes);
  append_frame(bytes, frames.header(header));
  EXPECT_THAT(Replay::open({bytes}).error(), HasSubstr("test.toml:2:"));
  EXPECT_THAT(Replay::open({}).error(), HasSubstr("no segment"));
  EXPECT_THAT(Replay::open({"nothing"}).error(), HasSubstr("it is no record"));
}

WireLog log_of(Replay& replay, WireLogOptions options) {
  WireLog log(replay, std::move(options));
  while (const Replay::Step* step = replay.next()) log.add(*step);
  return log;
}

TEST(WireLogTest, DrawsOneCallAsALadder) {
  const std::string bytes = TestRecord::whole();
  Replay replay = opened(bytes);
  const WireLog log = log_of(replay, {{"c1"}, true});
  const std::string ladder = draw_ladder(log.rungs(), LadderStyle::Plain);
  for (const std::string part : {"192.0.2.10:5060", "192.0.2.20:5060", "server", "INVITE", "180", "200 BYE"}) {
    EXPECT_THAT(ladder, HasSubstr(part));
  }
  EXPECT_EQ(std::ranges::count(ladder, '\n'), 14);  // the names, and thirteen messages
}

TEST(WireLogTest, MasksUnlessToldOtherwise) {
  const std::string bytes = TestRecord::whole();
  Replay replay = opened(bytes);
  const WireLog masked = log_of(replay, {});
  std::string all;
  for (const Transmission& sent : masked.transcript()) all += sent.bytes;
  for (const std::string secret : {"sip:bob@", "sip:alice@", "\"Alice\"", "o=alice", "inline:d0Rmd", "carol"}) {
    EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
  Replay plain = opened(bytes);
  const WireLog unmasked = log_of(plain, {{}, false});
  std::string open;
  for (const Transmission& sent : unmasked.transcript()) open += sent.bytes;
  EXPECT_EQ(open.size(), all.size());
  EXPECT_THAT(open, HasSubstr("inline:d0Rmd"));
}

TEST(CaptureTest, HasAHeaderAndAPacketForEachDatagram) {
  Transmission sent;
  sent.time = at(std::chrono::microseconds(1'500'001));
  sent.source = *Endpoint::parse("192.0.2.10:5060");
  sent.destination = *Endpoint::parse("192.0.2.1:5060");
  sent.bytes = "OPTIONS";
  const std::string file = capture_of({sent}, WallTime(std::chrono::seconds(10)));
  const std::string expected(
      "\x4d\x3c\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x65\x00\x00\x00"
      "\x0b\x00\x00\x00\xe8\x68\xcd\x1d\x23\x00\x00\x00\x23\x00\x00\x00",
      40);
  EXPECT_EQ(file.substr(0, 40), expected);
  EXPECT_EQ(file.size(), 40u + 20 + 8 + 7);
}

}  // namespace
}  // namespace intermediary::sim
