#include "sim/node_options.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "config/ranges.h"
#include "config/words.h"
#include "sim/smime.h"

namespace intermediary::sim {
namespace {

struct KeyValue {
  std::string key;
  std::string value;
};

std::optional<KeyValue> key_and_value(std::string_view word) {
  std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return KeyValue{std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))};
}

// What an option's value has to be, read or refused with its place.
struct Value {
  const std::string& text;
  Place place;

  [[noreturn]] void refuse(std::string_view expected) const {
    throw Wrong{place, "expected " + std::string(expected) + ", got '" + text + '\''};
  }
  Duration duration() const {
    auto parsed = parse_duration(text);
    if (!parsed) refuse("a duration such as 500ms or 3s");
    return *parsed;
  }
  Duration positive_duration() const {
    Duration parsed = duration();
    if (parsed == Duration::zero()) refuse("a duration above zero");
    return parsed;
  }
  Duration duration(const DurationRange& range) const {
    const Duration parsed = range.least > Duration::zero() ? positive_duration() : duration();
    if (parsed % range.step != Duration::zero()) refuse("whole seconds");
    if (parsed < range.least || parsed > range.most) {
      refuse("a duration from " + duration_text(range.least) + " to " + duration_text(range.most));
    }
    return parsed;
  }
  std::chrono::seconds seconds(const DurationRange& range) const {
    return std::chrono::duration_cast<std::chrono::seconds>(duration(range));
  }
  std::size_t number() const {
    auto parsed = parse_decimal<std::size_t>(text);
    if (!parsed) refuse("a number");
    return *parsed;
  }
  std::size_t number(const NumberRange& range) const {
    const std::size_t parsed = number();
    if (std::cmp_less(parsed, range.least) || std::cmp_greater(parsed, range.most)) {
      refuse("a number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    }
    return parsed;
  }
  bool yes_or_no() const {
    if (text != "yes" && text != "no") refuse("yes or no");
    return text == "yes";
  }
  std::vector<std::string> list(std::string_view expected) const {
    auto entries = parse_list(text);
    if (entries.empty()) refuse(expected);
    return entries;
  }
  std::vector<std::string> domains() const {
    auto domains = list("a domain such as example.com");
    for (std::string& domain : domains) domain = lowercase(domain);
    return domains;
  }
  PathUse path_use() const {
    if (text == "supported") return PathUse::Supported;
    if (text == "required") return PathUse::Required;
    refuse("supported or required");
  }
  std::vector<Cidr> networks() const {
    constexpr std::string_view expected = "a network such as 192.0.2.0/24";
    std::vector<Cidr> networks;
    for (const std::string& entry : list(expected)) {
      auto network = Cidr::parse(entry);
      if (!network) refuse(expected);
      networks.push_back(*network);
    }
    return networks;
  }
};

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
       if (v.text != "memory" && v.text != "durable") v.refuse("store=memory or store=durable");
       o.keeps_bindings = v.text == "durable";
     }},
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

RuleAction relay_action(const Value& value) {
  if (value.text == "request-uri") return RelayAction{};
  std::string_view text = value.text;
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  auto uri = Uri::parse(text);
  if (!uri || !uri->is_sip()) value.refuse("request-uri or a SIP URI");
  return RelayAction{*uri};
}

ForkMode fork_mode(const Value& value) {
  if (value.text == "parallel") return ForkMode::Parallel;
  if (value.text == "serial") return ForkMode::Serial;
  if (value.text != "q") value.refuse("parallel, serial or q");
  return ForkMode::ByQ;
}

CallerChoice caller_choice(const Value& value) {
  if (value.text == "no") return CallerChoice::No;
  if (value.text == "yes") return CallerChoice::Yes;
  if (value.text != "redirect") value.refuse("no, yes or redirect");
  return CallerChoice::Redirect;
}

std::vector<std::string> rule_words() {
  return {"name",        "method",  "domain",        "source",   "challenge", "mode",          "fork", "ring-timeout",
          "preferences", "recurse", "late-contacts", "register", "lookup",    "notify=dialog", "relay"};
}

std::vector<std::string> methods_of(const Value& value) {
  auto methods = value.list("methods such as INVITE,BYE");
  for (const std::string& method : methods) {
    const auto meant = method_of_other_case(method);
    if (!meant) continue;
    throw Wrong{value.place, "'" + method + "' is another method than " + std::string(*meant) +
                                 " (RFC 3261 §7.1: case counts); did you mean '" + std::string(*meant) + "'?"};
  }
  return methods;
}

