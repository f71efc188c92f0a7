#include "engine/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/fingerprint.h"
#include "engine/io_archive.h"

namespace intermediary {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::HasSubstr;

RecordHeader header() {
  RecordHeader header;
  header.program = "0.1.0";
  header.seed = seed_from_number(7);
  header.wall_at_zero = WallTime(seconds(1'767'225'600));
  header.config = {"sip.toml",
                   "domains = []",
                   "/etc/sip",
                   {{"users.csv", true, "alice,secret"}, {"x", false, "gone"}},
                   {{"DOMAIN", "example.com"}, {"UNSET", std::nullopt}}};
  header.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt},
                      {"wss", Transport::Wss, *Endpoint::parse("[2001:db8::1]:443"), "sip.example.com", 443}};
  header.listeners[1].origins = {"https://example.com"};
  header.listeners[1].proxy_protocol = {*Cidr::parse("10.0.0.0/8")};
  header.key = {1, 2};
  return header;
}

// One of each kind.
std::vector<Input> inputs() {
  const Endpoint remote = *Endpoint::parse("192.0.2.10:5060");
  DnsAnswer answer;
  answer.records = {IpAddress::v4({192, 0, 2, 1}), SrvRecord{1, 2, 5060, "a.example.com"},
                    NaptrRecord{1, 2, "s", "SIP+D2U", "", "_sip._udp.example.com"}};
  answer.ttl = seconds(60);
  return {DatagramReceived{ListenerId{1}, remote, std::string("a\0b", 3)},
          StreamReceived{FlowId{engine_flow_bit | 3}, "INVITE"},
          FlowOpened{FlowId{2}, Transport::Tls, ListenerId{2}, remote,
                     CertificateNames{{"sip:example.com"}, {"example.com"}, "cn", true}},
          FlowOpened{FlowId{3}, Transport::Tcp, ListenerId{2}, *Endpoint::parse("[2001:db8::2]:5060")},
          FlowClosed{FlowId{2}, "reset"},
          DatagramFailed{ListenerId{1}, remote, "bytes", "port unreachable"},
          DnsAnswered{QueryId{5}, answer},
          DnsAnswered{QueryId{6}, std::unexpected(DnsFailure{DnsFailure::Kind::NoRecords, seconds(5), "none"})},
          WallClock{WallTime(seconds(1'767'225'600))},
          DeadlineReached{},
          Command{}};
}

std::string bytes_of(const Input& input) {
  ArchiveWriter archive;
  archive(input);
  return archive.take();
}

// A segment with those inputs, a second apart, each with outputs that its place tells.
std::string segment(bool whole = true) {
  std::string bytes;
  FrameMaker frames;
  append_record_mark(bytes);
  append_frame(bytes, frames.header(header()));
  TimePoint time = at(microseconds(17));
  std::uint32_t count = 0;
  for (const Input& input : inputs()) {
    append_frame(bytes, frames.input(time, input));
    append_frame(bytes, frames.outputs({count, 100 + count}));
    time += seconds(1);
    ++count;
  }
  if (whole) append_frame(bytes, frames.end("stopped"));
  return bytes;
}

struct Read {
  std::vector<RecordedInput> inputs;
  SegmentReader::End end;
};

Read read_all(std::string_view bytes) {
  auto reader = SegmentReader::open(bytes);
  EXPECT_TRUE(reader) << reader.error();
  if (!reader) return {};
  Read read;
  while (auto input = reader->next()) read.inputs.push_back(*input);
  read.end = reader->end();
  EXPECT_FALSE(reader->next());
  return read;
}

TEST(RecordTest, GivesBackHeaderInputsAndWhatCameOut) {
  const std::string bytes = segment();
  const auto reader = SegmentReader::open(bytes);
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(reader->header(), header());
  EXPECT_EQ(reader->checkpoint(), "");
  const Read read = read_all(bytes);
  const std::vector<Input> expected = inputs();
  ASSERT_EQ(read.inputs.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(read.inputs[i].time, at(seconds(i) + microseconds(17)));
    EXPECT_EQ(bytes_of(read.inputs[i].input), bytes_of(expected[i])) << i;
    EXPECT_EQ(read.inputs[i].outputs, (OutputsMark{static_cast<std::uint32_t>(i), 100 + i}));
  }
  EXPECT_TRUE(read.end.whole);
  EXPECT_EQ(read.end.reason, "stopped");
  EXPECT_EQ(read.end.offset, bytes.size());
}

// Whoever changes what is written must raise record_version: old records would be read as what they are not.
TEST(RecordTest, TheFormatIsThatOfItsVersion) {
  EXPECT_EQ(record_version, 4u);
  EXPECT_EQ(fingerprint(segment()), 15871445660890786253u);
}

TEST(RecordTest, OneThatIsCutAnywhereIsAShorterOne) {
  const std::string bytes = segment();
  const std::size_t begin = SegmentReader::open(bytes)->end().offset;
  (void)begin;
  std::size_t seen = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto reader = SegmentReader::open(std::string_view(bytes).substr(0, length));
    if (!reader) {
      EXPECT_EQ(seen, 0u) << length;
      continue;
    }
    const Read read = read_all(std::string_view(bytes).substr(0, length));
    EXPECT_GE(read.inputs.size(), seen);
    seen = read.inputs.size();
    EXPECT_FALSE(read.end.whole && length + 8 < bytes.size());
    EXPECT_FALSE(read.end.damaged);
  }
  EXPECT_EQ(seen, inputs().size());
}

// What a file looks like whose space was allocated and whose process was killed.
TEST(RecordTest, ZerosBehindTheLastEntryAreItsEnd) {
  const std::string bytes = segment(false);
  const Read read = read_all(bytes + std::string(4096, '\0'));
  EXPECT_EQ(read.inputs.size(), inputs().size());
  EXPECT_FALSE(read.end.whole);
  EXPECT_FALSE(read.end.damaged);
  EXPECT_EQ(read.end.offset, bytes.size());
}

TEST(RecordTest, AnInputThatWasBeingHandledHasNoOutputs) {
  std::string bytes = segment(false);
  FrameMaker frames;
  append_frame(bytes, frames.input(at(seconds(100)), DeadlineReached{}));
  const Read read = read_all(bytes);
  ASSERT_EQ(read.inputs.size(), inputs().size() + 1);
  EXPECT_FALSE(read.inputs.back().outputs);
}

TEST(RecordTest, ChangedBytesAreDamage) {
  const std::string bytes = segment();
  const std::size_t inputs_begin = read_all(bytes).inputs.front().offset;
  std::size_t unseen = 0;
  for (std::size_t place = inputs_begin; place < bytes.size(); ++place) {
    std::string changed = bytes;
    changed[place] = static_cast<char>(changed[place] ^ 0x20);
    const Read read = read_all(changed);
    if (read.end.whole) ++unseen;  // between the frames
  }
  EXPECT_LT(unseen, 8 * (2 * inputs().size() + 1));
}

TEST(RecordTest, ALengthThatIsDamagedIsToldFromAnEndInTheMiddle) {
  const std::string bytes = segment();
  const std::size_t second = read_all(bytes).inputs[1].offset;
  for (const std::string& length : {std::string(4, '\0'), std::string("\xff\xff\xff\x7f"), std::string(4, '\xff')}) {
    const Read read = read_all(std::string(bytes).replace(second, 4, length));
    EXPECT_EQ(read.inputs.size(), 1u);
    EXPECT_TRUE(read.end.damaged);
    EXPECT_THAT(read.end.reason, HasSubstr("byte " + std::to_string(second)));
  }
  // The process was killed before it wrote the length, which comes last.
  std::string torn = segment(false);
  const std::size_t last = torn.size();
  append_frame(torn, FrameMaker().input(at(seconds(100)), DeadlineReached{}));
  torn.replace(last, 4, 4, '\0');
  EXPECT_FALSE(read_all(torn + std::string(4096, '\0')).end.damaged);
}

TEST(RecordTest, WhatIsNoRecordSaysSo) {
  EXPECT_EQ(SegmentReader::open("").error(), "it is no record");
  EXPECT_EQ(SegmentReader::open("listen = []\n\n\n\n\n\n").error(), "it is no record");
  std::string later = segment();
  later[8] = 4;
  EXPECT_EQ(SegmentReader::open(later).error(), "it is a record of format 4, and this program reads format 3");
  EXPECT_EQ(SegmentReader::open(record_mark()).error(), "it has no header");
}

TEST(RecordTest, TimeThatGoesBackAndListenersThatAreNotThereAreNoInputs) {
  FrameMaker frames;
  std::string back = segment(false);
  append_frame(back, frames.input(at(seconds(1)), DeadlineReached{}));
  EXPECT_TRUE(read_all(back).end.damaged);
  std::string nowhere = segment(false);
  append_frame(nowhere, frames.input(at(seconds(100)), DatagramReceived{ListenerId{3}, {}, ""}));
  EXPECT_TRUE(read_all(nowhere).end.damaged);
}

TEST(RecordTest, ALaterSegmentBeginsWithACheckpoint) {
  RecordHeader second = header();
  second.segment = 2;
  FrameMaker frames;
  std::string bytes;
  append_record_mark(bytes);
  append_frame(bytes, frames.header(second));
  EXPECT_EQ(SegmentReader::open(bytes).error(), "it has no checkpoint");
  append_frame(bytes, frames.checkpoint("state"));
  EXPECT_EQ(SegmentReader::open(bytes)->checkpoint(), "state");
}

TEST(OutputsHashTest, TellsOutputsTheirOrderAndWhereTheyEnd) {
  const auto hashed = [](const std::vector<Output>& outputs) {
    OutputsHash hash;
    for (const Output& output : outputs) hash.add(output);
    return hash.take();
  };
  const Output one = CloseFlow{FlowId{1}, "a"}, two = CloseFlow{FlowId{1}, "b"};
  EXPECT_EQ(hashed({}), (OutputsMark{0, 0}));
  EXPECT_EQ(hashed({one, two}), hashed({one, two}));
  EXPECT_NE(hashed({one, two}), hashed({two, one}));
  EXPECT_NE(hashed({one}), hashed({two}));
  EXPECT_NE(hashed({one}), hashed({one, one}));
}

}  // namespace
}  // namespace intermediary
