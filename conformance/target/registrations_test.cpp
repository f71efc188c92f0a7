#include "conformance/target/registrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <thread>

namespace intermediary::conformance {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view world =
    "scenario s\n"
    "node  p1    proxy stateful 192.0.2.1:5060 domain=example.com\n"
    "party bob   192.0.2.20:5060\n"
    "location sip:bob@example.com = bob\n";

// A registrar that is a socket: what it is asked and what it answers is the test's.
class RegistrationsTest : public testing::Test {
 protected:
  RegistrationsTest() {
    cast.open(stage).value();
    registrar.non_blocking(true);
  }

  void bind() {
    registrations.bind(script.scenario.locations, [this](const std::string& trouble) { result = trouble; });
    run(50ms);
  }
  void run(Duration time) {
    io.restart();
    io.run_for(time);
  }
  // The requests that came since.
  std::vector<std::string> asked() {
    std::vector<std::string> requests;
    std::string buffer(65536, '\0');
    boost::system::error_code error;
    while (true) {
      const std::size_t size = registrar.receive_from(asio::buffer(buffer), from, 0, error);
      if (error) return requests;
      requests.push_back(buffer.substr(0, size));
    }
  }
  void answer(const std::string& request, const std::string& status) {
    registrar.send_to(asio::buffer("SIP/2.0 " + status + request.substr(request.find("\r\n"))), from);
  }

  asio::io_context io;
  udp::socket registrar{io, {asio::ip::address_v4::loopback(), 0}};
  Script script = scripts_of("s.flow", world, sim::nothing_around())->front();
  Target target{endpoint_of(registrar.local_endpoint()), {Transport::Udp}, "example.com", std::nullopt};
  // Tests run beside each other: a network of its own for each process.
  Cast cast{script, target, {"xtest", static_cast<std::uint16_t>((61 << 8) + ::getpid() % 256)}};
  Stage stage{
      io, [this](std::size_t, const Endpoint&, sim::EndId, const std::string& bytes) { registrations.hear(bytes); }};
  Registrations registrations{io, stage, cast, target};
  udp::endpoint from;
  std::optional<std::string> result;
};

TEST_F(RegistrationsTest, BindsAndSaysWhyNot) {
  bind();
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests.front(), HasSubstr("REGISTER sip:example.com SIP/2.0\r\n"));
  EXPECT_THAT(requests.front(), HasSubstr("To: <sip:bob.xtest@example.com>\r\n"));
  answer(requests.front(), "403 Forbidden");
  run(50ms);
  EXPECT_EQ(result, "the REGISTER of sip:bob@example.com is answered 403 Forbidden");
}

// The answer and the end of the wait are found at the same time, as on a machine that is far too busy.
TEST_F(RegistrationsTest, NothingIsAskedAgainOnceItIsAnswered) {
  bind();
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 1U);
  answer(requests.front(), "200 OK");
  std::this_thread::sleep_for(550ms);
  run(1200ms);
  EXPECT_EQ(result, "");
  EXPECT_THAT(asked(), testing::IsEmpty());
}

TEST_F(RegistrationsTest, NothingIsLeftBehindThatWaits) {
  bind();
  std::this_thread::sleep_for(550ms);
  registrations.close();
  run(1200ms);
  EXPECT_EQ(asked().size(), 1U);
  EXPECT_EQ(result, std::nullopt);
}

}  // namespace
}  // namespace intermediary::conformance
