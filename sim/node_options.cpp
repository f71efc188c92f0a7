#include "sim/node_options.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "config/ranges.h"
#include "config/words.h"
#include "sim/option_value.h"
#include "sim/smime.h"

namespace intermediary::sim {
namespace {

using Value = OptionValue;

// The file has none: it follows from t1 (RFC 3261 §17.1.1.2).
constexpr DurationRange timer_d{std::chrono::milliseconds(1), std::chrono::hours(1)};

using Setter = void (*)(NodeOptions&, const Value&);
constexpr std::pair<std::string_view, Setter> setters[] = {
    {"domain",
     [](NodeOptions& o, const Value& v) {
       for (std::string& domain : v.domains()) o.config.domains.push_back(std::move(domain));
     }},
    {"relay",
     [](NodeOptions& o, const Value& v) {
       o.relays = true;
       if (v.text != "any") o.relay_for = v.networks();
     }},
    {"server", [](NodeOptions& o, const Value& v) { o.config.server_name = v.text; }},
    {"timer-c", [](NodeOptions& o, const Value& v) { o.config.proxy.timer_c = v.duration(range::timer_c); }},
    {"max-breadth",
     [](NodeOptions& o, const Value& v) {
       o.config.proxy.max_breadth = static_cast<std::uint32_t>(v.number(range::max_breadth));
     }},
    {"large-over-tcp", [](NodeOptions& o, const Value& v) { o.config.proxy.tcp_for_large_requests = v.yes_or_no(); }},
    {"key", [](NodeOptions& o, const Value& v) { o.config.proxy.key = {v.number(), v.number()}; }},
    // The file has an hour at most, as RFC 3261 §10.3 step 7 does: that the registrar keeps to it takes more here.
    {"min-expires", [](NodeOptions& o, const Value& v) { o.config.registrar.min_expires = v.seconds(range::expires); }},
    {"default-expires",
     [](NodeOptions& o, const Value& v) { o.config.registrar.default_expires = v.seconds(range::expires); }},
    {"max-expires", [](NodeOptions& o, const Value& v) { o.config.registrar.max_expires = v.seconds(range::expires); }},
    {"max-contacts",
     [](NodeOptions& o, const Value& v) { o.config.registrar.max_contacts = v.number(range::max_contacts); }},
    {"path", [](NodeOptions& o, const Value& v) { o.config.proxy.path = v.path_use(); }},
    {"flow-timer",
     [](NodeOptions& o, const Value& v) { o.config.registrar.flow_timer = v.seconds(range::flow_timer); }},
    {"service-route",
     [](NodeOptions& o, const Value& v) {
       o.config.registrar.service_route = v.list("URIs such as sip:192.0.2.1;lr");
     }},
    {"t1", [](NodeOptions& o, const Value& v) { o.config.timings.t1 = v.duration(range::t1); }},
    {"t2", [](NodeOptions& o, const Value& v) { o.config.timings.t2 = v.duration(range::t2); }},
    {"t4", [](NodeOptions& o, const Value& v) { o.config.timings.t4 = v.duration(range::t4); }},
    {"timer-d", [](NodeOptions& o, const Value& v) { o.config.timings.timer_d = v.duration(timer_d); }},
    {"failover-after",
     [](NodeOptions& o, const Value& v) { o.config.proxy.failover_after = v.duration(range::failover_after); }},
    {"dns-timeout", [](NodeOptions& o, const Value& v) { o.config.dns.timeout = v.duration(range::dns_timeout); }},
    {"dns-min-ttl", [](NodeOptions& o, const Value& v) { o.config.dns.times.min_ttl = v.seconds(range::dns_min_ttl); }},
    {"dns-max-ttl", [](NodeOptions& o, const Value& v) { o.config.dns.times.max_ttl = v.seconds(range::dns_max_ttl); }},
    {"dns-negative-ttl",
     [](NodeOptions& o, const Value& v) { o.config.dns.times.negative_ttl = v.seconds(range::dns_negative_ttl); }},
    {"dns-stale", [](NodeOptions& o, const Value& v) { o.config.dns.times.stale = v.seconds(range::dns_stale); }},
    {"dialog-lifetime",
     [](NodeOptions& o, const Value& v) { o.config.proxy.dialog_lifetime = v.duration(range::dialog_lifetime); }},
    {"session-expires",
     [](NodeOptions& o, const Value& v) {
       o.config.proxy.session_timer.session_expires = v.seconds(range::session_interval);
     }},
    {"min-se",
     [](NodeOptions& o, const Value& v) { o.config.proxy.session_timer.min_se = v.seconds(range::session_interval); }},
    {"dialogs", [](NodeOptions& o, const Value& v) { o.config.limits.dialogs = v.number(range::dialogs); }},
    {"subscriptions",
     [](NodeOptions& o, const Value& v) { o.config.limits.subscriptions = v.number(range::subscriptions); }},
    {"subscriptions-per-source",
     [](NodeOptions& o, const Value& v) { o.config.limits.subscriptions_per_source = v.number(range::of_one_source); }},
    {"mtu", [](NodeOptions& o, const Value& v) { o.config.limits.path_mtu = v.number(range::path_mtu); }},
    {"transactions-per-source",
     [](NodeOptions& o, const Value& v) { o.config.limits.transactions_per_source = v.number(range::of_one_source); }},
    {"connections-per-source",
     [](NodeOptions& o, const Value& v) { o.config.limits.connections_per_source = v.number(range::of_one_source); }},
    {"idle-connection",
     [](NodeOptions& o, const Value& v) { o.config.limits.idle_connection = v.duration(range::deadline); }},
    {"idle-inbound", [](NodeOptions& o, const Value& v) { o.config.limits.idle_inbound = v.duration(range::idle); }},
    {"idle-outbound", [](NodeOptions& o, const Value& v) { o.config.limits.idle_outbound = v.duration(range::idle); }},
    {"outbound-connections",
     [](NodeOptions& o, const Value& v) {
       o.config.limits.outbound_connections = v.number(range::outbound_connections);
     }},
    {"advertise",
     [](NodeOptions& o, const Value& v) {
       if (o.config.listeners.empty()) throw Wrong{v.place, "advertise= stands behind the addresses that it is for"};
       if (v.text.empty()) v.refuse("a host");
       for (ListenerConfig& listener : o.config.listeners) listener.advertise_host = v.text;
     }},
    {"store",
     [](NodeOptions& o, const Value& v) {
       if (!is_name(v.text)) v.refuse("memory, durable or the name of a store that nodes share");
       o.store = v.text == "memory" ? std::string() : v.text;
     }},
    {"store-timeout",
     [](NodeOptions& o, const Value& v) { o.config.store.timeout = v.duration(range::store_timeout); }},
    {"cert",
     [](NodeOptions& o, const Value& v) { o.tls.certificates.push_back(parse_certificate({v.text, v.place})); }},
    {"client-certificate",
     [](NodeOptions& o, const Value& v) {
       using enum ListenerConfig::ClientCertificate;
       if (v.text != "no" && v.text != "ask" && v.text != "require") v.refuse("no, ask or require");
       o.tls.asks = v.text == "no" ? Unasked : v.text == "ask" ? Asked : Required;
     }},
};

std::vector<std::string> known_options() {
  std::vector<std::string> names{"record-route", "outbound", "smime", "websocket", "!trusted"};
  for (const auto& [name, setter] : setters) names.emplace_back(name);
  return names;
}

}  // namespace

std::vector<std::string> proxy_mode_names() { return {"stateful", "call-stateful", "stateless"}; }

std::optional<ProxyMode> parse_proxy_mode(std::string_view word) {
  if (word == "stateful") return ProxyMode::Stateful;
  if (word == "call-stateful") return ProxyMode::CallStateful;
  if (word == "stateless") return ProxyMode::Stateless;
  return std::nullopt;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> entries;
  while (true) {
    std::size_t comma = text.find(',');
    std::string_view entry = trim(text.substr(0, comma));
    if (!entry.empty()) entries.emplace_back(entry);
    if (comma == std::string_view::npos) return entries;
    text.remove_prefix(comma + 1);
  }
}

Socket parse_socket(const Piece& word) {
  std::string_view text = word.text;
  Transport transport = Transport::Udp;
  if (std::size_t semicolon = text.find(';'); semicolon != std::string_view::npos) {
    std::string_view parameter = text.substr(semicolon + 1);
    auto named = parameter.starts_with("transport=") ? parse_transport(parameter.substr(10)) : std::nullopt;
    if (!named) {
      throw Wrong{word.place, "expected ;transport=udp, tcp, tls, ws or wss, got ';" + std::string(parameter) + '\''};
    }
    transport = *named;
    text = text.substr(0, semicolon);
  }
  auto address = parse_address(text, default_port(transport));
  if (!address) throw Wrong{word.place, "expected an address such as 192.0.2.1:5060, got '" + std::string(text) + '\''};
  return {transport, *address};
}

void NodeOptions::apply(const Piece& word) {
  auto option = key_and_value(word.text);
  bool is_address = word.text.find(";transport=") != std::string::npos;
  const bool is_flag = !option && (is_name(word.text) || word.text == "!trusted");
  if (is_address || (!option && !is_flag)) return apply_address(word);
  const std::string key = option ? option->key : word.text;
  // Certificates are several; these two are for the addresses before them.
  if (key != "cert" && key != "advertise" && key != "websocket") options.add(word);
  if (word.text == "record-route") {
    config.proxy.record_route = true;
  } else if (word.text == "outbound") {
    config.proxy.outbound = true;
  } else if (word.text == "smime") {
    config.smime = node_smime_keys();
  } else if (word.text == "websocket") {
    for (ListenerConfig& listener : config.listeners) {
      if (listener.transport == Transport::Tcp || listener.transport == Transport::Tls) listener.websocket = true;
    }
  } else if (word.text == "!trusted") {
    tls.trusted = false;
  } else if (is_flag) {
    unknown_option(word, "an address or an option", known_options());
  } else {
    auto setter = std::ranges::find(setters, key, &std::pair<std::string_view, Setter>::first);
    if (setter == std::end(setters)) unknown_option(word, "an address or an option", known_options());
    setter->second(*this, Value{option->value, word.place});
  }
}

void NodeOptions::apply_address(const Piece& word) {
  Socket socket = parse_socket(word);
  std::string name = std::string(parameter_name(socket.transport)) + std::to_string(config.listeners.size() + 1);
  ListenerConfig listener;
  listener.name = std::move(name);
  listener.transport = socket.transport;
  listener.bind = socket.address;
  config.listeners.push_back(std::move(listener));
}

// At the option of the two that stands there; where none does, the values are the usual ones.
void NodeOptions::in_order(std::string_view low_name, Duration low, std::string_view high_name, Duration high) const {
  const auto low_place = options.place_of(low_name), high_place = options.place_of(high_name);
  if (low <= high || (!low_place && !high_place)) return;
  throw Wrong{low_place ? *low_place : *high_place, std::string(low_name) + " may not be more than " +
                                                        std::string(high_name) + ", and these are " +
                                                        duration_text(low) + " and " + duration_text(high)};
}

void NodeOptions::check_pairs() const {
  in_order("t1", config.timings.t1, "t2", config.timings.t2);
  const RegistrarSettings& registrar = config.registrar;
  in_order("min-expires", registrar.min_expires, "max-expires", registrar.max_expires);
  in_order("default-expires", registrar.default_expires, "max-expires", registrar.max_expires);
  // Not of the usual one: a scenario about a long least interval says nothing of it.
  if (options.place_of("default-expires")) {
    in_order("min-expires", registrar.min_expires, "default-expires", registrar.default_expires);
  }
  in_order("dns-min-ttl", config.dns.times.min_ttl, "dns-max-ttl", config.dns.times.max_ttl);
  if (options.place_of("session-expires")) {
    in_order("min-se", config.proxy.session_timer.min_se, "session-expires",
             config.proxy.session_timer.session_expires);
  }
}

void NodeOptions::finish() {
  if (!store.empty()) config.store.kind = store == "durable" ? StoreConfig::Kind::Sqlite : StoreConfig::Kind::Redis;
  if (is_whole) return finish_whole();
  check_pairs();
  const bool secured =
      std::ranges::any_of(config.listeners, [](const ListenerConfig& l) { return is_secure(l.transport); });
  if (secured && tls.certificates.empty() && !config.domains.empty()) {
    tls.certificates.push_back({.uris = {}, .dns_names = config.domains, .common_name = {}, .has_alternatives = true});
  }
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    config.certificates.push_back({"cert" + std::to_string(i + 1), {}, {}});
  }
  for (ListenerConfig& listener : config.listeners) {
    if (!is_secure(listener.transport)) continue;
    listener.client_certificate = tls.asks;
    for (const CertificateConfig& certificate : config.certificates) listener.certificates.push_back(certificate.name);
  }
}

