// The client against a name server of a few lines on loopback.
#include "runtime/dns/dns_client.h"

#include <gmock/gmock.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <map>

#include "runtime/dns/test_dns_messages.h"

namespace intermediary {
namespace {

using namespace dns_test;
using namespace std::chrono_literals;
using boost::asio::ip::udp;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = DnsFailure::Kind;

// Answers names with what was given for them, and says nothing about others.
class NameServer {
 public:
  explicit NameServer(boost::asio::io_context& io)
      : socket_(io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    receive();
  }
  Endpoint address() const { return {IpAddress::v4({127, 0, 0, 1}), socket_.local_endpoint().port()}; }
  void answer(const std::string& question, Reply reply) { replies_.insert_or_assign(name(question), std::move(reply)); }
  int asked() const { return asked_; }

 private:
  void receive() {
    socket_.async_receive_from(boost::asio::buffer(buffer_), peer_, [this](auto error, std::size_t size) {
      if (error) return;
      respond({buffer_.data(), size});
      receive();
    });
  }
  void respond(std::string_view query) {
    ++asked_;
    const std::size_t end = query.find('\0', 12);
    const auto found = replies_.find(std::string(query.substr(12, end - 11)));
    if (found == replies_.end()) return;
    Reply reply = found->second;
    reply.id = static_cast<unsigned>(static_cast<unsigned char>(query[0]) << 8 | static_cast<unsigned char>(query[1]));
    socket_.send_to(boost::asio::buffer(reply.bytes()), peer_);
  }

  udp::socket socket_;
  udp::endpoint peer_;
  std::array<char, 1500> buffer_{};
  std::map<std::string, Reply> replies_;
  int asked_ = 0;
};

class DnsClientTest : public testing::Test {
 protected:
  void open(std::chrono::milliseconds timeout, int tries = 1) {
    auto opened = DnsClient::open(
        io, {{server.address()}, timeout, tries},
        [this](QueryId query, DnsResult result) { answers.insert_or_assign(query.value, std::move(result)); },
        [this] { ++settled; });
    ASSERT_TRUE(opened) << opened.error();
    client = *std::move(opened);
  }
  const DnsResult& ask(const std::string& question, DnsType type = DnsType::A) {
    const QueryId query{++last_query};
    client->ask(query, {question, type});
    const auto end = std::chrono::steady_clock::now() + 10s;
    io.restart();
    while (!answers.contains(query.value) && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
    return answers.at(query.value);
  }

  boost::asio::io_context io;
  NameServer server{io};
  std::map<std::uint64_t, DnsResult> answers;
  std::uint64_t last_query = 0;
  int settled = 0;
  std::unique_ptr<DnsClient> client;
};

constexpr unsigned a = 1, cname = 5, soa_type = 6;

TEST_F(DnsClientTest, AsksAndHears) {
  server.answer("sip.example.com", {"sip.example.com", a, {record("sip.example.com", a, 60, address({192, 0, 2, 1}))}});
  open(2s);
  const DnsResult& answer = ask("sip.example.com");
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_THAT(answer->records, ElementsAre(DnsRecord(*IpAddress::parse("192.0.2.1"))));
  EXPECT_EQ(answer->ttl, 60s);
  EXPECT_EQ(client->pending(), 0u);
  EXPECT_GE(settled, 1);
}

// As a resolver does: the next question follows from an answer, and its socket may have the number of the last one.
TEST_F(DnsClientTest, AsksTheNextQuestionAsSoonAsItHearsAnAnswer) {
  server.answer("a.example.com", {"a.example.com", a, {record("a.example.com", a, 60, address({192, 0, 2, 1}))}});
  server.answer("b.example.com", {"b.example.com", a, {record("b.example.com", a, 60, address({192, 0, 2, 2}))}});
  auto opened = DnsClient::open(
      io, {{server.address()}, 2s, 1},
      [this](QueryId query, DnsResult result) { answers.insert_or_assign(query.value, std::move(result)); },
      [this] {
        if (answers.size() == 1) client->ask(QueryId{2}, {"b.example.com", DnsType::A});
      });
  ASSERT_TRUE(opened) << opened.error();
  client = *std::move(opened);
  ASSERT_TRUE(ask("a.example.com"));
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (answers.size() < 2 && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
  ASSERT_TRUE(answers.contains(2));
  EXPECT_TRUE(answers.at(2));
}

TEST_F(DnsClientTest, HearsThatThereIsNoSuchName) {
  server.answer("no.example.com", {"no.example.com", a, {}, {record("example.com", soa_type, 600, soa(90))}, 3});
  open(2s);
  const DnsResult& answer = ask("no.example.com");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::NoSuchName);
  EXPECT_EQ(answer.error().ttl, 90s);
}

TEST_F(DnsClientTest, AsksAgainWhereAnAliasLeads) {
  server.answer("www.example.com",
                {"www.example.com", a, {record("www.example.com", cname, 5, name("sip.example.net"))}});
  server.answer("sip.example.net", {"sip.example.net", a, {record("sip.example.net", a, 60, address({192, 0, 2, 9}))}});
  open(2s);
  const DnsResult& answer = ask("www.example.com");
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_THAT(answer->records, ElementsAre(DnsRecord(*IpAddress::parse("192.0.2.9"))));
  EXPECT_EQ(answer->ttl, 5s);
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(DnsClientTest, EndsALoopOfAliases) {
  server.answer("a.example.com", {"a.example.com", a, {record("a.example.com", cname, 5, name("b.example.com"))}});
  server.answer("b.example.com", {"b.example.com", a, {record("b.example.com", cname, 5, name("a.example.com"))}});
  open(2s);
  const DnsResult& answer = ask("a.example.com");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::Failed);
  EXPECT_THAT(answer.error().reason, HasSubstr("aliases"));
}

TEST_F(DnsClientTest, SilenceIsATimeout) {
  open(100ms);
  const DnsResult& answer = ask("silent.example.com");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::TimedOut);
  EXPECT_EQ(answer.error().reason, "no name server answers");
}

TEST_F(DnsClientTest, AnErrorOfTheServerIsAFailure) {
  server.answer("broken.example.com", {"broken.example.com", a, {}, {}, 2});
  open(200ms);
  const DnsResult& answer = ask("broken.example.com");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::Failed);
}

TEST_F(DnsClientTest, CanGoWhileQuestionsAreUnderWay) {
  open(100ms);
  client->ask(QueryId{1}, {"silent.example.com", DnsType::Srv});
  EXPECT_EQ(client->pending(), 1u);
  client.reset();
  io.run_for(300ms);
  EXPECT_TRUE(answers.empty());
}

}  // namespace
}  // namespace intermediary
