#include "runtime/net/shard.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/connection_limits.h"
#include "base/limits.h"
#include "base/overloaded.h"
#include "routing/rule.h"

namespace intermediary {
namespace {

constexpr std::size_t scratch_bytes = std::size_t{64} * 1024;

WallTime wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string address_of(const ListenerConfig& listener) {
  return std::string(parameter_name(listener.transport)) + ':' + listener.bind.to_string();
}

// The time of a whole question, over the tries: the first waits a third of it, and the second twice as long.
DnsClientSettings settings_from(const DnsConfig& config) {
  DnsClientSettings settings;
  settings.servers = config.servers;
  settings.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config.timeout) / 3;
  settings.tries = 2;
  return settings;
}

}  // namespace

Shard::Shard(boost::asio::io_context& io, Log& log) : io_(io), log_(log), scratch_(scratch_bytes), timer_(io) {}

std::expected<void, std::string> Shard::open(Config config, const Seed& seed) {
  if (std::string problem = engines_.problem_with(config); !problem.empty()) return std::unexpected(problem);
  configured_ = config.listeners;
  if (speaks_tls(config)) {
    auto contexts = TlsContexts::load(config);
    if (!contexts) return std::unexpected(contexts.error());
    tls_ = std::move(*contexts);
    warn_of_certificates();
  }
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    ListenerConfig& listener = config.listeners[i];
    const ListenerId id{static_cast<std::uint32_t>(i + 1)};
    if (const std::error_code error = open_listener(id, listener, config.limits)) {
      return std::unexpected("cannot listen on " + address_of(listener) + ": " + error.message());
    }
    log_.write(LogLevel::Info, "listening name=" + log_value(listener.name) + " on=" + address_of(listener) +
                                   " advertise=" + log_value(listener.advertise_host));
  }
  if (const std::string problem = problem_with(config); !problem.empty()) return std::unexpected(problem);
  engine_.emplace(config, seed);
  config_ = std::make_shared<const Config>(std::move(config));
  open_dns();
  open_http();
  if (auto opened = open_store(); !opened) return opened;
  return open_call_records();
}

std::expected<void, std::string> Shard::open_call_records() {
  if (!config_->call_records.is_kept()) return {};
  auto records = CallRecords::open(config_->call_records,
                                   {io_, [this](Command command) { deliver(std::move(command)); }, [this] { settle(); },
                                    [this](LogLevel level, std::string_view line) { note(level, line); }});
  if (!records) return std::unexpected(records.error());
  calls_ = *std::move(records);
  return {};
}

std::expected<void, std::string> Shard::record(const RecordSettings& settings, const Seed& seed) {
  RecordHeader header;
  header.program = settings.program;
  header.seed = seed;
  header.wall_at_zero = wall_clock() - now().time_since_epoch();
  header.config = settings.config;
  header.listeners = config_->listeners;
  header.key = config_->proxy.key;
  auto recorder = Recorder::open(settings.file, std::move(header), log_);
  if (!recorder) return std::unexpected(recorder.error());
  recorder_ = *std::move(recorder);
  log_.write(LogLevel::Info, "recording file=" + log_value(settings.file.path));
  return {};
}

// A server whose configuration asks for no names works without name servers, too.
void Shard::open_dns() {
  auto dns = DnsClient::open(
      io_, settings_from(config_->dns),
      [this](QueryId query, DnsResult result) { deliver(DnsAnswered{query, std::move(result)}); },
      [this] { settle(); });
  if (dns) {
    dns_ = *std::move(dns);
    return;
  }
  no_dns_ = "no name server can be asked: " + dns.error();
  log_.write(LogLevel::Warning, "no-name-servers reason=" + log_value(dns.error()));
}

void Shard::open_http() {
  http_ = std::make_unique<HttpClient>(HttpClient::Surroundings{
      io_, dns_.get(), [this](HttpReplied reply) { deliver(std::move(reply)); }, [this] { settle(); }});
  http_->trust(config_->authorities_file);
}

std::expected<void, std::string> Shard::open_store() {
  const auto surroundings = [this]() -> BindingStore::Surroundings {
    return {io_, [this](StoreReplied reply) { deliver(std::move(reply)); }, [this] { settle(); },
            [this](LogLevel level, std::string_view line) { note(level, line); }};
  };
  for (const UserStoreConfig& users : config_->user_stores) {
    auto store = open_user_store(users.store, surroundings());
    if (!store) return std::unexpected("[auth." + users.auth + "]: " + store.error());
    user_stores_[users.auth] = *std::move(store);
  }
  if (!config_->store.is_outside()) return {};
  auto store = open_binding_store(config_->store, surroundings());
  if (!store) return std::unexpected(store.error());
  store_ = *std::move(store);
  return {};
}