// What its listeners show is made here, with the names that it answers to: keys and certificates are real files.
void NodeOptions::finish_whole() {
  for (const ListenerConfig& listener : config.listeners) {
    if (!is_secure(listener.transport)) continue;
    tls.asks = listener.client_certificate;
    if (tls.certificates.empty()) {
      tls.certificates.push_back(
          {.uris = {}, .dns_names = config.domains, .common_name = {}, .has_alternatives = true});
    }
    return;
  }
}

std::vector<Rule> usual_rules(const NodeOptions& options) {
  std::vector<Rule> rules;
  if (!options.config.domains.empty()) {
    rules.push_back(
        {"registrations", {.methods = {"REGISTER"}, .ruri = {.domains = {"local"}}}, RegisterAction{}, std::nullopt});
    rules.push_back({"to-users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt});
  }
  if (options.relays || options.config.domains.empty()) {
    rules.push_back({"relay", {.sources = options.relay_for}, RelayAction{}, std::nullopt});
  }
  return rules;
}

// NAME:PASSWORD. False: the word is something else.
bool add_user(const Piece& word, DigestRealm& realm) {
  const std::size_t colon = word.text.find(':'), equals = word.text.find('=');
  if (colon == std::string::npos || colon > equals) return false;
  const std::string user = word.text.substr(0, colon);
  if (realm.users.contains(user)) throw Wrong{word.place, "the user '" + user + "' is there already"};
  realm.users[user] = secrets_from_password(user, realm.realm, word.text.substr(colon + 1));
  return true;
}

StoredUsers parse_stored_users(Words& words, const Config& config) {
  const Piece name = words.next("the NAME of an [auth.NAME]");
  const auto realm = std::ranges::find(config.auth, name.text, &DigestRealm::name);
  if (realm == config.auth.end() || !realm->is_outside) {
    throw Wrong{name.place, "the configuration has no [auth." + name.text + "] whose users are in a store"};
  }
  DigestRealm parsed{.name = realm->name, .realm = realm->realm};
  while (auto word = words.next_if_any()) {
    if (!add_user(*word, parsed)) wrong(*word, "NAME:PASSWORD");
  }
  if (parsed.users.empty()) throw Wrong{words.rest().place, "expected a user: NAME:PASSWORD"};
  return {realm->name, realm->name, realm->realm, std::move(parsed.users)};
}

ParsedUsers parse_users(Words& words) {
  DigestRealm realm;
  std::string store;
  realm.realm = words.next("a realm").text;
  realm.name = realm.realm;
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    if (add_user(*word, realm)) continue;
    auto option = key_and_value(word->text);
    if (!option) wrong(*word, "NAME:PASSWORD or an option");
    options.add(*word);
    Value value{option->value, word->place};
    if (option->key == "algorithms") {
      realm.algorithms.clear();
      for (const std::string& name : value.list("algorithms such as SHA-256,MD5")) {
        auto algorithm = parse_digest_algorithm(name);
        if (!algorithm) value.refuse("algorithms such as SHA-256,MD5");
        realm.algorithms.push_back(*algorithm);
      }
    } else if (option->key == "qop" && (option->value == "auth" || option->value == "auth,auth-int")) {
      realm.offers_auth_int = option->value != "auth";
    } else if (option->key == "nonce-life") {
      realm.nonce_life = value.duration(range::nonce_life);
    } else if (option->key == "from" && option->value == "own") {
      realm.binds_from = true;
    } else if (option->key == "from-also") {
      realm.from_also = option->value;
    } else if (option->key == "store") {
      store = option->value;
      if (!is_name(store)) value.refuse("the name of a store");
    } else if (option->key == "remember") {
      realm.remembered = value.duration(range::remembered_users);
    } else if (option->key == "stale") {
      realm.stale = value.duration(range::stale_users);
    } else if (option->key == "may-register" && option->value == "any") {
      realm.may_register = DigestRealm::MayRegister::Any;
    } else {
      const std::vector<std::string> names{"algorithms", "qop",   "nonce-life", "may-register", "from",
                                           "from-also",  "store", "remember",   "stale"};
      if (std::ranges::find(names, option->key) == names.end()) {
        unknown({option->key, word->place}, "NAME:PASSWORD or an option", names);
      }
      wrong(*word, "qop=auth, qop=auth,auth-int, from=own or may-register=any");
    }
  }
  if (realm.users.empty()) throw Wrong{words.rest().place, "expected a user: NAME:PASSWORD"};
  return {std::move(realm), std::move(store)};
}

}  // namespace intermediary::sim
