// A flood in virtual time: ten times as many calls as the configuration lets in.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t capacity = 50;  // calls a second
constexpr Duration talking = seconds(3);

// Many callers, who give up on a 503, and a callee who answers at once.
class FloodTest : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    config.domains = {"example.com"};
    config.proxy.mode = ProxyMode::CallStateful;
    config.rules = {{"trunk",
                     {.sources = {*Cidr::parse("192.0.2.10/32")}},
                     RelayAction{*Uri::parse("sip:192.0.2.20")},
                     std::nullopt}};
    config.overload.calls_per_second = capacity;
    config.overload.burst = capacity;
    return config;
  }

  void flood(std::int64_t per_second, Duration time) {
    const Duration step = Duration(seconds(1)) / per_second;
    for (const TimePoint end = now_ + time; now_ < end; now_ += step) {
      hang_up();
      call();
    }
  }
  // Until everybody has hung up and nothing lingers.
  void settle() {
    for (const TimePoint end = now_ + seconds(60); now_ < end; now_ += milliseconds(100)) {
      hang_up();
      run_timers();
    }
  }

  Engine engine_{config(), seed_from_number(7)};
  TimePoint now_ = TimePoint{} + seconds(1);
  std::size_t answered_ = 0, refused_ = 0, byes_ = 0, byes_answered_ = 0;

 private:
  void call() {
    const std::string id = std::to_string(++number_);
    receive("192.0.2.10:5060", request("INVITE", id, 1, "", ""));
  }
  void hang_up() {
    while (!hanging_up_.empty() && hanging_up_.begin()->first <= now_) {
      const auto [id, route] = hanging_up_.begin()->second;
      hanging_up_.erase(hanging_up_.begin());
      ++byes_;
      receive("192.0.2.10:5060", request("BYE", id, 2, ";tag=b", route));
    }
  }

  void run_timers() {
    for (auto due = engine_.next_deadline(); due && *due <= now_; due = engine_.next_deadline()) {
      engine_.handle(*due, DeadlineReached{});
      drain();
    }
  }
  void receive(std::string_view from, std::string bytes) {
    run_timers();
    engine_.handle(now_, DatagramReceived{ListenerId{1}, *Endpoint::parse(from), std::move(bytes)});
    drain();
  }
  void drain() {
    std::vector<std::pair<bool, std::string>> sent;
    while (auto output = engine_.poll()) {
      const auto* transmit = std::get_if<Transmit>(&*output);
      if (!transmit) continue;
      sent.emplace_back(transmit->hop.remote.to_string() == "192.0.2.20:5060", transmit->bytes);
    }
    for (const auto& [to_callee, bytes] : sent) to_callee ? callee(bytes) : caller(bytes);
  }

  void callee(const std::string& bytes) {
    if (!bytes.starts_with("INVITE") && !bytes.starts_with("BYE")) return;
    receive("192.0.2.20:5060", response(bytes));
  }
  void caller(const std::string& bytes) {
    const std::string call_id = field(bytes, "Call-ID: ");
    const std::string id = call_id.substr(0, call_id.find('@'));
    const bool of_bye = field(bytes, "CSeq: ") == "2 BYE";
    if (of_bye) {
      byes_answered_ += bytes.starts_with("SIP/2.0 200") ? 1 : 0;
    } else if (bytes.starts_with("SIP/2.0 200")) {
      ++answered_;
      const std::string route = "Route: " + field(bytes, "Record-Route: ") + "\r\n";
      receive("192.0.2.10:5060", request("ACK", id, 1, ";tag=b", route));
      hanging_up_.emplace(now_ + talking, std::pair(id, route));
    } else if (bytes.starts_with("SIP/2.0 503")) {
      ++refused_;
      const std::string to = field(bytes, "To: ");
      receive("192.0.2.10:5060", request("ACK", id, 1, to.substr(to.find(';')), ""));
    }
  }

  static std::string request(const std::string& method, const std::string& id, int cseq, const std::string& to_tag,
                             const std::string& route) {
    const std::string branch = id + (method == "BYE" || (method == "ACK" && to_tag == ";tag=b") ? method : "");
    return method + " sip:bob@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK" + branch + "\r\n" +
           route + "Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>" + to_tag +
           "\r\nCall-ID: " + id + "@192.0.2.10\r\nCSeq: " + std::to_string(cseq) + " " + method +
           "\r\nContact: <sip:alice@192.0.2.10>\r\nContent-Length: 0\r\n\r\n";
  }
  static std::string field(const std::string& message, const std::string& name) {
    const std::size_t begin = message.find("\r\n" + name);
    if (begin == std::string::npos) return {};
    const std::size_t value = begin + 2 + name.size();
    return message.substr(value, message.find("\r\n", value) - value);
  }
  static std::string response(const std::string& request) {
    std::string text = "SIP/2.0 200 OK\r\n";
    for (std::size_t at = request.find("\r\n") + 2; request[at] != '\r';) {
      const std::size_t end = request.find("\r\n", at) + 2;
      std::string line = request.substr(at, end - at);
      at = end;
      if (line.starts_with("To:") && !line.contains(";tag=")) line.insert(line.size() - 2, ";tag=b");
      for (const char* copied : {"Via:", "From:", "To:", "Call-ID:", "CSeq:", "Record-Route:"}) {
        if (line.starts_with(copied)) text += line;
      }
    }
    return text + "Contact: <sip:bob@192.0.2.20>\r\nContent-Length: 0\r\n\r\n";
  }

  long number_ = 0;
  std::multimap<TimePoint, std::pair<std::string, std::string>> hanging_up_;
};

