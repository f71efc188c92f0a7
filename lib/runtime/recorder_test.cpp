#include "runtime/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "config/load.h"
#include "runtime/server.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Lines : public Log {
 public:
  void write(LogLevel level, std::string_view line) override {
    if (level >= LogLevel::Warning) lines.emplace_back(line);
  }
  std::vector<std::string> lines;
};

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() : engine_(config(), seed_from_number(1)) {
    std::string name = testing::TempDir() + "recorder-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~RecorderTest() override { std::filesystem::remove_all(folder_); }

  static Config config() {
    Config config;
    config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    return config;
  }
  static RecordHeader header() {
    RecordHeader header;
    header.listeners = config().listeners;
    header.seed = seed_from_number(1);
    return header;
  }
  std::string path(const std::string& name) const { return folder_ + '/' + name; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(folder_))
      names.push_back(each.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // What a shard does with an input.
  void handle(Recorder& recorder, const Input& input) {
    now_ += seconds(1);
    recorder.begin(now_, input);
    engine_.handle(now_, input);
    while (const auto output = engine_.poll()) recorder.output(*output);
    recorder.finish(engine_);
  }
  static Input datagram(std::size_t bytes) {
    return DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.10:5060"), "X" + std::string(bytes, '\n')};
  }
  std::unique_ptr<Recorder> opened(RecorderOptions options) {
    auto recorder = Recorder::open(std::move(options), header(), log_);
    EXPECT_TRUE(recorder) << recorder.error();
    return *std::move(recorder);
  }

  std::string folder_;
  Engine engine_;
  TimePoint now_{};
  Lines log_;
};

struct Read {
  std::size_t inputs = 0;
  std::size_t with_outputs = 0;
  SegmentReader::End end;
};

Read read_all(const std::string& bytes) {
  auto reader = SegmentReader::open(bytes);
  EXPECT_TRUE(reader) << reader.error();
  if (!reader) return {};
  Read read;
  while (const auto input = reader->next()) {
    ++read.inputs;
    if (input->outputs) ++read.with_outputs;
  }
  read.end = reader->end();
  return read;
}

TEST_F(RecorderTest, WritesForItsOwnerAloneAndCutsWhatIsNotUsed) {
  const std::string file = path("a.record");
  {
    const auto recorder = opened({file});
    for (int i = 0; i < 10; ++i) handle(*recorder, datagram(100));
    EXPECT_EQ(recorder->recorded(), 10u);
    // As a killed process leaves it.
    const Read read = read_all(contents(file));
    EXPECT_EQ(read.with_outputs, 10u);
    EXPECT_FALSE(read.end.whole);
  }
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string bytes = contents(file);
  const Read read = read_all(bytes);
  EXPECT_EQ(read.inputs, 10u);
  EXPECT_TRUE(read.end.whole);
  EXPECT_EQ(read.end.offset, bytes.size());
  EXPECT_THAT(log_.lines, IsEmpty());
}

// Each is replayed by itself: its header has the configuration that its checkpoint goes with.
TEST_F(RecorderTest, SegmentsBehindAReloadHaveTheNewConfiguration) {
  const auto recorder = opened({path("a.record"), std::uint64_t{64} << 10});
  handle(*recorder, datagram(100));
  Config next = config();
  next.domains = {"example.com"};
  recorder->set_config({.name = "new.toml", .text = "text", .folder = "", .files = {}, .variables = {}});
  handle(*recorder, ConfigurationChanged(next));
  while (files().size() < 2) handle(*recorder, datagram(8000));
  const std::string first = contents(path("a.record.000001")), second = contents(path("a.record.000002"));
  EXPECT_EQ(SegmentReader::open(first)->header().config.name, "");
  const auto reader = SegmentReader::open(second);
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(reader->header().config.name, "new.toml");
  EXPECT_TRUE(Engine::load(next, reader->checkpoint()));
}

TEST_F(RecorderTest, OverwritesNothing) {
  std::ofstream(path("a.record")) << "mine";
  EXPECT_EQ(Recorder::open({path("a.record")}, header(), log_).error(),
            "cannot create '" + path("a.record") + "': it is there already, and records are not overwritten");
  EXPECT_EQ(contents(path("a.record")), "mine");
  std::ofstream(path("b.record.000007")) << "mine";
  EXPECT_THAT(Recorder::open({path("b.record"), 65536}, header(), log_).error(),
              HasSubstr("b.record.000007' is there"));
  EXPECT_THAT(Recorder::open({path("none/c.record")}, header(), log_).error(), HasSubstr("No such file or directory"));
}

TEST_F(RecorderTest, WhatIsLargerThanAWindowFits) {
  const std::string file = path("a.record");
  {
    const auto recorder = opened({file});
    handle(*recorder, datagram(10'000'000));
    for (int i = 0; i < 1000; ++i) handle(*recorder, datagram(12'345));
  }
  const Read read = read_all(contents(file));
  EXPECT_EQ(read.with_outputs, 1001u);
  EXPECT_TRUE(read.end.whole);
}

// A limit of the process stands for a full disk: both are errors of the allocation.
TEST_F(RecorderTest, AFullDiskEndsTheRecordAndNothingElse) {
  const std::string file = path("a.record");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limited = before;
  limited.rlim_cur = 6'000'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  const auto recorder = opened({file});
  for (int i = 0; i < 100; ++i) handle(*recorder, datagram(100'000));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("recording-stopped recorded=")));
  EXPECT_EQ(recorder->recorded() + recorder->unrecorded(), 100u);
  EXPECT_GT(recorder->unrecorded(), 0u);
  const Read read = read_all(contents(file));
  EXPECT_EQ(read.inputs, recorder->recorded());
  EXPECT_FALSE(read.end.whole);
  EXPECT_FALSE(read.end.damaged);
}

TEST_F(RecorderTest, SegmentsBeginWithAStateAndOldOnesGo) {
  {
    const auto recorder = opened({path("a.record"), 65536, 3});
    for (int i = 0; i < 100; ++i) handle(*recorder, datagram(5000));
  }
  EXPECT_THAT(files(), ElementsAre("a.record.000006", "a.record.000007", "a.record.000008"));
  EXPECT_THAT(log_.lines, IsEmpty());
  std::size_t last = 0;
  for (const std::string& name : files()) {
    const std::string bytes = contents(path(name));
    const auto reader = SegmentReader::open(bytes);
    ASSERT_TRUE(reader) << reader.error();
    EXPECT_GT(reader->header().segment, last);
    last = reader->header().segment;
    EXPECT_NE(reader->checkpoint(), "");
    EXPECT_TRUE(read_all(bytes).end.whole);
  }
}

// Everything that a server's engine is told, from the first clock to the last command.
TEST_F(RecorderTest, AServerRecordsFromItsFirstInputToItsLast) {
  const auto loaded = load_config(
      "listen = [{ on = \"udp:127.0.0.1:0\" }]\n[[rule]]\nname = \"none\"\nwhen = "
      "{ source = [\"192.0.2.1\"] }\ndo = { relay = \"request-uri\" }\n",
      "test", empty_surroundings());
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  ServerOptions options;
  options.record = RecordSettings{{path("a.record")}, {}, "test"};
  auto server = Server::open(loaded->config, options, log_);
  ASSERT_TRUE(server) << server.error();
  EXPECT_THAT(Server::open(loaded->config, options, log_).error(), HasSubstr("is there already"));
  (*server)->stop();
  (*server)->run();
  const std::uint16_t port = (*server)->config().listeners.front().bind.port;
  server->reset();
  const std::string bytes = contents(path("a.record"));
  auto reader = SegmentReader::open(bytes);
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(reader->header().listeners.front().bind.port, port);
  std::vector<Input> inputs;
  while (const auto input = reader->next()) inputs.push_back(input->input);
  ASSERT_THAT(inputs, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<WallClock>(inputs.front()));
  EXPECT_TRUE(std::holds_alternative<Command>(inputs.back()));
  EXPECT_TRUE(reader->end().whole);
}

}  // namespace
}  // namespace intermediary
