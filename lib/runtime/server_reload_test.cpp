// A server that reads its configuration again, and what it does when its files change.
#include <gmock/gmock.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "runtime/net/file_watch.h"
#include "runtime/server.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class ReloadLog : public Log {
 public:
  void write(LogLevel, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_ += std::string(line) + '\n';
    changed_.notify_all();
  }
  // Up to that, at most ten seconds.
  std::string wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return lines_.contains(text); });
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lines_;
};

class ServerReloadTest : public testing::Test {
 protected:
  ServerReloadTest() {
    std::string name = testing::TempDir() + "reload-XXXXXX";
    folder = ::mkdtemp(name.data());
    next.config.listeners = {{.name = "udp", .transport = Transport::Udp, .bind = *Endpoint::parse("127.0.0.1:0")}};
  }
  ~ServerReloadTest() override {
    if (server) server->stop();
    if (thread.joinable()) thread.join();
    std::filesystem::remove_all(folder);
  }

  void open(WatchedFiles watched = {}) {
    Config first = next.config;
    first.proxy.key = {1, 2};
    ServerOptions options;
    options.watched = std::move(watched);
    options.read = [this]() -> std::expected<NewConfiguration, std::vector<std::string>> {
      const std::lock_guard lock(mutex);
      if (!problems.empty()) return std::unexpected(problems);
      return next;
    };
    server = *Server::open(first, options, log);
    thread = std::thread([this] { server->run(); });
  }
  std::expected<std::string, std::string> reload() {
    std::promise<std::expected<std::string, std::string>> promise;
    server->reload([&](const auto& result) { promise.set_value(result); });
    return promise.get_future().get();
  }
  void write(const std::string& file) { std::ofstream(folder + '/' + file) << "new"; }

  std::string folder;
  ReloadLog log;
  std::mutex mutex;
  NewConfiguration next;
  std::vector<std::string> problems;
  std::unique_ptr<Server> server;
  std::thread thread;
};

TEST_F(ServerReloadTest, ThePortAndTheKeyThatItHasStay) {
  open();
  const Config before = server->config();
  EXPECT_EQ(reload(), "nothing in the configuration is new");
  next.config.domains = {"example.com"};
  EXPECT_EQ(reload(), "new: domains");
  EXPECT_EQ(server->config().domains, next.config.domains);
  EXPECT_EQ(server->config().listeners, before.listeners);
  EXPECT_EQ(server->config().proxy.key, before.proxy.key);
  EXPECT_THAT(log.wait_for("changed=domains"), HasSubstr("configuration-reloaded changed=domains\n"));
}

TEST_F(ServerReloadTest, EveryProblemIsToldAndNothingCounts) {
  open();
  problems = {"a.toml:1:1: error: x", "a.toml:2:1: error: y"};
  EXPECT_EQ(reload().error(), "a.toml:1:1: error: x\na.toml:2:1: error: y");
  EXPECT_THAT(log.wait_for("error: y"), HasSubstr("reload-refused reason=\"a.toml:1:1: error: x\"\n"));
  problems.clear();
  next.config.domains = {"example.com"};
  next.config.listeners.push_back(next.config.listeners[0]);
  EXPECT_EQ(reload().error(), "'listen' has another number of listeners, which needs a restart");
  EXPECT_TRUE(server->config().domains.empty());
}

TEST_F(ServerReloadTest, WhoAsksWhileItReadsHearsOfTheNextTime) {
  open();
  std::promise<void> last;
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    server->reload([&](const auto& result) {
      EXPECT_TRUE(result) << result.error();
      if (++told == 20) last.set_value();
    });
  }
  last.get_future().get();
}

TEST_F(ServerReloadTest, AFileThatIsWrittenOrPutInItsPlaceIsReadAgain) {
  write("a.toml");
  next.watched = {true, {folder + "/a.toml"}};
  open(next.watched);
  log.wait_for("files-watched count=1");
  write("other");
  write("a.toml");
  EXPECT_THAT(log.wait_for("reloaded pause_us="), HasSubstr("configuration-reloaded changed=nothing\n"));
  {
    const std::lock_guard lock(mutex);
    next.watched.paths.push_back(folder + "/b.csv");
  }
  write("scratch");
  std::filesystem::rename(folder + "/scratch", folder + "/a.toml");
  log.wait_for("files-watched count=2");
  write("b.csv");
  EXPECT_THAT(log.wait_for("reloaded pause_us="), HasSubstr("configuration-reloaded"));
}

TEST_F(ServerReloadTest, AFolderThatIsNotThereIsSaid) {
  open({true, {folder + "/none/a.toml"}});
  EXPECT_THAT(log.wait_for("files-not-watched"), HasSubstr("files-not-watched reason=\"'" + folder +
                                                           "/none' cannot be watched: No such file or directory\""));
}

TEST(FileWatchTest, WhatIsWrittenInPiecesIsToldOnce) {
  std::string name = testing::TempDir() + "watch-XXXXXX";
  const std::string folder = ::mkdtemp(name.data());
  boost::asio::io_context io;
  int told = 0;
  const auto watch =
      FileWatch::open(io, {folder + "/a"}, [&] { ++told; }, 1s);  // much longer than a busy machine keeps us
  ASSERT_TRUE(watch) << watch.error();
  for (int i = 0; i < 5; ++i) {
    std::ofstream(folder + "/a") << i;
    std::ofstream(folder + "/b") << i;
    io.run_for(20ms);
  }
  EXPECT_EQ(told, 0);
  io.run_for(1500ms);
  EXPECT_EQ(told, 1);
  std::ofstream(folder + "/b") << "other";
  io.run_for(1500ms);
  EXPECT_EQ(told, 1);
  std::filesystem::create_directory(folder + "/..data");
  io.run_for(1500ms);
  EXPECT_EQ(told, 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace intermediary
