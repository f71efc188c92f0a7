#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include "transport/resolve.h"

namespace intermediary {
namespace {

// Whether one socket would take what the other is bound to.
bool overlap(const ListenerConfig& a, const ListenerConfig& b) {
  if (is_reliable(a.transport) != is_reliable(b.transport) || a.bind.port != b.bind.port || a.bind.port == 0)
    return false;
  if (a.bind.address.family() != b.bind.address.family()) return false;
  return a.bind.address == b.bind.address || a.bind.address.is_unspecified() || b.bind.address.is_unspecified();
}

void check_listeners(const Draft& draft, Problems& problems) {
  const std::vector<ListenerConfig>& listeners = draft.config.listeners;
  for (std::size_t later = 0; later < listeners.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (!overlap(listeners[earlier], listeners[later])) continue;
      problems.error(draft.listeners[later].on, "the listener '" + listeners[later].name +
                                                    "' takes the same address as '" + listeners[earlier].name + "'");
    }
  }
}

void check_certificates(const Draft& draft, Problems& problems) {
  std::vector<std::string> names;
  names.reserve(draft.config.certificates.size());
  for (const CertificateConfig& certificate : draft.config.certificates) names.push_back(certificate.name);
  std::vector<bool> used(names.size());
  for (std::size_t i = 0; i < draft.config.listeners.size(); ++i) {
    const ListenerConfig& listener = draft.config.listeners[i];
    for (std::size_t n = 0; n < listener.certificates.size(); ++n) {
      const auto found = std::ranges::find(names, listener.certificates[n]);
      if (found != names.end()) {
        used[static_cast<std::size_t>(found - names.begin())] = true;
        continue;
      }
      problems.error(draft.listeners[i].certificates[n],
                     "there is no [certificate." + listener.certificates[n] + "]" +
                         (names.empty() ? std::string() : suggestion(listener.certificates[n], names)));
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == draft.smime_certificate) continue;
    if (std::ranges::find(draft.signer_certificates, names[i]) != draft.signer_certificates.end()) continue;
    if (!used[i]) problems.warning(draft.certificates[i].at, "no listener shows the certificate '" + names[i] + "'");
  }
}

// What listeners ask of who opens a WebSocket. A password is never asked for where others could read it (RFC 7617 §4).
void check_handshake(const ListenerConfig& listener, const HandshakeAuth& handshake, Position at, Problems& problems) {
  const std::string who = "the listener '" + listener.name + "'";
  const bool readable = !is_secure(listener.transport) && !listener.bind.address.is_loopback();
  if (readable && !handshake.auth.empty()) {
    problems.error(at,
                   who + " would ask for passwords in the clear: take wss, a loopback address behind what ends TLS, " +
                       "or a [handshake_auth.NAME] without 'auth'");
  } else if (readable) {
    problems.warning(at, who + " takes session cookies in the clear: whoever reads one can use it");
  }
  if (!handshake.cookie.empty() && listener.origins.empty()) {
    problems.warning(at, who + " takes session cookies from any page: browsers send them whoever wrote it; " +
                             "name the 'origins' of yours");
  }
}

void check_handshakes(const Draft& draft, Problems& problems) {
  const std::vector<HandshakeAuth>& all = draft.config.handshake_auth;
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const HandshakeAuth& handshake : all) names.push_back(handshake.name);
  std::vector<bool> used(names.size());
  for (std::size_t i = 0; i < draft.config.listeners.size(); ++i) {
    const ListenerConfig& listener = draft.config.listeners[i];
    const std::optional<Position> at = draft.listeners[i].handshake_auth;
    if (!at) continue;
    const auto found = static_cast<std::size_t>(std::ranges::find(names, listener.handshake_auth) - names.begin());
    if (found == names.size()) {
      problems.error(*at, "there is no [handshake_auth." + listener.handshake_auth + "]" +
                              (names.empty() ? std::string() : suggestion(listener.handshake_auth, names)));
      continue;
    }
    used[found] = true;
    check_handshake(listener, all[found], *at, problems);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!used[i]) problems.warning(draft.handshake_auth[i], "no listener has handshake_auth = \"" + names[i] + "\"");
  }
}

