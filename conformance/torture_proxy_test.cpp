// Every torture message through a proxy in the simulator, as a datagram and on a connection: it does what the table
// says, nothing of it stays behind, and the next request is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>

#include "conformance/torture_table.h"
#include "sim/node_options.h"
#include "sim/wire.h"
#include "sim/world.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

struct Outcome {
  std::string verdict;  // as in the table's column `proxy`
  bool closes = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.verdict << (outcome.closes ? ", closes" : "");
}

// What the sender of a stream has to see of its first message.
Outcome expected_on_stream(const Verdict& verdict) {
  if (verdict.stream == verdict.datagram) return {verdict.proxy, false};
  bool closes = verdict.stream.ends_with(" close");
  std::string first = verdict.stream.substr(0, verdict.stream.find(' '));
  if (first == "accept") return {"forward", closes};
  return {first == "wait" || first == "silence" ? "drop" : first, closes};
}

bool has_route(const std::string& bytes) {
  const auto message = sim::WireMessage::read(bytes);
  return message && message->has("Route");
}

// A proxy that relays whatever comes as one rule says; nobody there ever answers.
class TorturedProxy {
 public:
  TorturedProxy(ProxyMode mode, const RelayAction& relay) {
    sim::NodeOptions options;
    for (const char* word : {"192.0.2.1:5060", "192.0.2.1:5060;transport=tcp", "large-over-tcp=no"}) {
      options.apply({word, {}});
    }
    options.config.proxy.mode = mode;
    options.config.rules = {{"relay", {}, relay, std::nullopt}};
    proxy_ = world_.add_node({"proxy", options.config});
    sender_ = party("sender", "192.0.2.10:5060", Transport::Udp);
    streamer_ = party("streamer", "192.0.2.11:5060", Transport::Tcp);
    party("sink", "192.0.2.30:5060", Transport::Udp);
    // Where the Routes of some messages lead.
    for (const char* host : {"border.loom.example", "services.example.com"}) {
      world_.zone().add_host(host, {{IpAddress::parse("192.0.2.30").value(), {}, {}}});
    }
  }

  Outcome datagram(const std::string& bytes) { return outcome_of(sender_, bytes); }
  Outcome stream(const std::string& bytes) {
    Outcome outcome = outcome_of(streamer_, bytes);
    std::ignore = world_.close(streamer_, proxy_);  // unless the proxy did
    return outcome;
  }

  // Once everything has taken its time: what is wrong with the proxy.
  std::vector<std::string> harm() {
    std::vector<std::string> found;
    if (!world_.run_until_idle(world_.now() + 10min)) found.emplace_back("it never comes to rest");
    for (std::string& what : world_.leftovers()) found.push_back(std::move(what));
    std::size_t before = world_.party(sender_).heard().size();
    const auto options = world_.party(sender_).outside_dialogs("OPTIONS", "sip:192.0.2.1");
    if (!world_.send(sender_, proxy_, options.to_bytes())) found.emplace_back("it cannot be reached");
    world_.run_until_idle(world_.now() + 10min);
    const auto& heard = world_.party(sender_).heard();
    if (heard.size() != before + 1 || heard.back().message.status() != 200) {
      found.emplace_back("it does not answer an OPTIONS with 200");
    }
    return found;
  }

 private:
  sim::HostId party(const std::string& name, const std::string& address, Transport transport) {
    return world_.add_party({name, {{transport, Endpoint::parse(address).value()}}, ""});
  }

  Outcome outcome_of(sim::HostId sender, const std::string& bytes) {
    const std::size_t before = world_.network().transcript().size();
    if (auto sent = world_.send(sender, proxy_, bytes); !sent) return {sent.error(), false};
    world_.run_until(world_.now() + 100ms);
    const auto& transcript = world_.network().transcript();
    Outcome outcome{"drop", false};
    for (std::size_t i = before; i < transcript.size(); ++i) {
      const sim::Transmission& seen = transcript[i];
      if (seen.from != proxy_) continue;
      outcome.closes |= seen.kind == sim::Transmission::Kind::Close;
      if (seen.kind != sim::Transmission::Kind::Message || is_trying(seen.bytes)) continue;
      if (outcome.verdict != "drop") break;  // about a second message behind the first
      outcome.verdict = verdict_of(seen.bytes);
    }
    return outcome;
  }

  static bool is_trying(const std::string& bytes) { return bytes.starts_with("SIP/2.0 100 "); }
  static std::string verdict_of(const std::string& bytes) {
    const std::string_view start = "SIP/2.0 ";
    return bytes.starts_with(start) ? bytes.substr(start.size(), 3) : "forward";
  }

  sim::World world_{1};
  sim::HostId proxy_, sender_, streamer_;
};

class TortureInTheSimulator : public testing::TestWithParam<ProxyMode> {
 protected:
  static void expect_verdicts(const TortureTable& table) {
    TorturedProxy to_the_sink(GetParam(), RelayAction{Uri::parse("sip:192.0.2.30").value()});
    TorturedProxy along_the_route(GetParam(), RelayAction{});
    for (const Verdict& verdict : table.verdicts) {
      SCOPED_TRACE(verdict.name + " (" + verdict.rule + "): " + verdict.why);
      const std::string bytes = table.message(verdict);
      TorturedProxy& proxy = has_route(bytes) ? along_the_route : to_the_sink;
      EXPECT_EQ(proxy.datagram(bytes), (Outcome{verdict.proxy, false})) << "as a datagram";
      EXPECT_THAT(proxy.harm(), IsEmpty()) << "after the datagram";
      EXPECT_EQ(proxy.stream(bytes), expected_on_stream(verdict)) << "on a connection";
      EXPECT_THAT(proxy.harm(), IsEmpty()) << "after the connection";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(InBothModes, TortureInTheSimulator, testing::Values(ProxyMode::Stateless, ProxyMode::Stateful),
                         [](const auto& mode) {
                           return mode.param == ProxyMode::Stateless ? "Stateless" : "Stateful";
                         });

TEST_P(TortureInTheSimulator, OurMessagesMeetTheirVerdicts) { expect_verdicts(our_messages()); }

TEST_P(TortureInTheSimulator, TheBytesOfRfc4475MeetTheirVerdicts) {
  const TortureTable table = messages_of_rfc4475();
  if (!std::filesystem::exists(table.folder)) GTEST_SKIP() << table.folder << " is not there (INTERMEDIARY_SHARED_DIR)";
  expect_verdicts(table);
}

}  // namespace
}  // namespace intermediary::conformance
