// The client against servers of a few lines on loopback.
#include "runtime/http/http_client.h"

#include <gmock/gmock.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <map>
#include <optional>

#include "base/limits.h"
#include "runtime/net/test_certificates.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;
using WebFailure = HttpFailure::Kind;
using Failed = boost::system::error_code;

// Says the same to every request, and keeps what it has heard.
class CannedServer {
 public:
  explicit CannedServer(boost::asio::io_context& io, boost::asio::ssl::context* tls = nullptr)
      : acceptor_(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)), tls_(tls) {
    accept();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::string says = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  bool closes = false;  // behind each answer
  std::vector<std::string> heard;
  int connections = 0;
  std::function<void()> before_it_answers;

 private:
  using Tls = boost::asio::ssl::stream<tcp::socket>;
  template <class Stream>
  struct Session {
    explicit Session(Stream made) : stream(std::move(made)) {}
    Stream stream;
    std::string bytes;
    std::array<char, 4096> room{};
  };

  void accept() {
    acceptor_.async_accept([this](const Failed& error, tcp::socket socket) {
      if (error) return;
      ++connections;
      accept();
      if (!tls_) return read(std::make_shared<Session<tcp::socket>>(std::move(socket)));
      auto session = std::make_shared<Session<Tls>>(Tls(std::move(socket), *tls_));
      session->stream.async_handshake(boost::asio::ssl::stream_base::server, [this, session](const Failed& failed) {
        if (!failed) read(session);
      });
    });
  }

  static bool is_whole(const std::string& bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t field = bytes.find("Content-Length: ");
    const std::size_t length = field < end ? std::stoul(bytes.substr(field + 16)) : 0;
    return bytes.size() >= end + 4 + length;
  }

  template <class Of>
  void read(std::shared_ptr<Session<Of>> session) {
    session->stream.async_read_some(boost::asio::buffer(session->room),
                                    [this, session](const Failed& error, std::size_t size) {
                                      if (error) return;
                                      session->bytes.append(session->room.data(), size);
                                      if (!is_whole(session->bytes)) return read(session);
                                      heard.push_back(std::exchange(session->bytes, {}));
                                      if (before_it_answers) before_it_answers();
                                      if (says.empty()) return silent_.push_back(session);
                                      write(session);
                                    });
  }

  template <class Of>
  void write(std::shared_ptr<Session<Of>> session) {
    auto text = std::make_shared<std::string>(says);
    boost::asio::async_write(session->stream, boost::asio::buffer(*text),
                             [this, session, text](const Failed& error, std::size_t) {
                               if (!error && !closes) read(session);
                             });
  }

  tcp::acceptor acceptor_;
  boost::asio::ssl::context* tls_;
  std::vector<std::shared_ptr<void>> silent_;  // stay open
};

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    auto dns = DnsClient::open(io_, {}, [](QueryId, const DnsResult&) {}, [] {});
    if (dns) dns_ = *std::move(dns);
    client_.emplace(HttpClient::Surroundings{
        io_, dns_.get(), [this](HttpReplied reply) { replies_.insert_or_assign(reply.query, reply); },
        [this] { ++settled_; }});
  }

  static HttpOrder order(std::uint16_t port, std::string_view host = "127.0.0.1", bool tls = false) {
    HttpOrder order;
    const std::string scheme = tls ? "https://" : "http://";
    order.url = *HttpUrl::parse(scheme + std::string(host) + ":" + std::to_string(port) + "/v1/route?x=1");
    order.timeout = 5s;
    order.may_be_inside = true;
    return order;
  }
  HttpResult result_of(HttpOrder order) {
    const QueryId query{++last_};
    client_->ask({query, std::move(order)});
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!replies_.contains(query) && std::chrono::steady_clock::now() < until) io_.run_one_for(100ms);
    const auto found = replies_.find(query);
    if (found != replies_.end()) return found->second.result;
    return std::unexpected(HttpFailure{WebFailure::TimedOut, "the test gave up"});
  }
  WebFailure kind_of(HttpOrder order) {
    const auto result = result_of(std::move(order));
    EXPECT_FALSE(result);
    return result ? WebFailure::Busy : result.error().kind;
  }

  boost::asio::io_context io_;
  std::unique_ptr<DnsClient> dns_;
  std::optional<HttpClient> client_;
  std::map<QueryId, HttpReplied> replies_;
  std::uint64_t last_ = 0;
  int settled_ = 0;
};