// RFC 3261 §18.2.1: requests too large for a datagram come over TCP, to the same address and port. Said of what is
// right otherwise.
void check_tcp_beside_udp(const Draft& draft, Problems& problems) {
  const std::vector<ListenerConfig>& listeners = draft.config.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const ListenerConfig& udp = listeners[i];
    if (udp.transport != Transport::Udp || udp.bind.port == 0) continue;
    ListenerConfig tcp = udp;
    tcp.transport = Transport::Tcp;
    if (std::ranges::any_of(listeners, [&](const ListenerConfig& other) { return overlap(other, tcp); })) continue;
    problems.warning(draft.listeners[i].on,
                     "the listener '" + udp.name + "' has none for TCP beside it: large requests find " +
                         "nobody there (RFC 3261 §18.2.1 wants both); add \"tcp:" + udp.bind.to_string() + "\"");
  }
}

template <class Item>
bool covers_all(const std::vector<Item>& wide, const std::vector<Item>& narrow, auto covers) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  return std::ranges::all_of(narrow, [&](const Item& item) {
    return std::ranges::any_of(wide, [&](const Item& cover) { return covers(cover, item); });
  });
}

bool covers_domain(const std::string& wide, const std::string& narrow, const std::vector<std::string>& local) {
  return wide == narrow || (wide == "local" && std::ranges::find(local, narrow) != local.end());
}

bool covers_source(const Cidr& wide, const Cidr& narrow) {
  return wide.bits <= narrow.bits && wide.contains(narrow.network);
}

bool covers_uri(const UriMatch& wide, const UriMatch& narrow, const std::vector<std::string>& local) {
  return covers_all(wide.users, narrow.users, std::equal_to<>()) &&
         covers_all(wide.domains, narrow.domains,
                    [&](const std::string& a, const std::string& b) { return covers_domain(a, b, local); }) &&
         covers_all(wide.lists, narrow.lists, std::equal_to<>());
}

// All fields of `wide` must hold, so each of them must stand in `narrow`.
bool covers_fields(const std::vector<FieldMatch>& wide, const std::vector<FieldMatch>& narrow) {
  return std::ranges::all_of(wide, [&](const FieldMatch& field) {
    return std::ranges::any_of(narrow, [&](const FieldMatch& other) {
      const bool is_wider = field.present && other.present && !field.pattern;
      return equals_ignoring_case(field.name, other.name) &&
             (is_wider || (field.present == other.present && field.pattern == other.pattern));
    });
  });
}

// One of prefixes and access lists suffices.
bool covers_sources(const RuleMatch& wide, const RuleMatch& narrow) {
  if (wide.sources.empty() && wide.access.empty()) return true;
  if (narrow.sources.empty() && narrow.access.empty()) return false;
  return (narrow.sources.empty() ||
          (!wide.sources.empty() && covers_all(wide.sources, narrow.sources, covers_source))) &&
         (narrow.access.empty() || (!wide.access.empty() && covers_all(wide.access, narrow.access, std::equal_to<>())));
}

// Who asks for anybody of a realm takes everybody: some are let through, the others are challenged.
bool covers_identity(const RuleMatch& wide, const RuleMatch& narrow) {
  return !wide.identity || wide.identity == narrow.identity || wide.identity->is_anybody();
}

// Whether `wide` takes every request that `narrow` takes, as far as it can be told: of two expressions, only the same
// text is the same.
bool covers(const RuleMatch& wide, const RuleMatch& narrow, const std::vector<std::string>& local) {
  return covers_all(wide.methods, narrow.methods, std::equal_to<>()) && covers_uri(wide.ruri, narrow.ruri, local) &&
         covers_uri(wide.from, narrow.from, local) && covers_uri(wide.to, narrow.to, local) &&
         covers_sources(wide, narrow) && covers_all(wide.times, narrow.times, std::equal_to<>()) &&
         covers_all(wide.trunks, narrow.trunks, std::equal_to<>()) && covers_identity(wide, narrow) &&
         covers_all(wide.listeners, narrow.listeners, std::equal_to<>()) &&
         covers_all(wide.transports, narrow.transports, std::equal_to<>()) &&
         covers_fields(wide.fields, narrow.fields) && (!wide.in_dialog || wide.in_dialog == narrow.in_dialog);
}