TEST_F(FloodTest, TenTimesTheCapacityLeavesTheCapacity) {
  flood(10 * capacity, seconds(40));
  const LiveObjects early = engine_.live();
  const std::size_t answered_early = answered_;
  flood(10 * capacity, seconds(10));
  const LiveObjects late = engine_.live();
  const std::size_t goodput = answered_ - answered_early;
  EXPECT_GE(goodput, static_cast<std::size_t>(capacity * 10 * 9 / 10));
  EXPECT_LE(goodput, static_cast<std::size_t>(capacity * 10 + 1));
  EXPECT_EQ(answered_ + refused_, static_cast<std::size_t>(50 * 10 * capacity));
  // Flat: what stands there is that of so many calls a second, and no more for what was refused.
  EXPECT_NEAR(static_cast<double>(late.server_transactions), static_cast<double>(early.server_transactions), 10);
  EXPECT_NEAR(static_cast<double>(late.dialogs), static_cast<double>(early.dialogs), 10);
  EXPECT_NEAR(static_cast<double>(late.timers), static_cast<double>(early.timers), 40);
  EXPECT_LE(late.server_transactions, static_cast<std::size_t>(capacity * 2 * 33 + 2 * capacity));
  settle();
  EXPECT_EQ(byes_, answered_);
  EXPECT_EQ(byes_answered_, byes_);
  EXPECT_EQ(engine_.counters().overload_refused, refused_);
  EXPECT_TRUE(engine_.live().idle());
  EXPECT_EQ(engine_.live().dialogs, 0u);
  EXPECT_EQ(engine_.live().timers, 0u);
}

// Whoever is not let in by any rule uses up nothing.
TEST_F(FloodTest, StrangersDoNotTakeTheRoomOfOthers) {
  for (int i = 0; i < 1000; ++i) {
    engine_.handle(now_, DatagramReceived{ListenerId{1}, *Endpoint::parse("203.0.113.7:5060"),
                                          "INVITE sip:bob@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP "
                                          "203.0.113.7;branch=z9hG4bKx" +
                                              std::to_string(i) +
                                              "\r\nMax-Forwards: 70\r\nFrom: <sip:x@example.net>;tag=x\r\n"
                                              "To: <sip:bob@example.com>\r\nCall-ID: x" +
                                              std::to_string(i) + "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"});
    while (engine_.poll()) {
    }
  }
  flood(capacity, seconds(2));
  EXPECT_EQ(answered_, static_cast<std::size_t>(2 * capacity));
  EXPECT_EQ(refused_, 0u);
  settle();
}

}  // namespace
}  // namespace intermediary
