// A small world around one engine, driven by bytes: peers that send whatever the bytes say, a network that loses, opens
// and closes connections, a resolver, and time.
//
// The bytes are a list of actions. Some carry raw bytes to the engine; others build messages from tables and fuzzed
// parts, or turn what the engine sent into an answer, so that transactions and calls are reached. After every input all
// outputs are drained and judged; at the end time passes, and nothing may be left. What is wrong ends the process,
// which the fuzzer reports.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "message/compose.h"

namespace intermediary::fuzzing {

// Reads the fuzzer's bytes from the front; zeros when there are no more.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t byte();
  std::size_t below(std::size_t bound) { return byte() % bound; }
  // A length (one byte, or three that begin with 255), then that many bytes.
  std::string_view chunk();

 private:
  std::string_view rest_;
};

class EngineWorld {
 public:
  explicit EngineWorld(Bytes& bytes);

  // One action of the bytes.
  void act();
  // Everybody hangs up, time passes, and nothing may be left.
  void finish();

  Engine& engine() { return engine_; }
  const Config& config() const { return config_; }

 private:
  // What the engine sent, to be answered or repeated.
  struct Sent {
    Hop hop;
    std::string bytes;
  };

  // ---- actions
  void pass_time();
  void raw_datagram();
  void built_request();
  void answer_request();
  void acknowledge();
  void repeat_input();
  void open_inbound();
  void raw_stream();
  void lose_flow();
  void settle_opening();
  void settle_query();
  DnsFailure some_failure();
  DnsRecord some_record(DnsType type);
  void fail_datagram();
  void other_input();

  // ---- the way in and out
  void deliver(const Hop& from, std::string bytes);
  void handle(Input input);
  void drain();
  void judge(const Transmit& transmit);
  void take(const OpenFlow& order);
  void run_until(TimePoint time);
  void refuse_all();

  std::string request_text();
  void add_fuzz(RequestWriter& writer);
  Endpoint source();

  Bytes& bytes_;
  Limits limits_;
  Config config_;
  Engine engine_;
  TimePoint now_{};
  std::uint64_t inputs_ = 0;
  std::uint64_t next_flow_ = 1;
  std::vector<FlowOpened> open_;
  std::vector<OpenFlow> opening_;
  std::vector<DnsQuery> queries_;
  std::deque<Sent> sent_;
  std::deque<Sent> received_;  // our inputs, with where they came from
};

}  // namespace intermediary::fuzzing