TEST_F(HttpClientTest, AsksAndHears) {
  CannedServer server(io_);
  server.says =
      "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nCache-Control: public, max-age=60\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
  HttpOrder post = order(server.port());
  post.method = "POST";
  post.content_type = "application/json";
  post.body = "{\"a\":1}";
  post.fields = {{"Authorization", "Bearer x"}};
  EXPECT_EQ(result_of(post), (HttpResult(HttpAnswer{200, "application/json", 60s, "{}"})));
  ASSERT_THAT(server.heard, SizeIs(1));
  EXPECT_THAT(server.heard[0], StartsWith("POST /v1/route?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.heard[0], HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  EXPECT_THAT(server.heard[0], HasSubstr("Authorization: Bearer x\r\n"));
  EXPECT_THAT(server.heard[0], HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(server.heard[0], HasSubstr("\r\n\r\n{\"a\":1}"));
  EXPECT_EQ(settled_, 1);
}

TEST_F(HttpClientTest, OneConnectionServesOneAfterTheOther) {
  CannedServer server(io_);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(result_of(order(server.port())));
  EXPECT_THAT(server.heard, SizeIs(5));
  EXPECT_EQ(server.connections, 1);
}

TEST_F(HttpClientTest, AConnectionThatTheServerClosesIsNotUsedAgain) {
  CannedServer server(io_);
  server.closes = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(result_of(order(server.port())));
  EXPECT_EQ(server.connections, 3);
}

TEST_F(HttpClientTest, TakesWhateverStatus) {
  CannedServer server(io_);
  server.says =
      "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(result_of(order(server.port())), (HttpResult(HttpAnswer{302, "", 0s, ""})));
  server.says = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_EQ(result_of(order(server.port())), (HttpResult(HttpAnswer{404, "", std::nullopt, "x"})));
}

TEST_F(HttpClientTest, RefusesWhatIsTooLargeOrNoHttp) {
  CannedServer server(io_);
  HttpOrder small = order(server.port());
  small.most_bytes = 1;
  EXPECT_EQ(kind_of(small), WebFailure::TooLarge);
  server.says = "HTTP/1.1 200 OK\r\nX: " + std::string(limit::http_header_bytes, 'x') + "\r\n\r\n";
  EXPECT_EQ(kind_of(order(server.port())), WebFailure::TooLarge);
  server.says = "SIP/2.0 200 OK\r\n\r\n";
  EXPECT_EQ(kind_of(order(server.port())), WebFailure::Malformed);
  server.says = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_EQ(kind_of(order(server.port())), WebFailure::Malformed);
}

TEST_F(HttpClientTest, WaitsNoLongerThanItMay) {
  CannedServer server(io_);
  server.says = "";
  HttpOrder brief = order(server.port());
  brief.timeout = 50ms;
  EXPECT_EQ(kind_of(brief), WebFailure::TimedOut);
  io_.restart();
  io_.run_for(50ms);  // what was broken off ends
}

TEST_F(HttpClientTest, OrdersBeyondTheConnectionsOfAHostWaitForTheirTurn) {
  CannedServer server(io_);
  const std::size_t many = limit::http_connections_per_host + 5;
  for (std::size_t i = 0; i < many; ++i) client_->ask({QueryId{100 + i}, order(server.port())});
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (replies_.size() < many && std::chrono::steady_clock::now() < until) io_.run_one_for(100ms);
  EXPECT_THAT(replies_, SizeIs(many));
  EXPECT_LE(server.connections, static_cast<int>(limit::http_connections_per_host));
}

TEST_F(HttpClientTest, NobodyListens) {
  std::uint16_t port = 0;
  {
    CannedServer gone(io_);
    port = gone.port();
  }
  EXPECT_EQ(kind_of(order(port)), WebFailure::Unreachable);
}

TEST_F(HttpClientTest, DoesNotLeadInside) {
  CannedServer server(io_);
  HttpOrder outside = order(server.port());
  outside.may_be_inside = false;
  const auto result = result_of(outside);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(),
            (HttpFailure{WebFailure::Forbidden, "127.0.0.1: 127.0.0.1 is inside, where this may not lead"}));
  EXPECT_EQ(server.connections, 0);
}

// The name looks harmless; what it stands for is not.
TEST_F(HttpClientTest, ANameThatStandsForAnAddressInsideDoesNotLeadThere) {
  CannedServer server(io_);
  EXPECT_TRUE(result_of(order(server.port(), "localhost")));  // and leaves a connection
  HttpOrder outside = order(server.port(), "localhost");
  outside.may_be_inside = false;
  EXPECT_EQ(kind_of(outside), WebFailure::Forbidden);
  EXPECT_EQ(server.connections, 1);
}

class HttpsClientTest : public HttpClientTest {
 protected:
  HttpsClientTest() : tls_(boost::asio::ssl::context::tls_server) {
    folder_.write("authority", authority_);
    folder_.write("server", make_certificate(&authority_, {"localhost", {"localhost"}, {}}));
    folder_.write("other", make_certificate(&authority_, {"example.com", {"example.com"}, {}}));
    client_->trust(folder_.path("authority.pem"));
    show("server");
  }
  void show(const std::string& name) {
    tls_.use_certificate_chain_file(folder_.path(name + ".pem"));
    tls_.use_private_key_file(folder_.path(name + ".key"), boost::asio::ssl::context::pem);
  }

  TestFolder folder_;
  TestCertificate authority_ = make_authority("authority");
  boost::asio::ssl::context tls_;
};

TEST_F(HttpsClientTest, TakesTheServerThatItsCertificateNames) {
  CannedServer server(io_, &tls_);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(result_of(order(server.port(), "localhost", true)));
  EXPECT_EQ(server.connections, 1);
}

TEST_F(HttpsClientTest, RefusesAnother) {
  CannedServer server(io_, &tls_);
  show("other");
  const auto result = result_of(order(server.port(), "localhost", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, WebFailure::Untrusted);
  EXPECT_EQ(result.error().reason, "its certificate: hostname mismatch");
  EXPECT_THAT(server.heard, SizeIs(0));
}

TEST_F(HttpsClientTest, RefusesWhatNoAuthorityOfOursHasSigned) {
  CannedServer server(io_, &tls_);
  folder_.write("stranger", make_authority("stranger"));
  client_->trust(folder_.path("stranger.pem"));
  EXPECT_EQ(kind_of(order(server.port(), "localhost", true)), WebFailure::Untrusted);
  client_->trust(folder_.path("nothing.pem"));
  EXPECT_THAT(result_of(order(server.port(), "localhost", true)).error().reason, HasSubstr("nothing.pem"));
  client_->trust("");
  EXPECT_EQ(kind_of(order(server.port(), "localhost", true)), WebFailure::Untrusted);
}

// Whoever was trusted by the authorities of before has his answer heard, and proves himself anew for the next.
TEST_F(HttpsClientTest, AConnectionInUseWhileTheAuthoritiesChangeIsNotKept) {
  CannedServer server(io_, &tls_);
  folder_.write("stranger", make_authority("stranger"));
  server.before_it_answers = [&] { client_->trust(folder_.path("stranger.pem")); };
  EXPECT_TRUE(result_of(order(server.port(), "localhost", true)));
  EXPECT_EQ(kind_of(order(server.port(), "localhost", true)), WebFailure::Untrusted);
  EXPECT_EQ(server.connections, 2);
}

TEST_F(HttpClientTest, AConnectionWithoutTlsHasNoAuthorities) {
  CannedServer server(io_);
  server.before_it_answers = [&] { client_->trust(""); };
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(result_of(order(server.port())));
  EXPECT_EQ(server.connections, 1);
}

}  // namespace
}  // namespace intermediary
