// A server and its certificates: at start, and when they are read again.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/net/test_certificates.h"
#include "runtime/server.h"

namespace intermediary {
namespace {

using testing::HasSubstr;

// A log whose lines can be waited for.
class AwaitedLog : public Log {
 public:
  void write(LogLevel, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_ += std::string(line) + '\n';
    changed_.notify_all();
  }
  // All up to where `text` has come so often, at most ten seconds.
  std::string wait_for(const std::string& text, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count(text) >= times; });
    return std::exchange(lines_, {});
  }

 private:
  std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = lines_.find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lines_;
};

class ServerCertificatesTest : public testing::Test {
 protected:
  ServerCertificatesTest() {
    folder.write("ca.pem", authority.certificate_pem());
    config.listeners = {{.name = "tls", .transport = Transport::Tls, .bind = *Endpoint::parse("127.0.0.1:0")}};
    config.listeners[0].certificates = {"edge"};
    config.certificates = {{"edge", folder.path("edge.pem"), folder.path("edge.key")}};
    config.authorities_file = folder.path("ca.pem");
  }
  void renew(long seconds) { folder.write("edge", make_certificate(&authority, {"", {"edge.example.com"}}, seconds)); }

  TestFolder folder;
  TestCertificate authority = make_authority("Test Authority");
  Config config;
  AwaitedLog log;
};

constexpr long a_month = 30L * 24 * 3600;

TEST_F(ServerCertificatesTest, NamesTheOneThatItCannotUse) {
  const auto server = Server::open(config, {}, log);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(),
            "certificate 'edge': cannot read '" + folder.path("edge.pem") + "': No such file or directory");
}

TEST_F(ServerCertificatesTest, ReadsThemAgainAllOrNone) {
  renew(a_month);
  auto server = Server::open(config, {}, log);
  ASSERT_TRUE(server) << server.error();
  std::thread thread([&] { (*server)->run(); });
  (*server)->reload({});
  EXPECT_THAT(log.wait_for("certificates-reloaded"), HasSubstr("certificates-reloaded count=1\n"));
  folder.write("edge.pem", "broken");
  (*server)->reload({});
  EXPECT_THAT(log.wait_for("reload-refused"), HasSubstr("reload-refused reason=\"certificate 'edge': '" +
                                                        folder.path("edge.pem") + "' holds no certificate\"\n"));
  renew(60);
  (*server)->reload({});
  EXPECT_THAT(log.wait_for("certificate-expiry"),
              HasSubstr("certificate-expiry name=edge reason=\"it expires within a week\"\n"));
  (*server)->stop();
  thread.join();
}

// Each asks while the one before may be under way.
TEST_F(ServerCertificatesTest, ReadsThemOnceMoreForAllThatAskedMeanwhile) {
  renew(a_month);
  auto server = Server::open(config, {}, log);
  ASSERT_TRUE(server) << server.error();
  log.wait_for("listening");
  for (int i = 0; i < 20; ++i) (*server)->reload({});
  std::thread thread([&] { (*server)->run(); });
  const std::string reloaded = "certificates-reloaded count=1\n";
  EXPECT_EQ(log.wait_for(reloaded, 2), reloaded + reloaded);
  (*server)->stop();
  thread.join();
}

}  // namespace
}  // namespace intermediary
