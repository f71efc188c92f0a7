#include "config/load.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "config/document.h"
#include "config/draft.h"
#include "config/include.h"
#include "config/words.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

void read_domains(TableReader& top, Config& config) {
  for (const Placed<std::string>& domain : top.texts("domains")) {
    std::string host;
    if (const std::optional<IpAddress> address = IpAddress::parse(domain.value)) {
      host = address->to_string();
    } else if (is_hostname(domain.value)) {
      host = lowercase(domain.value);
    } else {
      top.problems().error(domain.at, "'" + domain.value + "' is neither a host name nor an address");
      continue;
    }
    if (std::ranges::find(config.domains, host) != config.domains.end()) {
      top.problems().error(domain.at, "the domain '" + host + "' stands here twice");
    } else {
      config.domains.push_back(std::move(host));
    }
  }
}

void read_server_name(TableReader& top, Config& config) {
  const std::optional<Placed<std::string>> name = top.text("server_name");
  if (!name) return;
  const bool printable = std::ranges::all_of(name->value, [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable || name->value.size() > 200) {
    top.problems().error(name->at, "'server_name' must be at most 200 printable ASCII characters: it becomes a header");
  } else {
    config.server_name = name->value;
  }
}

// RFC 3261 §16.11 asks a stateless proxy for branches that nobody can guess and that survive a restart.
void read_key(TableReader& proxy, ProxyConfig& config) {
  constexpr std::size_t least_length = 16;
  const std::optional<Placed<std::string>> secret = proxy.text("key");
  if (!secret) return;
  if (secret->value.size() < least_length) {
    proxy.problems().error(secret->at,
                           "'key' in [proxy] must have at least 16 characters: it signs what peers send back");
    return;
  }
  config.key = parse_hash_key(secret->value);
  if (config.key == HashKey{0, 0}) proxy.problems().error(secret->at, "'key' in [proxy] must not be all zeros");
}

void read_seconds(TableReader& reader, std::string_view key, seconds& target, DurationRange range) {
  Duration value = target;
  reader.duration(key, value, range);
  target = std::chrono::duration_cast<seconds>(value);
}

void read_proxy(TableReader& top, Draft& draft) {
  ProxyConfig& config = draft.config.proxy;
  std::optional<TableReader> proxy = top.table("proxy", "[proxy]");
  if (!proxy) return;
  if (const auto mode = read_mode(*proxy)) config.mode = *mode;
  proxy->boolean("record_route", config.record_route);
  proxy->duration("timer_c", config.timer_c, range::timer_c);
  proxy->duration("failover_after", config.failover_after, range::failover_after);
  proxy->boolean("tcp_for_large_requests", config.tcp_for_large_requests);
  proxy->boolean("outbound", config.outbound);
  if (const auto path = proxy->word("path", {"no", "supported", "required"})) config.path = static_cast<PathUse>(*path);
  proxy->integer("max_breadth", config.max_breadth, range::max_breadth);
  proxy->duration("dialog_lifetime", config.dialog_lifetime, range::dialog_lifetime);
  read_seconds(*proxy, "session_expires", config.session_timer.session_expires, range::session_interval);
  read_seconds(*proxy, "min_se", config.session_timer.min_se, range::session_interval);
  const SessionTimerPolicy& timer = config.session_timer;
  if (timer.session_expires.count() != 0 && timer.session_expires < timer.min_se) {
    proxy->problems().error(proxy->at(), "[proxy] must have min_se <= session_expires, not " +
                                             duration_text(timer.min_se) + " and " +
                                             duration_text(timer.session_expires));
  }
  for (const std::string key : {"dialog_lifetime", "session_expires", "min_se"}) {
    if (proxy->has(key)) draft.of_dialogs.emplace_back("'" + std::string(key) + "' in [proxy]", proxy->key_at(key));
  }
  read_key(*proxy, config);
  proxy->finish();
}

void read_expires(TableReader& registrar, RegistrarSettings& config) {
  std::optional<TableReader> expires = registrar.table("expires", "'expires'");
  if (!expires) return;
  read_seconds(*expires, "min", config.min_expires, range::min_expires);
  read_seconds(*expires, "default", config.default_expires, range::expires);
  read_seconds(*expires, "max", config.max_expires, range::expires);
  expires->finish();
  if (config.min_expires > config.default_expires || config.default_expires > config.max_expires) {
    expires->problems().error(
        expires->at(), "'expires' must have min <= default <= max, not " + duration_text(config.min_expires) + ", " +
                           duration_text(config.default_expires) + ", " + duration_text(config.max_expires));
  }
}

// RFC 3608 §6.3: the registrar's own routes, which are loose: each is left as it is by the one before it.
void read_service_route(TableReader& registrar, RegistrarSettings& config) {
  for (const Placed<std::string>& text : registrar.texts("service_route")) {
    const auto uri = Uri::parse(text.value);
    if (!uri || !uri->is_sip() || !uri->has_parameter("lr")) {
      registrar.problems().error(text.at, "'" + text.value + "' in 'service_route' is no SIP URI with 'lr', such as " +
                                              "\"sip:192.0.2.1;lr\"");
    } else {
      config.service_route.push_back(text.value);
    }
  }
}

void read_registrar(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  RegistrarSettings& config = draft.config.registrar;
  std::optional<TableReader> registrar = top.table("registrar", "[registrar]");
  if (!registrar) return;
  read_expires(*registrar, config);
  registrar->integer("max_contacts", config.max_contacts, range::max_contacts);
  read_seconds(*registrar, "flow_timer", config.flow_timer, range::flow_timer);
  read_service_route(*registrar, config);
  read_smime(*registrar, surroundings, draft);
  registrar->finish();
}

void read_limits(TableReader& top, Limits& limits) {
  std::optional<TableReader> reader = top.table("limits", "[limits]");
  if (!reader) return;
  constexpr std::int64_t least_bytes = 1024;
  reader->integer("datagram_bytes", limits.datagram_bytes, least_bytes, 65535);
  reader->integer("stream_message_bytes", limits.stream_message_bytes, least_bytes, std::int64_t{16} * 1024 * 1024);
  reader->integer("connections_per_source", limits.connections_per_source, range::of_one_source);
  reader->integer("transactions_per_source", limits.transactions_per_source, range::of_one_source);
  reader->duration("header_deadline", limits.header_deadline, range::deadline);
  reader->duration("body_deadline", limits.body_deadline, range::deadline);
  reader->duration("idle_connection", limits.idle_connection, range::deadline);
  reader->duration("idle_inbound", limits.idle_inbound, range::idle);
  reader->duration("idle_outbound", limits.idle_outbound, range::idle);
  reader->integer("outbound_connections", limits.outbound_connections, range::outbound_connections);
  reader->integer("dialogs", limits.dialogs, range::dialogs);
  reader->integer("subscriptions", limits.subscriptions, range::subscriptions);
  reader->integer("subscriptions_per_source", limits.subscriptions_per_source, range::of_one_source);
  reader->integer("path_mtu", limits.path_mtu, range::path_mtu);
  reader->finish();
}

void read_timings(TableReader& top, TransactionTimings& timings) {
  std::optional<TableReader> reader = top.table("timings", "[timings]");
  if (!reader) return;
  reader->duration("t1", timings.t1, range::t1);
  reader->duration("t2", timings.t2, range::t2);
  reader->duration("t4", timings.t4, range::t4);
  reader->finish();
  if (timings.t1 > timings.t2) {
    reader->problems().error(reader->at(), "[timings] must have t1 <= t2, not " + duration_text(timings.t1) + " and " +
                                               duration_text(timings.t2));
  }
  // RFC 3261 §17.1.1.2: Timer D is as long as the server's Timer H, and at least 32 seconds.
  timings.timer_d = std::max(timings.timer_d, timings.t1_times_64());
}

bool read_watch(TableReader& top) {
  bool watch = false;
  std::optional<TableReader> reload = top.table("reload", "[reload]");
  if (!reload) return watch;
  reload->boolean("watch", watch);
  reload->finish();
  return watch;
}

Draft read_document(const Table& document, const ConfigSurroundings& surroundings, Problems& problems, bool& watch) {
  Draft draft;
  TableReader top(document, Position{}, "", problems);
  top.ignore("include");  // it has been followed
  read_listeners(top, draft);
  read_certificates(top, surroundings, draft);
  read_domains(top, draft.config);
  read_server_name(top, draft.config);
  read_proxy(top, draft);
  if (top.has("dns")) draft.dns = top.key_at("dns");
  read_dns(top, draft.config.dns);
  read_registrar(top, surroundings, draft);
  read_location(top, surroundings, draft);
  read_call_records(top, surroundings, draft);
  read_control(top, surroundings, draft);
  read_limits(top, draft.config.limits);
  read_timings(top, draft.config.timings);
  read_policies(top, surroundings, draft);
  read_overload(top, draft);
  read_identity(top, surroundings, draft);
  read_auth(top, surroundings, draft);
  read_handshake_auth(top, draft);
  read_numbering(top, draft);
  read_groups(top, draft);
  read_rates(top, draft);
  read_route_sources(top, draft);
  read_rules(top, draft);
  draft.tests = read_tests(top, draft.config);
  watch = read_watch(top);
  top.finish();
  return draft;
}

}  // namespace