void check_reachable(const Draft& draft, Problems& problems) {
  const std::vector<Rule>& rules = draft.config.rules;
  for (std::size_t later = 1; later < rules.size(); ++later) {
    const auto hides = [&](const Rule& rule) {
      return !may_pass_on(draft.config, rule) && covers(rule.when, rules[later].when, draft.config.domains);
    };
    const auto shadow = std::find_if(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(later), hides);
    if (shadow == rules.begin() + static_cast<std::ptrdiff_t>(later)) continue;
    problems.error(draft.rules[later].rule, "the rule '" + rules[later].name + "' can never match: '" + shadow->name +
                                                "' above takes everything that it would");
  }
}

IpAddress with_bit(const IpAddress& address, std::size_t bit) {
  const auto set = [bit](auto octets, std::string_view from) {
    std::ranges::copy(from, octets.begin());
    octets[bit / 8] |= static_cast<std::uint8_t>(0x80u >> bit % 8);
    return octets;
  };
  if (address.is_v4()) return IpAddress::v4(set(std::array<std::uint8_t, 4>{}, address.octets()));
  return IpAddress::v6(set(std::array<std::uint8_t, 16>{}, address.octets()));
}

// The two halves of a prefix. REQUIRES: it is shorter than an address.
std::pair<Cidr, Cidr> halves(const Cidr& prefix) {
  const auto bits = static_cast<std::uint8_t>(prefix.bits + 1);
  return {{prefix.network, bits}, {with_bit(prefix.network, prefix.bits), bits}};
}

// Whether the sources together are the whole prefix.
bool cover(const std::vector<Cidr>& sources, const Cidr& prefix) {
  if (std::ranges::any_of(sources, [&](const Cidr& source) { return covers_source(source, prefix); })) return true;
  if (std::ranges::none_of(sources, [&](const Cidr& source) { return covers_source(prefix, source); })) return false;
  const auto [low, high] = halves(prefix);
  return cover(sources, low) && cover(sources, high);
}

bool cover_everybody(const std::vector<Cidr>& sources) {
  return cover(sources, {IpAddress::v4({}), 0}) || cover(sources, {IpAddress::v6({}), 0});
}

// Where what a rule takes comes from; empty: from anywhere. Of source and trunk both must hold: either says enough.
std::vector<Cidr> sources_of(const RuleMatch& when) {
  if (!when.sources.empty()) return when.sources;
  std::vector<Cidr> sources;
  for (const TrunkMatch& trunk : when.trunks) sources.insert(sources.end(), trunk.from.begin(), trunk.from.end());
  return sources;
}

// Rules that relay to wherever the request says, one by one or together, for anybody.
void check_open_relay(const Draft& draft, Problems& problems) {
  std::vector<Cidr> so_far;
  for (std::size_t i = 0; i < draft.config.rules.size(); ++i) {
    const Rule& rule = draft.config.rules[i];
    const auto* relay = std::get_if<RelayAction>(&rule.action);
    if (!relay || !relay->goes_anywhere()) continue;
    const bool were_everybody = cover_everybody(so_far);
    const std::vector<Cidr> sources = sources_of(rule.when);
    so_far.insert(so_far.end(), sources.begin(), sources.end());
    // What is sent to a Contact that was registered is for who was told it.
    const bool by_list = sources.empty() && !(rule.when.access.empty() && rule.when.trunks.empty());
    const bool open = (sources.empty() && !by_list) || cover_everybody(sources);
    if (!open && (were_everybody || !cover_everybody(so_far))) continue;
    problems.warning(draft.rules[i].action, "open relay: the rule '" + rule.name +
                                                "' sends whatever anybody asks to wherever "
                                                "they ask; name the 'source' it is for");
  }
}

bool follows_dialogs(const Config& config) {
  return config.proxy.mode == ProxyMode::CallStateful ||
         std::ranges::any_of(config.rules, [](const Rule& rule) { return rule.mode == ProxyMode::CallStateful; });
}

void check_dialog_keys(const Draft& draft, Problems& problems) {
  if (follows_dialogs(draft.config)) return;
  for (const auto& [key, at] : draft.of_dialogs) {
    problems.warning(at, key + " is for dialogs, but nothing follows any: mode = \"call-stateful\" is nowhere");
  }
}

void check_notifying(const Draft& draft, const Rule& rule, const RulePlaces& places, Problems& problems) {
  const std::string name = "the rule '" + rule.name + "' notifies";
  if (rule.mode) problems.error(places.action, name + ": 'mode' is for what is forwarded");
  if (rule.when.methods != std::vector<std::string>{"SUBSCRIBE"}) {
    problems.error(places.action, name + ": its 'when' needs method = \"SUBSCRIBE\", for it takes nothing else");
  }
  if (!follows_dialogs(draft.config)) {
    problems.error(places.action, name + " of dialogs, but nothing follows any: mode = \"call-stateful\" is nowhere");
  }
  if (rule.when.sources.empty() && rule.challenge.empty()) {
    problems.warning(places.action, name + " whoever asks of who talks to whom; name the 'source' it is for");
  }
}