std::error_code Shard::open_listener(ListenerId id, ListenerConfig& listener, const Limits& limits) {
  if (listener.transport == Transport::Udp) {
    auto udp = std::make_unique<UdpListener>(io_, id, limits, *this);
    if (const std::error_code error = udp->open(listener.bind)) return error;
    listener.bind = udp->local();
    udp_.emplace(id.value, std::move(udp));
    return {};
  }
  auto tcp = std::make_unique<TcpListener>(
      io_, id, *this, [this](ListenerId listener_id, StreamFlow::Socket socket, const Endpoint& remote) {
        accepted(listener_id, std::move(socket), remote);
      });
  if (const std::error_code error = tcp->open(listener.bind)) return error;
  listener.bind = tcp->local();
  tcp_.push_back(std::move(tcp));
  return {};
}

void Shard::start() {
  for (auto& [id, udp] : udp_) udp->start();
  for (auto& tcp : tcp_) tcp->start();
  deliver(WallClock{wall_clock()});
  settle();
}

void Shard::drain(std::function<void()> at_rest) {
  for (auto& tcp : tcp_) tcp->close();
  at_rest_ = std::move(at_rest);
  draining_ = true;
  deliver(Command{Command::Kind::Drain});
  settle();
}

std::vector<std::pair<std::string_view, std::uint64_t>> Shard::all_figures() const {
  const LiveObjects live = engine_->live();
  const Counters& counted = engine_->counters();
  std::vector<std::pair<std::string_view, std::uint64_t>> figures = {
      {"server_transactions", live.server_transactions},
      {"client_transactions", live.client_transactions},
      {"response_contexts", live.response_contexts},
      {"queries", live.queries},
      {"flows", live.flows},
      {"bindings", live.bindings},
      {"dialogs", live.dialogs},
      {"calls", live.calls},
      {"subscriptions", live.subscriptions},
      {"trunk_registrations", live.trunk_registrations},
      {"timers", live.timers},
      {"waiting", live.waiting},
      {"requests_in", counted.requests_in},
      {"responses_in", counted.responses_in},
      {"requests_out", counted.requests_out},
      {"responses_out", counted.responses_out},
      {"retransmissions_in", counted.retransmissions_in},
      {"rejected", counted.rejected},
      {"refused", counted.refused},
      {"rate_limited", counted.rate_limited},
      {"overload_refused", counted.overload_refused},
      {"overload_dropped", counted.overload_dropped},
      {"overload_held", counted.overload_held},
      {"limit_refused", counted.limit_refused},
      {"strays", counted.strays},
      {"send_failures", counted.send_failures},
      {"store_requests", counted.store_requests},
      {"store_failures", counted.store_failures},
      {"store_conflicts", counted.store_conflicts},
      {"known_lookups", counted.known_lookups},
      {"http_requests", counted.asks.http_requests},
      {"http_failures", counted.asks.http_failures},
      {"routes_asked", counted.asks.routes_asked},
      {"routes_failed", counted.asks.routes_failed},
      {"routes_unasked", counted.asks.routes_unasked},
      {"identities_signed", counted.identities.signed_calls},
      {"identities_unsigned", counted.identities.unsigned_calls},
      {"identities_passed", counted.identities.passed},
      {"identities_failed", counted.identities.failed},
      {"identities_absent", counted.identities.absent},
      {"certificates_fetched", counted.identities.fetched},
      {"certificate_failures", counted.identities.fetch_failures},
      {"user_lookups", counted.user_lookups},
      {"user_lookup_failures", counted.user_lookup_failures},
      {"trunk_registers", counted.trunk_registers},
      {"trunk_register_failures", counted.trunk_register_failures},
      {"reloads", reloads_},
      {"reloads_refused", reloads_refused_},
      {"handshakes", handshakes_.under_way()},
      {"handshakes_failed", handshakes_.failed},
      {"handshakes_refused", handshakes_.refused},
  };
  if (recorder_) {
    figures.emplace_back("recorded", recorder_->recorded());
    figures.emplace_back("unrecorded", recorder_->unrecorded());
  }
  if (calls_) {
    const CallRecords::Figures kept = calls_->figures();
    figures.emplace_back("call_records_written", kept.written);
    figures.emplace_back("call_records_waiting", kept.waiting);
    figures.emplace_back("calls_unrecorded", kept.unrecorded);
  }
  return figures;
}

