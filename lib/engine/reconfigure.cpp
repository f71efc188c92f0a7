// Another configuration, while the engine runs (docs/adr/0054): what it keeps, it keeps by name; what is under way goes
// on as it was planned.
#include "engine/reconfigure.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/archive.h"
#include "base/text.h"
#include "engine/core.h"
#include "engine/roles.h"

namespace intermediary {

namespace {

// How listeners differ; "" when they do not.
std::string changed_listeners(const Config& from, const Config& to) {
  if (from.listeners.size() != to.listeners.size()) return "'listen' has another number of listeners";
  for (std::size_t i = 0; i < to.listeners.size(); ++i) {
    if (from.listeners[i] == to.listeners[i]) continue;
    return "listener '" + to.listeners[i].name + "' in 'listen' is new or another";
  }
  return {};
}

struct FixedPart {
  const char* name;
  bool (*differs)(const Config& from, const Config& to);
};

// Sockets, memory and keys that were made when the process began.
constexpr FixedPart fixed_parts[] = {
    {"[cdr]", [](const Config& from, const Config& to) { return from.call_records != to.call_records; }},
    {"[control] or [metrics]", [](const Config& from, const Config& to) { return from.control != to.control; }},
    {"[dns]", [](const Config& from, const Config& to) { return from.dns != to.dns; }},
    {"[location]", [](const Config& from, const Config& to) { return from.store != to.store; }},
    {"the store of users in [auth]",
     [](const Config& from, const Config& to) { return from.user_stores != to.user_stores; }},
    {"[limits]", [](const Config& from, const Config& to) { return from.limits != to.limits; }},
    {"[timings]", [](const Config& from, const Config& to) { return from.timings != to.timings; }},
    {"'key' in [proxy]", [](const Config& from, const Config& to) { return from.proxy.key != to.proxy.key; }},
    {"[registrar.smime]", [](const Config& from, const Config& to) { return from.smime != to.smime; }},
};

bool differ_in_groups(const Config& from, const Config& to, PeerGroupConfig::Kind kind) {
  const auto of_kind = [kind](const PeerGroupConfig& group) { return group.kind == kind; };
  std::vector<PeerGroupConfig> before, after;
  std::ranges::copy_if(from.groups, std::back_inserter(before), of_kind);
  std::ranges::copy_if(to.groups, std::back_inserter(after), of_kind);
  return before != after;
}

}  // namespace

std::string problem_with_change(const Config& from, const Config& to) {
  if (const std::string listeners = changed_listeners(from, to); !listeners.empty()) {
    return listeners + ", which needs a restart";
  }
  for (const FixedPart& part : fixed_parts) {
    if (part.differs(from, to)) return std::string(part.name) + " is another, which needs a restart";
  }
  return {};
}

std::vector<std::string> changed_parts(const Config& from, const Config& to) {
  using Kind = PeerGroupConfig::Kind;
  const std::pair<const char*, bool> parts[] = {
      {"certificate", from.certificates != to.certificates || from.authorities_file != to.authorities_file},
      {"domains", from.domains != to.domains},
      {"server_name", from.server_name != to.server_name},
      {"proxy", from.proxy != to.proxy},
      {"registrar", from.registrar != to.registrar},
      {"auth", from.auth != to.auth},
      {"handshake_auth", from.handshake_auth != to.handshake_auth},
      {"times", from.times != to.times},
      {"acl", from.access_lists != to.access_lists},
      {"list", from.lists != to.lists},
      {"limit", from.rate_limits != to.rate_limits},
      {"overload", from.overload != to.overload},
      {"trust", from.trust != to.trust},
      {"signer", from.identity.signers != to.identity.signers},
      {"verifier", from.identity.verifier != to.identity.verifier},
      {"pool", differ_in_groups(from, to, Kind::Pool)},
      {"trunk", differ_in_groups(from, to, Kind::Trunk) || from.registrations != to.registrations},
      {"numbering", from.numbering != to.numbering},
      {"rates", from.rates != to.rates},
      {"route_query", from.route_sources.queries != to.route_sources.queries},
      {"enum", from.route_sources.zones != to.route_sources.zones},
      {"engine", from.route_sources.engines != to.route_sources.engines},
      {"rule", from.rules != to.rules},
  };
  std::vector<std::string> names;
  for (const auto& [name, differs] : parts) {
    if (differs) names.emplace_back(name);
  }
  return names;
}

// ---- the input

namespace {

bool can_be(const RateTable& table) {
  constexpr std::size_t most_digits = 15;  // docs/configuration.md
  return std::ranges::all_of(table.rates, [&](const Rate& rate) {
    return rate.carrier < table.carriers.size() && rate.band <= table.bands.size() &&
           rate.prefix.size() <= most_digits && std::ranges::all_of(rate.prefix, is_digit);
  });
}

bool is_prefix(const Cidr& cidr) { return cidr.bits <= (cidr.network.is_v4() ? 32 : 128); }

bool can_be(const AccessList& list) {
  return std::ranges::all_of(list.allow, is_prefix) && std::ranges::all_of(list.deny, is_prefix);
}

bool can_be(const RateLimit& limit) {
  const auto is_count = [](std::int64_t count) { return count >= 1 && count <= limit::rate_tokens; };
  return is_count(limit.count) && is_count(limit.burst) && limit.period > Duration::zero() &&
         limit.period <= std::chrono::days(1);
}

bool can_be(const TrunkRegistration& registration) {
  const RegistrationRetry& retry = registration.retry;
  return std::ranges::all_of(registration.gateways, is_prefix) && registration.expires > std::chrono::seconds(0) &&
         registration.expires <= limit::longest_registration && retry.base > Duration::zero() &&
         retry.base <= retry.max && retry.max <= std::chrono::days(1);
}

bool can_be(const PeerGroupConfig& group) {
  constexpr std::uint32_t heaviest = 100;
  return group.health.probe_every >= Duration::zero() && group.health.probe_timeout > Duration::zero() &&
         std::ranges::all_of(group.peers,
                             [](const PeerConfig& peer) { return peer.weight >= 1 && peer.weight <= heaviest; });
}

// What config/ has seen to, of one that comes from a record: whoever makes tables of it, and divides by it, relies on
// it.
bool can_be(const Config& config) {
  const auto all_can = [](const auto& values) {
    return std::ranges::all_of(values, [](const auto& value) { return can_be(value); });
  };
  return all_can(config.rates) && all_can(config.access_lists) && all_can(config.rate_limits) &&
         all_can(config.groups) && all_can(config.registrations) && problem_with(config).empty();
}

ReadyConfig ready(Config config) {
  std::vector<PrefixIndex> rates(config.rates.begin(), config.rates.end());
  std::vector<AccessTable> access_tables(config.access_lists.begin(), config.access_lists.end());
  ArchiveWriter archive;
  archive(config);
  return {std::move(config), std::move(rates), std::move(access_tables), archive.take()};
}

}  // namespace

ConfigurationChanged::ConfigurationChanged() : ConfigurationChanged(Config{}) {}
ConfigurationChanged::ConfigurationChanged(Config config)
    : ready_(std::make_unique<ReadyConfig>(ready(std::move(config)))) {}
ConfigurationChanged::ConfigurationChanged(const ConfigurationChanged& other)
    : ready_(std::make_unique<ReadyConfig>(*other.ready_)) {}
ConfigurationChanged::ConfigurationChanged(ConfigurationChanged&& other) noexcept = default;
ConfigurationChanged& ConfigurationChanged::operator=(const ConfigurationChanged& other) {
  if (this != &other) ready_ = std::make_unique<ReadyConfig>(*other.ready_);
  return *this;
}
ConfigurationChanged& ConfigurationChanged::operator=(ConfigurationChanged&& other) noexcept = default;
ConfigurationChanged::~ConfigurationChanged() = default;

const Config& ConfigurationChanged::config() const { return ready_->config; }
ReadyConfig ConfigurationChanged::take() { return std::move(*ready_); }

template <class Archive>
void ConfigurationChanged::transfer(Archive& archive) {
  if constexpr (Archive::reads) {
    archive(ready_->config);
    if (!archive.ok()) return;
    if (!can_be(ready_->config)) return archive.fail("a configuration that no engine takes");
    *ready_ = ready(std::move(ready_->config));
  } else {
    archive.raw(ready_->bytes);
  }
}

template void ConfigurationChanged::transfer(ArchiveWriter& archive);
template void ConfigurationChanged::transfer(ArchiveReader& archive);

// ---- the engine

// What holds views of the configuration is made anew while the one before it still stands.
void EngineCore::take(ConfigurationChanged& input) {
  if (std::string problem = problem_with_change(config_, input.config()); !problem.empty()) {
    ++counters_.reloads_refused;
    return emit(ConfigurationRefused{std::move(problem)});
  }
  ReadyConfig next = input.take();
  keep_rules_of_waits();
  const Config former = std::exchange(config_, std::move(next.config));
  const std::vector<std::uint64_t> hits = std::exchange(rule_hits_, {});
  for (const Rule& rule : config_.rules) {
    const auto same = std::ranges::find(former.rules, rule.name, &Rule::name);
    rule_hits_.push_back(same == former.rules.end() ? 0 : hits[static_cast<std::size_t>(same - former.rules.begin())]);
  }
  rates_ = std::move(next.rates);
  access_tables_ = std::move(next.access_tables);
  if (former.overload != config_.overload) {
    overload_.gate = LoadGate(config_.overload);
    overload_.feedback = LoadFeedback(config_.overload);
  }
  if (former.identity != config_.identity) identity_.take(config_.identity);
  make_settings();
  take_realms();
  take_limits();
  take_groups();
  take_roles();
  std::erase_if(routes_.circuits, [&](const auto& entry) {
    return std::ranges::find(config_.route_sources.queries, entry.first, &RouteQuery::name) ==
           config_.route_sources.queries.end();
  });
  ++counters_.reloads;
  std::string parts;
  for (const std::string& part : changed_parts(former, config_)) parts += (parts.empty() ? "" : ", ") + part;
  emit(ConfigurationReloaded{std::move(parts)});
}

// A request that has been decided about and waits goes where it was to go.
void EngineCore::keep_rules_of_waits() {
  for (auto& [ticket, wait] : store_.waits) {
    if (wait.kind != StoreWait::Kind::Lookup || wait.kept) continue;
    const auto rule = std::ranges::find(config_.rules, wait.rule, &Rule::name);
    if (rule == config_.rules.end()) continue;
    const NumberPlan* plan = number_plan(rule->changes.numbers);
    wait.kept = KeptRule{*rule, plan ? std::optional(*plan) : std::nullopt};
  }
  for (auto& [ticket, wait] : identity_.waits) {
    StoreWait& call = wait.call;
    const auto rule = std::ranges::find(config_.rules, call.rule, &Rule::name);
    if (call.kept || rule == config_.rules.end()) continue;
    const NumberPlan* plan = number_plan(rule->changes.numbers);
    call.kept = KeptRule{*rule, plan ? std::optional(*plan) : std::nullopt};
  }
  for (auto& [ticket, wait] : routes_.waits) {
    const auto rule = std::ranges::find(config_.rules, wait.rule, &Rule::name);
    if (wait.kept || rule == config_.rules.end()) continue;
    const NumberPlan* plan = number_plan(rule->changes.numbers);
    wait.kept = KeptRule{*rule, plan ? std::optional(*plan) : std::nullopt};
  }
}

void EngineCore::make_settings() {
  reads_parties_ = reads_parties(config_.rules);
  proxy_settings_ = proxy_settings_from(config_);
  proxy_settings_.start = KeyedHash(tag_key_).field("start").finish();
  proxy_settings_.run_key = derived_key(tag_key_, "run");
  dialog_settings_ = {config_.proxy.dialog_lifetime, config_.proxy.session_timer};
  notifier_settings_.server_name = config_.server_name;
  capabilities_ = capabilities_from(config_);
  names_ = {};
  for (const ListenerConfig& listener : config_.listeners) {
    names_.add_listener(listener.transport, listener.bind, listener.advertise_host, listener.advertise_port,
                        listener.websocket);
  }
  for (const std::string& domain : config_.domains) names_.add_domain(domain);
}

// Nonces stay good, and which of them were used stays known (RFC 7616 §5.12). Of a realm that is new here nobody knows
// that.
void EngineCore::take_realms() {
  std::vector<DigestAuthenticator> former = std::exchange(authenticators_, {});
  authenticators_.reserve(config_.auth.size());
  for (const DigestRealm& realm : config_.auth) {
    DigestAuthenticator& own = authenticators_.emplace_back(realm, config_.proxy.key);
    const auto same = std::ranges::find_if(former, [&](const DigestAuthenticator& each) {
      return each.realm().name == realm.name && each.realm().realm == realm.realm;
    });
    if (same != former.end()) {
      own.take_over(std::move(*same));
    } else if (knows_wall_) {
      own.forget_nonces_before(nonce_time());
    }
  }
}

void EngineCore::take_limits() {
  std::vector<RateLimiter> former = std::exchange(limiters_, {});
  limiters_.reserve(config_.rate_limits.size());
  for (const RateLimit& limit : config_.rate_limits) {
    RateLimiter& own = limiters_.emplace_back(limit);
    const auto same =
        std::ranges::find_if(former, [&](const RateLimiter& each) { return each.limit().name == limit.name; });
    if (same != former.end()) own.take_over(std::move(*same));
  }
}

void EngineCore::take_groups() {
  peers_.regroup(config_.groups);
  if (prober_) prober_->regroup(now_);
  if (registrant_) registrant_->reconfigure(now_);
}

// What there was goes on, though no rule asks for it any more: it has subscriptions and dialogs. Only who is probed is
// the configuration's alone.
void EngineCore::take_roles() {
  if (config_.call_records.is_kept() && !ledger_) ledger_.emplace(names_, peers_, *this);
  if (notifies(config_) && !notifier_) make_notifier();
  if (follows_dialogs(config_) && !observer_) make_observer();
  if (registers_out(config_) && !registrant_) make_registrant();
  if (!probes(config_)) return prober_.reset();
  if (prober_) return;
  prober_.emplace(peers_, config_.server_name, names_, transactions_, timers_, random_, *this);
  if (knows_wall_) prober_->start(now_);
}

void EngineCore::make_registrant() {
  registrant_.emplace(config_.registrations, line_key_, peers_, config_.server_name, names_, transactions_, timers_,
                      random_, *this);
  if (draining_) registrant_->drain(now_);
  if (knows_wall_) registrant_->start(now_);
}

void EngineCore::make_notifier() {
  dialogs_.index_users();
  notifier_.emplace(notifier_settings_, config_.limits, names_, dialogs_, transactions_, timers_, random_, *this);
  if (observer_) observer_->set_listeners(dialog_listeners());
}

void EngineCore::make_observer() {
  observer_.emplace(dialog_settings_, proxy_settings_, config_.limits, names_, dialogs_, timers_, *this,
                    dialog_listeners());
}

std::vector<DialogListener*> EngineCore::dialog_listeners() {
  std::vector<DialogListener*> listeners;
  if (notifier_) listeners.push_back(&*notifier_);
  if (ledger_) listeners.push_back(&*ledger_);
  return listeners;
}

}  // namespace intermediary