// One word of a rule; true when it was the action.
bool apply_rule_word(Rule& rule, ForkPolicy& fork, const Piece& word) {
  if (word.text == "register") return rule.action = RegisterAction{}, true;
  if (word.text == "lookup") return rule.action = LookupAction{}, true;
  if (word.text == "recurse") return fork.recurse = true, false;
  if (word.text == "late-contacts") return fork.late_contacts = true, false;
  if (word.text == "notify=dialog") return rule.action = NotifyAction{}, true;
  auto option = key_and_value(word.text);
  if (!option) unknown_option(word, "a condition, an option or an action of a rule", rule_words());
  Value value{option->value, word.place};
  if (option->key == "relay") return rule.action = relay_action(value), true;
  if (option->key == "name") {
    rule.name = option->value;
  } else if (option->key == "method") {
    rule.when.methods = methods_of(value);
  } else if (option->key == "domain") {
    rule.when.ruri.domains = value.domains();
  } else if (option->key == "source") {
    rule.when.sources = value.networks();
  } else if (option->key == "fork") {
    fork.mode = fork_mode(value);
  } else if (option->key == "preferences") {
    fork.caller = caller_choice(value);
  } else if (option->key == "ring-timeout") {
    fork.ring_timeout = value.duration(range::ring_timeout);
  } else if (option->key == "challenge") {
    rule.challenge = option->value;
  } else if (option->key == "mode") {
    rule.mode = parse_proxy_mode(option->value);
    if (!rule.mode) unknown({option->value, word.place}, "a mode", proxy_mode_names());
  } else {
    unknown_option(word, "a condition, an option or an action of a rule", rule_words());
  }
  return false;
}

// An option that the rule's action has no use for would be left out in silence.
void check_uses(const Rule& rule, const ForkPolicy& fork, const OptionsOnce& options) {
  const auto refuse = [&](std::initializer_list<std::string_view> names, std::string_view action,
                          std::string_view unless) {
    for (const std::string_view name : names) {
      const auto place = options.place_of(name);
      if (!place) continue;
      throw Wrong{*place, "a rule that " + std::string(action) + " has no use for '" + std::string(name) + '\'' +
                              std::string(unless)};
    }
  };
  const auto answers_itself = {std::string_view("fork"),          std::string_view("ring-timeout"),
                               std::string_view("preferences"),   std::string_view("recurse"),
                               std::string_view("late-contacts"), std::string_view("mode")};
  if (std::holds_alternative<RegisterAction>(rule.action)) refuse(answers_itself, "registers", "");
  if (std::holds_alternative<NotifyAction>(rule.action)) refuse(answers_itself, "notifies", "");
  if (!std::holds_alternative<RelayAction>(rule.action)) return;
  refuse({"late-contacts"}, "relays", "");
  if (!fork.recurse) refuse({"fork", "preferences"}, "relays", " without 'recurse'");
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
    rules.push_back({"relay", {{}, {}, options.relay_for}, RelayAction{}, std::nullopt});
  }
  return rules;
}

PlacedRule parse_rule(Words& words, std::size_t number) {
  PlacedRule placed;
  Rule& rule = placed.rule;
  rule.name = "rule-" + std::to_string(number);
  ForkPolicy fork;
  OptionsOnce options;
  bool acts = false;
  while (!words.at_end()) {
    Piece word = words.next("a condition or an action");
    bool is_action = apply_rule_word(rule, fork, word);
    if (acts && is_action) throw Wrong{word.place, "a rule has one action, and this is another"};
    acts |= is_action;
    options.add(word);
    if (is_action) placed.action = word.place;
  }
  if (!acts)
    throw Wrong{words.rest().place,
                "expected an action: register, lookup, notify=dialog, relay=request-uri or relay=<sip:…>"};
  check_uses(rule, fork, options);
  const std::vector<std::string>& methods = rule.when.methods;
  if (std::holds_alternative<RegisterAction>(rule.action) && !methods.empty() &&
      std::ranges::find(methods, "REGISTER") == methods.end()) {
    throw Wrong{placed.action, "this rule registers, but its method= lets no REGISTER in"};
  }
  placed.challenge = options.place_of("challenge").value_or(placed.action);
  if (auto* lookup = std::get_if<LookupAction>(&rule.action)) lookup->fork = fork;
  if (auto* relay = std::get_if<RelayAction>(&rule.action)) relay->fork = fork;
  return placed;
}

DigestRealm parse_users(Words& words) {
  DigestRealm realm;
  realm.realm = words.next("a realm").text;
  realm.name = realm.realm;
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    const std::size_t colon = word->text.find(':'), equals = word->text.find('=');
    if (colon != std::string::npos && colon < equals) {
      const std::string user = word->text.substr(0, colon);
      if (realm.users.contains(user)) throw Wrong{word->place, "the user '" + user + "' is there already"};
      realm.users[user] = secrets_from_password(user, realm.realm, word->text.substr(colon + 1));
      continue;
    }
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
    } else if (option->key == "may-register" && option->value == "any") {
      realm.may_register = DigestRealm::MayRegister::Any;
    } else {
      const std::vector<std::string> names{"algorithms", "qop", "nonce-life", "may-register"};
      if (std::ranges::find(names, option->key) == names.end()) {
        unknown({option->key, word->place}, "NAME:PASSWORD or an option", names);
      }
      wrong(*word, "qop=auth, qop=auth,auth-int or may-register=any");
    }
  }
  if (realm.users.empty()) throw Wrong{words.rest().place, "expected a user: NAME:PASSWORD"};
  return realm;
}

}  // namespace intermediary::sim