ConfigSurroundings empty_surroundings() {
  return {[](const std::string&) { return std::optional<std::string>(); },
          [](const std::string&) {
            return std::expected<std::string, std::string>(std::unexpected("there are no files here"));
          }};
}

std::expected<LoadedConfig, std::vector<ConfigProblem>> load_config(std::string_view text,
                                                                    const std::string& source_name,
                                                                    const ConfigSurroundings& surroundings) {
  Problems problems(source_name);
  const std::optional<Table> document = read_with_includes(text, surroundings, problems);
  if (!document) return std::unexpected(problems.all());
  bool watch = false;
  Draft draft = read_document(*document, surroundings, problems, watch);
  check_whole(draft, problems);
  if (problems.errors() > 0) return std::unexpected(problems.all());
  StartPlaces places{.certificates = {},
                     .authorities = draft.authorities,
                     .store = draft.store,
                     .dns = draft.dns,
                     .call_records = draft.call_records,
                     .control = draft.control,
                     .metrics = draft.metrics};
  places.user_stores = draft.user_stores;
  for (const ListenerPlaces& listener : draft.listeners) places.listeners.push_back(listener.on);
  for (std::size_t i = 0; i < draft.route_sources.size(); ++i) {
    if (draft.route_sources[i].starts_with("engine:")) {
      places.engines.emplace_back(draft.route_sources[i], draft.route_source_places[i]);
    }
  }
  for (const CertificateTexts& certificate : draft.certificates) places.certificates.push_back(certificate.at);
  return LoadedConfig{std::move(draft.config), problems.all(),  std::move(draft.tests), watch,
                      std::move(places),       problems.files()};
}

}  // namespace intermediary
