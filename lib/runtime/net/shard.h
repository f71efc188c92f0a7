// One engine with its sockets, flows and timer, on one thread.
//
// Every input goes through `deliver`; `settle` hands them to the engine one by one, drains it after each, sends what
// came out, and sets the timer to the next deadline. An output that fails at once comes back as an input of its own.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/engine.h"
#include "engine/routing_engine.h"
#include "runtime/cdr/call_records.h"
#include "runtime/dns/dns_client.h"
#include "runtime/http/http_client.h"
#include "runtime/net/file_watch.h"
#include "runtime/net/handshakes.h"
#include "runtime/net/inbox.h"
#include "runtime/net/stream_flow.h"
#include "runtime/net/tcp_listener.h"
#include "runtime/net/tls_contexts.h"
#include "runtime/net/udp_listener.h"
#include "runtime/recorder.h"
#include "runtime/reload.h"
#include "runtime/store/binding_store.h"

namespace intermediary {

class Shard final : public Inbox {
 public:
  Shard(boost::asio::io_context& io, Log& log);

  // Whom [engine.NAME] means. REQUIRES: before open().
  void set_engines(RoutingEngines engines) { engines_ = std::move(engines); }
  // Reads the certificates, binds the listeners and makes the engine, for the configuration with the ports as bound.
  // The error names the certificate or listener and the cause. REQUIRES: called once, before all else.
  std::expected<void, std::string> open(Config config, const Seed& seed);
  const Config& config() const { return *config_; }
  // From the first input on. REQUIRES: open() and not start(). The error says why there can be no record.
  std::expected<void, std::string> record(const RecordSettings& settings, const Seed& seed);

  void start();
  // How reload() reads the configuration; without it, it reads certificates alone. REQUIRES: open().
  void set_reader(ReadConfiguration read, const WatchedFiles& watched);
  // Begins to read the configuration and the files of all certificates again, on another thread: what comes from now on
  // is under the new ones, what is there keeps what it has. All or nothing: where something is wrong, all stays as it
  // was, and lines of the log say why. `done` may be empty.
  void reload(ReloadDone done);
  // No new connections; new requests get 503. `at_rest` is called once, when nothing waits for an answer any more and
  // all that was to be sent is with the kernel; transactions that only absorb repetitions may still stand.
  void drain(std::function<void()> at_rest);
  // What is live now and what happened since the start, for the log: "server_transactions=0 … requests_in=7 …".
  std::string figures() const;
  std::vector<std::pair<std::string_view, std::uint64_t>> all_figures() const;
  const Engine& engine() const { return *engine_; }
  // How often each event came, by its name.
  const std::map<std::string_view, std::uint64_t>& events() const { return events_; }
  // Requests that have their final answer, by how long that took.
  struct Latencies {
    static constexpr std::array<Duration::rep, 9> bounds_us = {1000,    5000,    20000,    100000,   500000,
                                                               2000000, 8000000, 32000000, 180000000};
    std::array<std::uint64_t, 9> within{};  // each: at most so long
    std::uint64_t count = 0;
    Duration sum{};
    std::array<std::uint64_t, 7> by_class{};  // 2xx at 2
  };
  const Latencies& latencies() const { return latencies_; }
  void command(Command command);
  bool is_draining() const { return draining_; }
  // All events and messages of that call are logged for so long, whatever the level.
  void watch_call(const std::string& call_id, std::chrono::seconds how_long);

  void deliver(Input input) override;
  void settle() override;
  void note(LogLevel level, std::string_view line) override { log_.write(level, line); }

 private:
  using SteadyClock = std::chrono::steady_clock;

  void open_dns();
  void open_http();
  std::expected<void, std::string> open_store();
  std::expected<void, std::string> open_call_records();
  std::error_code open_listener(ListenerId id, ListenerConfig& listener, const Limits& limits);
  void accepted(ListenerId id, StreamFlow::Socket socket, const Endpoint& remote);
  StreamFlow::Setup setup_for(ListenerId id, const Endpoint& remote) const;
  std::shared_ptr<StreamFlow> add_flow(StreamFlow::Socket socket, const StreamFlow::Identity& identity,
                                       StreamFlow::Setup setup);
  std::size_t handshakes_of(const IpAddress& source) const;
  // ---- shard_reload.cpp
  struct ReadAnew;
  using Reading = std::expected<std::shared_ptr<ReadAnew>, std::vector<std::string>>;
  static Reading read_anew(const ReadConfiguration& read, const Config& current,
                           const std::vector<ListenerConfig>& configured, const RoutingEngines& engines);
  void begin_to_read();
  void take(Reading reading);
  std::string take(ReadAnew& anew);
  std::string refuse_reload(const std::vector<std::string>& problems);
  void watch(const WatchedFiles& files);
  void warn_of_certificates();
  TimePoint now() const;
  void handle(Input input);
  void carry_out(Transmit transmit);
  void carry_out(const OpenFlow& order);
  void carry_out(const CloseFlow& order);
  void carry_out(const DnsQuery& query);
  void carry_out(StoreRequest request);
  void carry_out(HttpRequest request);
  void carry_out(const RouteAsked& asked);
  void carry_out(const Event& event);
  void flush();
  bool has_unsent() const;
  bool is_watched(std::string_view bytes);
  void show(std::string_view what, const std::string& peer, std::string_view bytes);
  void note_event(const Event& event);
  void set_timer();
  void timer_fired();

  boost::asio::io_context& io_;
  Log& log_;
  std::shared_ptr<const Config> config_;    // as bound, and as it was read last
  std::vector<ListenerConfig> configured_;  // its listeners before they were bound
  std::optional<Engine> engine_;
  std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
  const SteadyClock::time_point started_ = SteadyClock::now();
  std::shared_ptr<const TlsContexts> tls_;  // none where no listener speaks TLS
  Handshakes handshakes_{[this](const IpAddress& source) { return handshakes_of(source); }};
  std::unordered_map<std::uint32_t, std::unique_ptr<UdpListener>> udp_;  // by ListenerId
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::unordered_map<std::uint64_t, std::shared_ptr<StreamFlow>> flows_;  // by FlowId
  std::vector<std::shared_ptr<StreamFlow>> to_flush_;
  std::unique_ptr<DnsClient> dns_;  // null where there can be none, and then why
  std::string no_dns_;
  std::unique_ptr<HttpClient> http_;
  RoutingEngines engines_;
  std::map<std::string, std::unique_ptr<BindingStore>> user_stores_;  // by [auth.NAME]
  std::unique_ptr<BindingStore> store_;                               // null: bindings are in memory alone
  std::unique_ptr<CallRecords> calls_;                                // null: calls are not recorded
  std::uint64_t last_flow_ = 0;
  std::map<std::string_view, std::uint64_t> events_;
  Latencies latencies_;
  std::map<std::string, SteadyClock::time_point, std::less<>> shown_;  // Call-IDs, and until when
  bool draining_ = false;
  std::vector<char> scratch_;
  std::deque<Input> inputs_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> timer_set_to_;
  std::function<void()> at_rest_;
  ReadConfiguration read_;
  std::vector<ReloadDone> reloading_;    // who asked for what is being read
  std::vector<ReloadDone> reload_next_;  // who has asked since
  bool is_reading_ = false;
  std::uint64_t reloads_ = 0, reloads_refused_ = 0;
  std::unique_ptr<FileWatch> watch_;  // null: no file is watched
  std::vector<std::string> watched_;  // by it
  std::jthread reader_;               // of what reload() asks for; looks at nothing of ours
};

}  // namespace intermediary
