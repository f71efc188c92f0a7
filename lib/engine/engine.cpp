#include "engine/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/checkpoint.h"
#include "engine/core.h"
#include "engine/roles.h"
#include "transaction/state_names.h"

namespace intermediary {

namespace {

std::optional<Smime> opened(const std::optional<SmimeKeys>& keys) {
  if (!keys) return std::nullopt;
  auto smime = Smime::open(*keys);
  assert(smime);  // problem_with() has looked
  return *std::move(smime);
}

HashKey draw_key(RandomSource& random) {
  HashKey key{};
  for (std::uint64_t& word : key) word = random.next();
  return key;
}

}  // namespace

EngineCore::EngineCore(const Config& config, const Seed& seed)
    : config_(config),
      reads_parties_(reads_parties(config.rules)),
      proxy_settings_(proxy_settings_from(config)),
      random_(seed),
      flows_(config_.limits, timers_, [this](FlowId flow) { return is_in_use(flow); }),
      tag_key_(draw_key(random_)),
      gruu_key_(derived_key(config_.store.is_outside() ? config_.proxy.key : tag_key_, "temporary gruus")),
      transactions_(config_.timings, draw_key(random_), timers_, *this),
      resolver_(config_.dns.times, names_, random_),
      peers_(config_.groups, config_.proxy.key),
      rates_(config_.rates.begin(), config_.rates.end()),
      smime_(opened(config_.smime)),
      capabilities_(capabilities_from(config_)),
      registrar_(config_.registrar, names_, location_, gruu_key_, smime_ ? &*smime_ : nullptr),
      dialogs_(derived_key(tag_key_, "dialogs"), notifies(config_)),
      dialog_settings_{config_.proxy.dialog_lifetime, config_.proxy.session_timer},
      line_key_(derived_key(config_.proxy.key, "contacts of trunks")),
      stateful_(proxy_settings_, names_, transactions_, timers_, random_, *this),
      stateless_(proxy_settings_, names_, *this),
      access_tables_(config_.access_lists.begin(), config_.access_lists.end()),
      identity_(config_.identity),
      overload_(config_.overload, config_.timings.t1_times_64()) {
  rule_hits_.resize(config_.rules.size());
  make_settings();
  take_realms();
  take_limits();
  take_roles();
}

void EngineCore::handle(TimePoint now, Input& input) {
  assert(now >= now_);
  now_ = now;
  fire_timers(std::holds_alternative<DeadlineReached>(input) ? now : now - Duration(1));
  std::visit([&](auto& value) { take(value); }, input);
  drain_reports();
}

std::optional<Output> EngineCore::poll() {
  if (taken_ < outputs_.size()) return std::move(outputs_[taken_++]);
  outputs_.clear();
  taken_ = 0;
  return std::nullopt;
}

std::optional<TimePoint> EngineCore::next_deadline() const {
  const auto timer = timers_.next_deadline();
  const auto expiry = location_.next_expiry();
  if (!timer || !expiry) return timer ? timer : expiry;
  return std::min(*timer, *expiry);
}

LiveObjects EngineCore::live() const {
  return {.server_transactions = transactions_.server_count(),
          .client_transactions = transactions_.client_count(),
          .response_contexts = stateful_.context_count(),
          .queries = resolver_.lookup_count() + store_.waits.size() + users_.questions.size() +
                     (store_.is_loading ? 1 : 0) + http_.waits.size() + identity_.waits.size() + routes_.engine_waits(),
          .flows = flows_.size(),
          .bindings = location_.binding_count(),
          .dialogs = dialogs_.size(),
          .subscriptions = notifier_ ? notifier_->size() : 0,
          .probed_peers = prober_ ? prober_->size() : 0,
          .trunk_registrations = registrant_ ? registrant_->size() : 0,
          .calls = ledger_ ? ledger_->size() : 0,
          .timers = timers_.size(),
          .waiting = transactions_.waiting_count(),
          .unfinished_by_source = transactions_.unfinished_by_source()};
}

namespace {

// Of what has its final answer, only that is left.
std::string method_of(const ServerTransaction& t, const Limits& limits) {
  if (t.invite) return "INVITE";
  if (t.request) return std::string(t.request->method_text());
  const auto answer = Message::parse(t.response, Framing::Stream, limits);
  return answer ? std::string((*answer)->method_text()) : "?";
}

}  // namespace

std::vector<TransactionView> EngineCore::transactions() const {
  using Side = TransactionView::Side;
  std::vector<TransactionView> views;
  for (const ServerTransactionId id : transactions_.server_ids()) {
    const ServerTransaction& t = *transactions_.find(id);
    views.push_back(
        {Side::Server, method_of(t, config_.limits), name_of(t.state), t.arrival.transport, t.arrival.remote});
  }
  for (const ClientTransactionId id : transactions_.client_ids()) {
    const ClientTransaction& t = *transactions_.find(id);
    views.push_back(
        {Side::Client, t.request.substr(0, t.request.find(' ')), name_of(t.state), t.hop.transport, t.hop.remote});
  }
  return views;
}

void EngineCore::add_binding(TimePoint now, const std::string& aor, const std::string& contact_uri,
                             std::chrono::seconds expires, int q_thousandths) {
  const auto uri = Uri::parse(contact_uri);
  const auto record = Uri::parse(aor);
  assert(uri && record);
  Registration registration;
  registration.call_id = "add_binding";
  registration.cseq = static_cast<std::uint32_t>(location_.binding_count() + 1);
  registration.contacts.push_back({*uri, {}, expires, static_cast<std::int16_t>(q_thousandths), false});
  const auto changes = location_.update(now, address_of_record(*record), registration, config_.registrar.max_contacts);
  assert(changes);
  (void)changes;
}

namespace {

std::string problem_with(const HandshakeAuth& handshake, const Config& config) {
  const std::string what = "handshake_auth '" + handshake.name + "' ";
  if (handshake.auth.empty() && handshake.cookie.empty()) return what + "would let nobody in";
  if (!handshake.auth.empty() &&
      std::ranges::find(config.auth, handshake.auth, &DigestRealm::name) == config.auth.end()) {
    return what + "asks for users of '" + handshake.auth + "', which there is not";
  }
  const auto auth = std::ranges::find(config.auth, handshake.auth, &DigestRealm::name);
  if (auth != config.auth.end() && auth->is_outside) return what + "cannot wait for users that are outside";
  if (handshake.cookie.empty() == handshake.cookie_key.empty()) return {};
  return what + "needs a cookie and its key, not one of them";
}

std::string problem_with(const IdentityConfig& identity) {
  for (const SignerConfig& signer : identity.signers) {
    if (const auto opened = StirSigner::open(signer.keys); !opened) {
      return "signer '" + signer.name + "': " + opened.error();
    }
  }
  if (!identity.verifier) return {};
  if (identity.verifier->freshness < Duration::zero() || identity.verifier->freshness > std::chrono::hours(1)) {
    return "the verifier takes calls of another time than now";
  }
  const auto opened = StirAuthorities::open(identity.verifier->authorities);
  return opened ? std::string() : "the verifier: " + opened.error();
}

// "": there are all of them.
std::string unknown_group(const RelayAction& relay, const Config& config) {
  for (const std::string& reference : relay.groups) {
    if (std::ranges::find(config.groups, reference, &PeerGroupConfig::reference) != config.groups.end()) continue;
    const auto is_it = [&](const RateTable& table) { return "rates:" + table.name == reference; };
    if (std::ranges::none_of(config.rates, is_it)) return reference;
  }
  return {};
}

std::string problem_with_groups(const Config& config) {
  for (const PeerGroupConfig& group : config.groups) {
    if (group.peers.empty()) return group.reference() + " has no peers";
  }
  for (const TrunkRegistration& registration : config.registrations) {
    const std::string trunk = "trunk:" + registration.trunk;
    if (std::ranges::find(config.groups, trunk, &PeerGroupConfig::reference) != config.groups.end()) continue;
    return trunk + " registers, and there is none";
  }
  for (const RateTable& table : config.rates) {
    for (const std::string& carrier : table.carriers) {
      if (std::ranges::find(config.groups, carrier, &PeerGroupConfig::reference) != config.groups.end()) continue;
      return "rates:" + table.name + " names " + carrier + ", which there is not";
    }
  }
  for (const Rule& rule : config.rules) {
    const auto* relay = std::get_if<RelayAction>(&rule.action);
    const std::string reference = relay ? unknown_group(*relay, config) : std::string();
    if (!reference.empty()) return "rule '" + rule.name + "' relays to " + reference + ", which there is not";
  }
  return {};
}

std::string problem_with_fallbacks(const Config& config) {
  const RouteSources& sources = config.route_sources;
  std::vector<std::pair<std::string, const RouteFallback*>> fallbacks;
  fallbacks.reserve(sources.queries.size() + sources.engines.size() + 2 * sources.zones.size());
  for (const RouteQuery& query : sources.queries) fallbacks.emplace_back(query.reference(), &query.on_failure);
  for (const RoutingEngineUse& engine : sources.engines) fallbacks.emplace_back(engine.reference(), &engine.on_failure);
  for (const EnumZone& zone : sources.zones) {
    fallbacks.emplace_back(zone.reference(), &zone.on_failure);
    fallbacks.emplace_back(zone.reference(), &zone.not_found);
    if (zone.suffixes.empty()) return zone.reference() + " has no suffix";
  }
  for (const auto& [who, fallback] : fallbacks) {
    const auto* relay = std::get_if<RelayAction>(fallback);
    const std::string reference = relay ? unknown_group(*relay, config) : std::string();
    if (!reference.empty()) return who + " relays to " + reference + ", which there is not";
  }
  return {};
}

// What waits has a transaction, and so the proxy has state.
std::string problem_with_asking(const Config& config) {
  const std::vector<std::string> known = config.route_sources.references();
  for (const Rule& rule : config.rules) {
    const auto* ask = std::get_if<AskAction>(&rule.action);
    if (!ask) continue;
    const std::string who = "rule '" + rule.name + "' asks ";
    if (std::ranges::find(known, ask->source) == known.end()) return who + ask->source + ", which there is not";
    if (rule.mode.value_or(config.proxy.mode) == ProxyMode::Stateless) {
      return who + ask->source + " without state: a repetition would be asked about again";
    }
  }
  return problem_with_fallbacks(config);
}

}  // namespace

std::string problem_with(const Config& config) {
  if (config.listeners.empty()) return "there is no listener";
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.bind.address.is_unspecified() && listener.advertise_host.empty()) {
      return "listener '" + listener.name + "' is bound to every address and advertises none";
    }
    if (is_secure(listener.transport) && listener.certificates.empty()) {
      return "listener '" + listener.name + "' needs a certificate";
    }
    for (const std::string& name : listener.certificates) {
      if (std::ranges::find(config.certificates, name, &CertificateConfig::name) == config.certificates.end()) {
        return "listener '" + listener.name + "': there is no certificate '" + name + "'";
      }
    }
    if (listener.websocket && listener.transport != Transport::Tcp && listener.transport != Transport::Tls) {
      return "listener '" + listener.name + "': only TCP and TLS listeners can take WebSocket too";
    }
    const std::string& asks = listener.handshake_auth;
    if (!asks.empty() &&
        std::ranges::find(config.handshake_auth, asks, &HandshakeAuth::name) == config.handshake_auth.end()) {
      return "listener '" + listener.name + "': there is no handshake_auth '" + asks + "'";
    }
  }
  for (const HandshakeAuth& handshake : config.handshake_auth) {
    if (std::string problem = problem_with(handshake, config); !problem.empty()) return problem;
  }
  if (config.proxy.timer_c <= std::chrono::minutes(3)) {
    return "timer_c must be longer than three minutes (RFC 3261 §16.6 step 11)";
  }
  if (std::string problem = problem_with_groups(config); !problem.empty()) return problem;
  if (std::string problem = problem_with_asking(config); !problem.empty()) return problem;
  if (std::string problem = problem_with(config.identity); !problem.empty()) return problem;
  for (const Rule& rule : config.rules) {
    if (const std::string problem = problem_with_policies(rule, config); !problem.empty()) {
      return "rule '" + rule.name + "' " + problem;
    }
    if (rule.challenge.empty()) continue;
    if (std::ranges::find(config.auth, rule.challenge, &DigestRealm::name) == config.auth.end()) {
      return "rule '" + rule.name + "' challenges for '" + rule.challenge + "', which there is not";
    }
    const bool forwards = !std::holds_alternative<RegisterAction>(rule.action);
    if (forwards && rule.mode.value_or(config.proxy.mode) == ProxyMode::Stateless) {
      return "rule '" + rule.name + "' challenges without state: a repetition would be taken for a replay";
    }
  }
  for (const DigestRealm& realm : config.auth) {
    const bool has_store =
        std::ranges::find(config.user_stores, realm.name, &UserStoreConfig::auth) != config.user_stores.end();
    if (realm.is_outside != has_store) return "the users of '" + realm.name + "' are outside, and it is not said where";
  }
  for (const DigestRealm& realm : config.auth) {
    if (realm.from_also.empty() ||
        std::ranges::find(config.lists, realm.from_also, &PartyList::name) != config.lists.end()) {
      continue;
    }
    return "the users of '" + realm.name + "' may call as those of a list '" + realm.from_also +
           "', which there is not";
  }
  if (config.smime) {
    if (const auto smime = Smime::open(*config.smime); !smime) return "S/MIME of the registrar: " + smime.error();
  }
  const SessionTimerPolicy& timer = config.proxy.session_timer;
  for (const auto interval : {timer.session_expires, timer.min_se}) {
    if (interval.count() != 0 && interval < std::chrono::seconds(90)) {
      return "session_expires and min_se are 90 seconds or more (RFC 4028 §5)";
    }
  }
  return {};
}

