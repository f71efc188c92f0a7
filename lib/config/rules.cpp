#include <algorithm>
#include <utility>

#include "base/link_local.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include "message/uri.h"
#include "transport/locate.h"
#include "transport/resolve.h"

namespace intermediary {
namespace {

// RFC 3261 §9.1, §17.1.1.3: both must reach who got the INVITE, so the rules are asked about that.
bool is_judged_as_invite(std::string_view method) { return method == "ACK" || method == "CANCEL"; }

void read_methods(TableReader& when, RuleMatch& match) {
  std::vector<Placed<std::string>> idle;
  for (const Placed<std::string>& method : when.texts("method")) {
    const auto meant = method_of_other_case(method.value);
    if (!is_token(method.value)) {
      when.problems().error(method.at, "'" + method.value + "' is not a method (RFC 3261 §25.1: a token)");
    } else if (meant) {
      when.problems().error(method.at, "'" + method.value +
                                           "': methods are told apart by case (RFC 3261 §7.1); write '" +
                                           std::string(*meant) + "'");
    } else {
      match.methods.push_back(method.value);
      if (is_judged_as_invite(method.value)) idle.push_back(method);
    }
  }
  for (const Placed<std::string>& method : idle) {
    const std::string problem = "'" + method.value + "' says nothing: an ACK and a CANCEL go the way of their INVITE";
    if (idle.size() < match.methods.size()) {
      when.problems().warning(method.at, problem);
    } else {
      when.problems().error(method.at, problem + ", so this rule never matches");
    }
  }
}

void read_ruri_domains(TableReader& when, RuleMatch& match) {
  for (const Placed<std::string>& domain : when.texts("ruri_domain")) {
    if (const std::optional<IpAddress> address = IpAddress::parse(domain.value)) {
      match.ruri_domains.push_back(address->to_string());
    } else if (is_hostname(domain.value)) {
      match.ruri_domains.push_back(lowercase(domain.value));
    } else {
      when.problems().error(domain.at, "'" + domain.value + "' is neither 'local' nor a host name nor an address");
    }
  }
}

void read_sources(TableReader& when, RuleMatch& match) {
  for (const Placed<std::string>& source : when.texts("source")) {
    if (const std::optional<Cidr> prefix = Cidr::parse(source.value)) {
      match.sources.push_back(*prefix);
    } else {
      when.problems().error(source.at, "'" + source.value + "' is not an address or a prefix such as '10.0.0.0/8'");
    }
  }
}

void read_when(TableReader& rule, RuleMatch& match) {
  std::optional<TableReader> when = rule.table("when", "'when'");
  if (!when) return;
  read_methods(*when, match);
  read_ruri_domains(*when, match);
  read_sources(*when, match);
  when->later({"ruri_user", "from_domain", "from_user", "to_domain", "to_user", "listener", "trunk", "header", "time",
               "dialog", "identity", "transport"});
  when->finish();
}

// Why a proxy of this version could not send to `target`; "" when it could.
std::string problem_with_target(const Uri& target) {
  if (!target.is_sip()) return "a proxy relays to a sip: or sips: URI, not '" + target.scheme_text + ":'";
  if (!target.headers.empty()) return "a relay target carries no headers";
  if (const std::optional<std::string_view> named = target.parameter("transport")) {
    const std::optional<Transport> transport = parse_transport(*named);
    if (!transport) return "unknown transport '" + std::string(*named) + "'";
    if (is_websocket(*transport)) return "WebSocket connections are opened by clients, never by a proxy (RFC 7118)";
  }
  const std::variant<Hop, ResolveTarget, NoHop> next = select_hop(target);
  if (const auto* none = std::get_if<NoHop>(&next)) return none->reason;
  if (const auto* named = std::get_if<ResolveTarget>(&next)) {
    return dns_name(named->host) ? "" : "'" + named->host + "' is no name that could have an address";
  }
  if (is_link_local(std::get<Hop>(next).remote.address)) {
    return "a link-local address needs an interface, which a URI cannot name";
  }
  return "";
}

std::optional<RelayAction> parse_relay(const Placed<std::string>& relay, Problems& problems) {
  if (relay.value == "request-uri") return RelayAction{};
  for (const std::string_view later : {"trunk:", "pool:"}) {
    if (relay.value.starts_with(later)) {
      problems.error(relay.at, "'relay': " + not_available(later));
      return std::nullopt;
    }
  }
  const std::expected<Uri, ValueError> target = Uri::parse(relay.value);
  const std::string problem = target ? problem_with_target(*target) : target.error().detail;
  if (problem.empty()) return RelayAction{*target};
  problems.error(relay.at,
                 "'relay' takes 'request-uri' or a URI such as 'sip:10.0.0.5:5060;transport=tcp': " + problem);
  return std::nullopt;
}

// The one store of this version stands under the one name "location".
bool names_location(TableReader& actions, std::string_view key) { return actions.word(key, {"location"}).has_value(); }

std::string quote(std::string_view word) { return "'" + std::string(word) + "'"; }

ForkPolicy read_fork(TableReader& actions) {
  ForkPolicy fork;
  if (const auto mode = actions.word("fork", {"parallel", "serial", "q"})) fork.mode = static_cast<ForkMode>(*mode);
  actions.duration("ring_timeout", fork.ring_timeout, range::ring_timeout);
  actions.boolean("recurse", fork.recurse);
  actions.boolean("late_contacts", fork.late_contacts);
  if (const auto choice = actions.word("caller_preferences", {"no", "yes", "redirect"})) {
    fork.caller = static_cast<CallerChoice>(*choice);
  }
  for (const std::string_view key : {"fork", "late_contacts", "caller_preferences"}) {
    if (!actions.has(key) || actions.has("lookup")) continue;
    actions.problems().error(actions.at(), quote(key) + " belongs to 'lookup', which is missing here");
  }
  for (const std::string_view key : {"ring_timeout", "recurse"}) {
    if (!actions.has(key) || actions.has("lookup") || actions.has("relay")) continue;
    actions.problems().error(actions.at(), quote(key) + " belongs to 'lookup' or 'relay', which are missing here");
  }
  return fork;
}

std::optional<RuleAction> read_one_action(TableReader& actions) {
  std::optional<RuleAction> action;
  const ForkPolicy fork = read_fork(actions);
  int count = 0;
  if (actions.has("register")) ++count;
  if (names_location(actions, "register")) action = RegisterAction{};
  if (actions.has("lookup")) ++count;
  if (names_location(actions, "lookup")) action = LookupAction{fork};
  if (actions.has("relay")) ++count;
  if (const std::optional<Placed<std::string>> relay = actions.text("relay")) {
    if (const std::optional<RelayAction> parsed = parse_relay(*relay, actions.problems())) {
      action = RelayAction{parsed->target, fork};
    }
  }
  if (actions.has("notify")) ++count;
  if (actions.word("notify", {"dialog"}, {"presence", "reg", "message-summary", "conference"})) action = NotifyAction{};
  if (count > 1)
    actions.problems().error(actions.at(), "'do' takes one of 'register', 'lookup', 'relay' and 'notify', not several");
  return count > 1 ? std::nullopt : action;
}

void read_challenge(TableReader& actions, Rule& rule, RulePlaces& places, const Draft& draft) {
  const std::optional<Placed<std::string>> challenge = actions.text("challenge");
  if (!challenge) return;
  places.challenge = challenge->at;
  rule.challenge = challenge->value;
  std::vector<std::string> names;
  names.reserve(draft.config.auth.size());
  for (const DigestRealm& realm : draft.config.auth) names.push_back(realm.name);
  if (std::ranges::find(names, rule.challenge) != names.end()) return;
  actions.problems().error(challenge->at, "there is no [auth." + rule.challenge + "] to challenge for" +
                                              (names.empty() ? std::string() : suggestion(rule.challenge, names)));
}

std::optional<RuleAction> read_do(TableReader& rule, Rule& target, RulePlaces& places, const Draft& draft) {
  std::optional<TableReader> actions = rule.table("do", "'do'");
  if (!actions) return std::nullopt;
  places.action = actions->at();
  const std::optional<RuleAction> action = read_one_action(*actions);
  target.mode = read_mode(*actions);
  read_challenge(*actions, target, places, draft);
  const bool later =
      std::ranges::any_of(std::initializer_list<std::string_view>{"bridge", "redirect", "reject", "drop", "numbers"},
                          [&](std::string_view key) { return actions->has(key); });
  actions->later({"bridge", "redirect", "reject", "drop", "numbers"});
  actions->finish();
  const bool named =
      std::ranges::any_of(std::initializer_list<std::string_view>{"register", "lookup", "relay", "notify"},
                          [&](std::string_view key) { return actions->has(key); });
  if (!named && !later) {
    actions->problems().error(actions->at(), "'do' needs one of 'register', 'lookup', 'relay' and 'notify'");
  }
  return action;
}

void read_rule_name(TableReader& reader, Rule& rule, const Draft& draft) {
  const std::optional<Placed<std::string>> name = reader.text("name");
  if (!name) {
    if (!reader.has("name"))
      reader.problems().error(reader.at(), "a rule needs a 'name': logs and refusals say which rule it was");
  } else if (!is_token(name->value)) {
    reader.problems().error(name->at, "'" + name->value + "' is not a name: use letters, digits, '-', '.' and '_'");
  } else if (std::ranges::find(draft.config.rules, name->value, &Rule::name) != draft.config.rules.end()) {
    reader.problems().error(name->at, "a rule named '" + name->value + "' stands above");
  } else {
    rule.name = name->value;
  }
}

void read_rule(TableReader& reader, Draft& draft) {
  const std::size_t errors_before = reader.problems().errors();
  Rule rule;
  RulePlaces places{reader.at(), reader.at()};
  read_rule_name(reader, rule, draft);
  read_when(reader, rule.when);
  const std::optional<RuleAction> action = read_do(reader, rule, places, draft);
  if (!reader.has("do")) {
    reader.problems().error(reader.at(), "a rule needs 'do': what becomes of the requests it takes");
  }
  reader.finish();
  if (!action || reader.problems().errors() > errors_before) return;  // checks of the whole would report its echo
  rule.action = *action;
  draft.rules.push_back(places);
  draft.config.rules.push_back(std::move(rule));
}

}  // namespace

std::optional<ProxyMode> read_mode(TableReader& reader) {
  constexpr ProxyMode modes[] = {ProxyMode::Stateless, ProxyMode::Stateful, ProxyMode::CallStateful};
  const auto word = reader.word("mode", {"stateless", "stateful", "call-stateful"});
  return word ? std::optional(modes[*word]) : std::nullopt;
}

void read_rules(TableReader& top, Draft& draft) {
  std::vector<TableReader> rules = top.tables("rule", "[[rule]]");
  for (TableReader& rule : rules) read_rule(rule, draft);
}

}  // namespace intermediary