std::string Shard::figures() const {
  std::string line;
  for (const auto& [name, value] : all_figures()) {
    if (!line.empty()) line += ' ';
    line += std::string(name) + '=' + std::to_string(value);
  }
  return line;
}

void Shard::accepted(ListenerId id, StreamFlow::Socket socket, const Endpoint& remote) {
  add_flow(std::move(socket), {FlowId{++last_flow_}, id, remote}, setup_for(id, remote))->start();
}

StreamFlow::Setup Shard::setup_for(ListenerId id, const Endpoint& remote) const {
  const ListenerConfig& listener = config_->listeners[id.value - 1];
  StreamFlow::Setup setup;
  setup.transport = listener.transport;
  setup.web_socket = listener.websocket;
  setup.upgrade = upgrade_rules(*config_, listener);
  setup.upgrade.config = config_;
  setup.silence = config_->limits.idle_connection;
  setup.proxy_header = std::ranges::any_of(listener.proxy_protocol,
                                           [&](const Cidr& balancers) { return balancers.contains(remote.address); });
  if (is_secure(listener.transport)) {
    setup.make_stream = [contexts = tls_, id](int descriptor) { return contexts->serve(id, descriptor); };
  }
  return setup;
}

std::shared_ptr<StreamFlow> Shard::add_flow(StreamFlow::Socket socket, const StreamFlow::Identity& identity,
                                            StreamFlow::Setup setup) {
  auto flow = std::make_shared<StreamFlow>(std::move(socket), identity, std::move(setup),
                                           StreamFlow::Surroundings{scratch_, *this, handshakes_},
                                           [this](FlowId gone) { flows_.erase(gone.value); });
  flows_.insert_or_assign(identity.flow.value, flow);
  return flow;
}

// As many as connections; a source that a rule names has no limit of its own (policy/admission.h).
std::size_t Shard::handshakes_of(const IpAddress& source) const {
  return names_source(config_->rules, source) ? limit::handshakes : config_->limits.connections_per_source;
}

void Shard::deliver(Input input) { inputs_.push_back(std::move(input)); }

void Shard::settle() {
  while (!inputs_.empty()) {
    while (!inputs_.empty()) {
      Input input = std::move(inputs_.front());
      inputs_.pop_front();
      handle(std::move(input));
    }
    flush();
  }
  set_timer();
  if (at_rest_ && engine_->live().at_rest() && !has_unsent()) std::exchange(at_rest_, nullptr)();
}

TimePoint Shard::now() const { return at(std::chrono::duration_cast<Duration>(SteadyClock::now() - started_)); }

void Shard::handle(Input input) {
  const TimePoint time = now();
  if (!shown_.empty()) {
    if (const auto* datagram = std::get_if<DatagramReceived>(&input)) {
      show("message-received", datagram->remote.to_string(), datagram->bytes);
    } else if (const auto* stream = std::get_if<StreamReceived>(&input)) {
      show("message-received", "connection-" + std::to_string(stream->flow.value), stream->bytes);
    }
  }
  if (recorder_) recorder_->begin(time, input);
  engine_->handle(time, std::move(input));
  while (std::optional<Output> output = engine_->poll()) {
    if (recorder_) recorder_->output(*output);
    std::visit([this](auto& what) { carry_out(std::move(what)); }, *output);
  }
  if (recorder_) recorder_->finish(*engine_);
}

void Shard::carry_out(Transmit transmit) {
  if (!shown_.empty()) show("message-sent", transmit.hop.remote.to_string(), transmit.bytes);
  if (transmit.hop.flow) {
    const auto found = flows_.find(transmit.hop.flow.value);
    if (found == flows_.end()) return;  // gone, as an input that waits will tell
    const std::shared_ptr<StreamFlow> flow = found->second;
    flow->send(std::move(transmit.bytes));
    to_flush_.push_back(flow);
    return;
  }
  const auto found = udp_.find(transmit.hop.listener.value);
  if (found == udp_.end()) {
    deliver(
        DatagramFailed{transmit.hop.listener, transmit.hop.remote, std::move(transmit.bytes), "no such UDP listener"});
  } else {
    found->second->send(transmit.hop.remote, std::move(transmit.bytes));
  }
}