// ---- the public face

struct Engine::Implementation {
  EngineCore core;
};

Engine::Engine(const Config& config, const Seed& seed)
    : implementation_(new Implementation{EngineCore(config, seed)}) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::set_trace(DecisionTrace* trace) { implementation_->core.set_trace(trace); }
void Engine::handle(TimePoint now, Input input) { implementation_->core.handle(now, input); }
std::optional<Output> Engine::poll() { return implementation_->core.poll(); }
std::optional<TimePoint> Engine::next_deadline() const { return implementation_->core.next_deadline(); }
std::string Engine::save() const { return write_checkpoint(implementation_->core); }

std::expected<Engine, std::string> Engine::load(const Config& config, std::string_view saved) {
  const auto checkpoint = open_checkpoint(config, saved);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  Engine engine(config, checkpoint->seed);
  const std::string problem = read_checkpoint(*checkpoint, engine.implementation_->core);
  if (!problem.empty()) return std::unexpected(problem);
  return engine;
}

const Config& Engine::config() const { return implementation_->core.config(); }
TimePoint Engine::last_time() const { return implementation_->core.last_time(); }
LiveObjects Engine::live() const { return implementation_->core.live(); }
std::vector<CallView> Engine::calls(std::size_t most) const { return implementation_->core.calls(most); }
std::vector<BindingView> Engine::registrations(std::size_t most) const {
  return implementation_->core.registrations(most);
}
std::vector<PeerTable::View> Engine::peers() const { return implementation_->core.peers(); }
std::vector<TrunkRegistrationView> Engine::trunk_registrations() const {
  return implementation_->core.trunk_registrations();
}
std::vector<RuleView> Engine::rules() const { return implementation_->core.rules(); }
std::vector<TransactionView> Engine::transactions() const { return implementation_->core.transactions(); }
const Counters& Engine::counters() const { return implementation_->core.counters(); }
void Engine::add_binding(TimePoint now, const std::string& address_of_record, const std::string& contact_uri,
                         std::chrono::seconds expires, int q_thousandths) {
  implementation_->core.add_binding(now, address_of_record, contact_uri, expires, q_thousandths);
}

StoredRecord Engine::record_of(const std::string& address_of_record) const {
  return implementation_->core.known_record(address_of_record);
}

}  // namespace intermediary
