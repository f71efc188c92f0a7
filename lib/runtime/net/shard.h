// One engine with its sockets, flows and timer, on one thread.
//
// Every input goes through `deliver`; `settle` hands them to the engine one by one, drains it after each, sends what
// came out, and sets the timer to the next deadline. An output that fails at once comes back as an input of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/engine.h"
#include "runtime/net/inbox.h"
#include "runtime/net/tcp_flow.h"
#include "runtime/net/tcp_listener.h"
#include "runtime/net/udp_listener.h"

namespace intermediary {

class Shard final : public Inbox {
 public:
  Shard(boost::asio::io_context& io, Log& log);

  // Binds the listeners and makes the engine, for the configuration with the ports as bound. The error names the
  // listener and the cause. REQUIRES: called once, before all else.
  std::expected<void, std::string> open(Config config, const Seed& seed);
  const Config& config() const { return config_; }

  void start();
  // No new connections; new requests get 503. `at_rest` is called once, when nothing waits for an answer any more and
  // all that was to be sent is with the kernel; transactions that only absorb repetitions may still stand.
  void drain(std::function<void()> at_rest);
  // What is live now and what happened since the start, for the log: "server_transactions=0 … requests_in=7 …".
  std::string figures() const;

  void deliver(Input input) override;
  void settle() override;
  void note(LogLevel level, std::string_view line) override { log_.write(level, line); }

 private:
  using SteadyClock = std::chrono::steady_clock;

  std::error_code open_listener(ListenerId id, ListenerConfig& listener);
  void accepted(ListenerId id, TcpFlow::Socket socket, const Endpoint& remote);
  std::shared_ptr<TcpFlow> add_flow(TcpFlow::Socket socket, const TcpFlow::Identity& identity);
  TimePoint now() const;
  void handle(Input input);
  void carry_out(Transmit transmit);
  void carry_out(const OpenFlow& order);
  void carry_out(const CloseFlow& order);
  void carry_out(const Resolve& question);
  void carry_out(const Event& event);
  void flush();
  bool has_unsent() const;
  void set_timer();
  void timer_fired();

  boost::asio::io_context& io_;
  Log& log_;
  Config config_;
  std::optional<Engine> engine_;
  const SteadyClock::time_point started_ = SteadyClock::now();
  std::unordered_map<std::uint32_t, std::unique_ptr<UdpListener>> udp_;  // by ListenerId
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::unordered_map<std::uint64_t, std::shared_ptr<TcpFlow>> flows_;  // by FlowId
  std::vector<std::shared_ptr<TcpFlow>> to_flush_;
  std::uint64_t last_flow_ = 0;
  std::vector<char> scratch_;
  std::deque<Input> inputs_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> timer_set_to_;
  std::function<void()> at_rest_;
};

}  // namespace intermediary