// Whether what is said there of a request may differ for its CANCEL or its ACK (RFC 3261 §9.1, §17.1.1.3).
bool looks_at_what_changes(const RuleMatch& when) {
  return !when.fields.empty() || when.in_dialog || !when.times.empty() || when.identity;
}

// RFC 3261 §16.11: a stateless proxy must choose alike for the request, its retransmissions, its CANCEL and its ACK.
void check_stateless_choice(const Draft& draft, Problems& problems) {
  const std::vector<Rule>& rules = draft.config.rules;
  const auto is_stateless = [&](const Rule& rule) {
    return std::holds_alternative<RelayAction>(rule.action) &&
           rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless;
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!looks_at_what_changes(rules[i].when)) continue;
    const auto chosen_behind = std::find_if(rules.begin() + static_cast<std::ptrdiff_t>(i), rules.end(), is_stateless);
    if (chosen_behind == rules.end()) continue;
    problems.error(draft.rules[i].rule,
                   "the rule '" + rules[i].name +
                       "' looks at 'header', 'dialog', 'time' or 'identity', in which a CANCEL or ACK may differ "
                       "from its INVITE, before '" +
                       chosen_behind->name +
                       "' relays without state, which must "
                       "choose alike for all of them (RFC 3261 §16.11); add mode = \"stateful\" there");
  }
}

void check_limited(const Draft& draft, const Rule& rule, const RulePlaces& places, Problems& problems) {
  const std::string name = "the rule '" + rule.name + "' ";
  if (std::holds_alternative<RejectAction>(rule.action) || std::holds_alternative<DropAction>(rule.action)) {
    problems.error(places.limit, name + "lets nothing through that 'limit' could count");
  } else if (!std::holds_alternative<RegisterAction>(rule.action) &&
             rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(places.limit, name +
                                     "counts in a stateless proxy, to which a repetition is another request; "
                                     "add mode = \"stateful\"");
  }
}

void check_rule(const Draft& draft, const Rule& rule, const RulePlaces& places, Problems& problems) {
  const bool looks_up = std::holds_alternative<LookupAction>(rule.action);
  const bool registers = std::holds_alternative<RegisterAction>(rule.action);
  const auto* relay = std::get_if<RelayAction>(&rule.action);
  // RFC 3261 §16.11: a stateless proxy must choose alike for the request, its retransmissions, its CANCEL and its ACK.
  if (looks_up && rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(places.action, "the rule '" + rule.name +
                                      "' looks up a location in a stateless proxy, which must "
                                      "choose alike every time (RFC 3261 §16.11); add mode = \"stateful\"");
  }
  if (relay && relay->fork != ForkPolicy{} && rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(places.action,
                   "the rule '" + rule.name +
                       "' waits for answers ('ring_timeout', 'recurse'), and a stateless proxy keeps nothing that "
                       "could wait; add mode = \"stateful\"");
  }
  // The repetition of a request that nothing remembers would be taken for a replay of its credentials.
  if (!rule.challenge.empty() && !registers && rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(places.challenge,
                   "the rule '" + rule.name +
                       "' challenges in a stateless proxy, to which a repetition looks like a replay; "
                       "add mode = \"stateful\"");
  }
  if (!rule.limits.empty()) check_limited(draft, rule, places, problems);
  const bool stateless = relay && rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless;
  if (stateless && draft.config.overload.limits_anything()) {
    problems.warning(places.action,
                     "the rule '" + rule.name + "' keeps no state: [overload] does not count what it takes");
  }
  const auto* redirect = std::get_if<RedirectAction>(&rule.action);
  const bool answers =
      redirect || std::holds_alternative<RejectAction>(rule.action) || std::holds_alternative<DropAction>(rule.action);
  if (answers && rule.mode) {
    problems.error(places.action, "the rule '" + rule.name + "' forwards nothing: 'mode' is for what is forwarded");
  }
  if (std::holds_alternative<DropAction>(rule.action) && !rule.challenge.empty()) {
    problems.error(places.challenge, "the rule '" + rule.name + "' drops: there is nobody to challenge");
  }
  if (std::holds_alternative<NotifyAction>(rule.action)) return check_notifying(draft, rule, places, problems);
  if (registers && rule.mode) {
    problems.error(places.action, "the rule '" + rule.name + "' registers: 'mode' is for what is forwarded");
  }
  const bool finds = looks_up || registers || (redirect && redirect->contacts.empty());
  if (finds && draft.config.domains.empty()) {
    problems.warning(places.action, "the rule '" + rule.name +
                                        "' works on locations, but there are no 'domains': only "
                                        "users at our own addresses can be found");
  }
  const std::vector<std::string>& methods = rule.when.methods;
  if (registers && !methods.empty() && std::ranges::find(methods, "REGISTER") == methods.end()) {
    problems.error(places.action, "the rule '" + rule.name + "' registers, but its 'method' lets no REGISTER in");
  }
  if (relay && relay->target) {
    check_target(draft, "the rule '" + rule.name + "' relays", *relay->target, places.action, problems);
  }
  if (relay) check_use_of_groups(draft, rule, *relay, places.action, problems);
}