void Shard::carry_out(const OpenFlow& order) {
  StreamFlow::Setup setup;
  setup.transport = order.transport;
  switch (order.transport) {
    case Transport::Tcp:
      break;
    case Transport::Tls:
      if (!tls_) return deliver(FlowClosed{order.flow, "no listener speaks TLS"});
      setup.make_stream = [contexts = tls_, order](int descriptor) {
        return contexts->connect(order.listener, order.server_name, descriptor);
      };
      break;
    default:
      return deliver(FlowClosed{order.flow, "WebSocket connections are opened by clients alone"});  // RFC 7118 §5
  }
  const bool known = order.listener && order.listener.value <= config_->listeners.size();
  const IpAddress source = known ? config_->listeners[order.listener.value - 1].bind.address : IpAddress();
  add_flow(StreamFlow::Socket(io_), {order.flow, order.listener, order.remote}, std::move(setup))->connect(source);
}

void Shard::carry_out(const CloseFlow& order) {
  const auto found = flows_.find(order.flow.value);
  if (found == flows_.end()) return;
  const std::shared_ptr<StreamFlow> flow = found->second;
  flows_.erase(found);
  flow->close();
}

// Without name servers each question fails with the reason why there are none.
void Shard::carry_out(const DnsQuery& query) {
  if (dns_) return dns_->ask(query.query, query.question);
  deliver(DnsAnswered{query.query, std::unexpected(DnsFailure{DnsFailure::Kind::Failed, {}, no_dns_})});
}

void Shard::carry_out(StoreRequest request) {
  BindingStore& store = request.users.empty() ? *store_ : *user_stores_.at(request.users);
  store.ask(std::move(request));
}

void Shard::carry_out(HttpRequest request) { http_->ask(std::move(request)); }

void Shard::carry_out(const RouteAsked& asked) {
  if (auto decided = engines_.ask(asked)) deliver(*std::move(decided));
}

void Shard::carry_out(const Event& event) {
  note_event(event);
  if (const auto* begun = std::get_if<CallBegun>(&event)) calls_->begun(begun->call);
  if (const auto* ended = std::get_if<CallRecorded>(&event)) calls_->ended(*ended);
  const std::string line = to_line(event);
  log_.write(is_watched(line) ? LogLevel::Asked : level_of(event), line);
}

void Shard::note_event(const Event& event) {
  ++events_[event_name(event)];
  const auto* completed = std::get_if<RequestCompleted>(&event);
  if (!completed) return;
  ++latencies_.count;
  latencies_.sum += completed->took;
  for (std::size_t i = 0; i < latencies_.within.size(); ++i) {
    if (completed->took.count() <= Latencies::bounds_us[i]) ++latencies_.within[i];
  }
  const auto status_class = static_cast<std::size_t>(completed->status / 100);
  if (status_class < latencies_.by_class.size()) ++latencies_.by_class[status_class];
}

void Shard::command(Command command) {
  if (command.kind == Command::Kind::Drain) draining_ = true;
  if (command.kind == Command::Kind::Resume) draining_ = false;
  deliver(std::move(command));
  settle();
}

void Shard::watch_call(const std::string& call_id, std::chrono::seconds how_long) {
  shown_[call_id] = SteadyClock::now() + how_long;
}

bool Shard::is_watched(std::string_view bytes) {
  if (shown_.empty()) return false;
  std::erase_if(shown_, [now = SteadyClock::now()](const auto& entry) { return entry.second < now; });
  return std::ranges::any_of(shown_, [&](const auto& entry) { return bytes.contains(entry.first); });
}

void Shard::show(std::string_view what, const std::string& peer, std::string_view bytes) {
  if (is_watched(bytes)) {
    note(LogLevel::Asked, std::string(what) + " peer=" + peer + " bytes=" + log_value(bytes));
  }
}

void Shard::flush() {
  for (auto& [id, udp] : udp_) udp->flush();
  for (const std::shared_ptr<StreamFlow>& flow : std::exchange(to_flush_, {})) flow->flush();
}

bool Shard::has_unsent() const {
  return std::ranges::any_of(udp_, [](const auto& entry) { return entry.second->has_unsent(); }) ||
         std::ranges::any_of(flows_, [](const auto& entry) { return entry.second->has_unsent(); });
}

// The timer may be early, never late: it is moved only to the front, and an early wake-up does nothing.
void Shard::set_timer() {
  const std::optional<TimePoint> deadline = engine_->next_deadline();
  if (!deadline || (timer_set_to_ && *timer_set_to_ <= *deadline)) return;
  timer_set_to_ = deadline;
  timer_.expires_at(started_ + deadline->time_since_epoch());
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) timer_fired();
  });
}

void Shard::timer_fired() {
  timer_set_to_.reset();
  deliver(DeadlineReached{});
  settle();
}

}  // namespace intermediary