bool asks_of(const Rule& rule, const std::string& realm) {
  return rule.challenge == realm || (rule.when.identity && rule.when.identity->realm == realm);
}

void check_auth(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.config.auth.size(); ++i) {
    const DigestRealm& realm = draft.config.auth[i];
    if (std::ranges::any_of(draft.config.rules, [&](const Rule& rule) { return asks_of(rule, realm.name); })) continue;
    const std::vector<HandshakeAuth>& handshakes = draft.config.handshake_auth;
    if (std::ranges::find(handshakes, realm.name, &HandshakeAuth::auth) != handshakes.end()) continue;
    problems.warning(draft.auth[i], "no rule has challenge = \"" + realm.name + "\": nobody is asked who he is");
  }
}

void add_names(std::string_view kind, const std::vector<std::string>& names, std::set<std::string>& all) {
  for (const std::string& name : names) all.insert(std::string(kind) + '.' + name);
}

// What a rule should have named is of no use where none does.
void check_policies(const Draft& draft, Problems& problems) {
  std::set<std::string> named;
  for (const Rule& rule : draft.config.rules) {
    add_names("times", rule.when.times, named);
    add_names("limit", rule.limits, named);
    add_names("signer", {rule.identity.signer}, named);
    for (const AccessMatch& access : rule.when.access) add_names("acl", {access.list}, named);
    for (const UriMatch* uri : {&rule.when.ruri, &rule.when.from, &rule.when.to}) add_names("list", uri->lists, named);
    if (rule.when.identity) add_names("list", rule.when.identity->lists, named);
  }
  for (const DigestRealm& realm : draft.config.auth) add_names("list", {realm.from_also}, named);
  add_names("list", {draft.config.overload.emergency}, named);
  for (const auto& [policy, at] : draft.policies) {
    if (!named.contains(policy)) problems.warning(at, "no rule names [" + policy + "]");
  }
}

void check_verifier(const Draft& draft, Problems& problems) {
  const auto verifies = [](const Rule& rule) { return rule.identity.verify != RuleIdentity::Verify::No; };
  if (!draft.verifier || std::ranges::any_of(draft.config.rules, verifies)) return;
  problems.warning(*draft.verifier, "no rule has 'verify': [verifier] judges nothing");
}

}  // namespace

void check_whole(const Draft& draft, Problems& problems) {
  check_listeners(draft, problems);
  check_certificates(draft, problems);
  check_handshakes(draft, problems);
  check_reachable(draft, problems);
  for (std::size_t i = 0; i < draft.config.rules.size(); ++i) {
    check_rule(draft, draft.config.rules[i], draft.rules[i], problems);
  }
  check_asking(draft, problems);
  check_stateless_choice(draft, problems);
  check_groups(draft, problems);
  check_registrations(draft, problems);
  check_open_relay(draft, problems);
  if (problems.errors() > 0) return;  // what is wrong there may be why these are missing
  check_auth(draft, problems);
  check_use(draft, problems);
  check_use_of_sources(draft, problems);
  check_policies(draft, problems);
  check_verifier(draft, problems);
  check_tcp_beside_udp(draft, problems);
  check_dialog_keys(draft, problems);
}

}  // namespace intermediary
