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

bool is_group_reference(std::string_view text) {
  return text.starts_with("pool:") || text.starts_with("trunk:") || text.starts_with("rates:");
}

std::optional<RelayAction> parse_relay(const Placed<std::string>& relay, Problems& problems) {
  if (relay.value == "request-uri") return RelayAction{};
  const std::expected<Uri, ValueError> target = Uri::parse(relay.value);
  const std::string problem = target ? problem_with_target(*target) : target.error().detail;
  if (problem.empty()) return RelayAction{*target};
  problems.error(relay.at,
                 "'relay' takes 'request-uri', 'pool:NAME', 'trunk:NAME', 'rates:NAME' or a URI such as "
                 "'sip:10.0.0.5:5060;transport=tcp': " +
                     problem);
  return std::nullopt;
}

// "pool:app", "trunk:acme": one, or several, of which each is for when the one before has failed.
std::optional<RelayAction> parse_groups(const std::vector<Placed<std::string>>& references, const Config& config,
                                        Problems& problems) {
  RelayAction action;
  std::vector<std::string> known;
  for (const PeerGroupConfig& group : config.groups) known.push_back(group.reference());
  for (const RateTable& table : config.rates) known.push_back("rates:" + table.name);
  for (const Placed<std::string>& reference : references) {
    const std::string& name = reference.value;
    if (!is_group_reference(name)) {
      problems.error(
          reference.at,
          "'relay' names several, so each must be a pool, a trunk or rates, such as 'pool:app', not '" + name + "'");
    } else if (std::ranges::find(known, name) == known.end()) {
      const std::size_t colon = name.find(':');
      problems.error(reference.at, "there is no [" + name.substr(0, colon) + "." + name.substr(colon + 1) +
                                       "] to relay to" + (known.empty() ? "" : suggestion(name, known)));
    } else if (std::ranges::find(action.groups, name) != action.groups.end()) {
      problems.error(reference.at, "'" + name + "' stands here twice");
    } else {
      action.groups.push_back(name);
    }
  }
  if (action.groups.size() != references.size()) return std::nullopt;
  return action;
}

}  // namespace

std::optional<RelayAction> read_relay(TableReader& actions, const Config& config) {
  const std::vector<Placed<std::string>> places = actions.texts("relay");
  if (places.empty()) return std::nullopt;
  if (places.size() == 1 && !is_group_reference(places.front().value)) {
    return parse_relay(places.front(), actions.problems());
  }
  return parse_groups(places, config, actions.problems());
}

namespace {

// The one store of this version stands under the one name "location".
bool names_location(TableReader& actions, std::string_view key) { return actions.word(key, {"location"}).has_value(); }

ForkPolicy read_fork(TableReader& actions) {
  ForkPolicy fork;
  if (actions.has("ask")) fork = AskAction{}.fork;
  if (const auto mode = actions.word("fork", {"parallel", "serial", "q"})) fork.mode = static_cast<ForkMode>(*mode);
  actions.duration("ring_timeout", fork.ring_timeout, range::ring_timeout);
  actions.boolean("recurse", fork.recurse);
  actions.boolean("late_contacts", fork.late_contacts);
  if (const auto choice = actions.word("caller_preferences", {"no", "yes", "redirect"})) {
    fork.caller = static_cast<CallerChoice>(*choice);
  }
  for (const std::string_view key : {"fork", "late_contacts", "caller_preferences"}) {
    if (!actions.has(key) || actions.has("lookup") || (key == "fork" && actions.has("ask"))) continue;
    actions.problems().error(actions.at(), quote(key) + " belongs to 'lookup', which is missing here");
  }
  for (const std::string_view key : {"ring_timeout", "recurse"}) {
    if (!actions.has(key) || actions.has("lookup") || actions.has("relay") || actions.has("ask")) continue;
    actions.problems().error(actions.at(), quote(key) + " belongs to 'lookup' or 'relay', which are missing here");
  }
  return fork;
}

// RFC 3261 §21.3: 300 to 399, but 380, which wants a body that describes a service.
std::optional<RedirectAction> read_redirect(TableReader& actions) {
  RedirectAction action;
  actions.integer("status", action.status, 300, 399);
  const std::vector<Placed<std::string>> contacts = actions.texts("redirect");
  if (contacts.size() == 1 && contacts.front().value == "location") return action;
  for (const Placed<std::string>& contact : contacts) {
    const auto uri = Uri::parse(contact.value);
    if (!uri) {
      actions.problems().error(
          contact.at, "'redirect' takes 'location' or URIs such as 'sip:bob@example.net': " + uri.error().detail);
      return std::nullopt;
    }
    action.contacts.push_back(*uri);
  }
  return contacts.empty() ? std::nullopt : std::optional(action);
}

// Whether it may stand in a status line (RFC 3261 §25.1, Reason-Phrase), in ASCII.
bool is_phrase(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

RejectAction read_reject(TableReader& actions) {
  RejectAction action;
  actions.integer("reject", action.status, 400, 699);
  if (const auto reason = actions.text("reason")) {
    action.reason = reason->value;
    if (!is_phrase(action.reason)) {
      actions.problems().error(reason->at,
                               "'reason' must be 1 to 100 printable ASCII characters: it stands in the status line");
    }
  }
  if (actions.has("retry_after")) {
    Duration wait{};
    actions.duration("retry_after", wait, {std::chrono::seconds(1), std::chrono::hours(24), std::chrono::seconds(1)});
    action.retry_after = std::chrono::duration_cast<std::chrono::seconds>(wait);
  }
  return action;
}

namespace {

void check_companion(TableReader& actions, std::string_view key, std::string_view action) {
  if (!actions.has(key) || actions.has(action)) return;
  actions.problems().error(actions.key_at(key),
                           quote(key) + " belongs to " + quote(action) + ", which is missing here");
}

}  // namespace

void check_reject_companions(TableReader& actions) {
  for (const std::string_view key : {"reason", "retry_after"}) check_companion(actions, key, "reject");
}

namespace {

constexpr std::string_view action_names[] = {"register", "lookup",   "relay",  "ask",
                                             "notify",   "redirect", "reject", "drop"};

std::string list_of_actions() {
  std::string list;
  for (const std::string_view name : action_names) {
    list += (list.empty() ? "" : name == action_names[std::size(action_names) - 1] ? " and " : ", ") + quote(name);
  }
  return list;
}

std::optional<RuleAction> read_one_action(TableReader& actions, const Draft& draft) {
  const Config& config = draft.config;
  std::optional<RuleAction> action;
  const ForkPolicy fork = read_fork(actions);
  if (names_location(actions, "register")) action = RegisterAction{};
  if (names_location(actions, "lookup")) action = LookupAction{fork};
  if (auto relay = read_relay(actions, config)) {
    relay->fork = fork;
    action = *std::move(relay);
  }
  if (auto ask = read_ask(actions, draft)) {
    ask->fork = fork;
    action = *std::move(ask);
  }
  if (actions.word("notify", {"dialog"}, {"presence", "reg", "message-summary", "conference"})) action = NotifyAction{};
  if (auto redirect = read_redirect(actions)) action = *std::move(redirect);
  RejectAction reject = read_reject(actions);
  if (actions.has("reject")) action = std::move(reject);
  bool drops = true;
  actions.boolean("drop", drops);
  if (!drops) actions.problems().error(actions.key_at("drop"), "'drop' is true, or left out");
  if (actions.has("drop")) action = DropAction{};
  check_companion(actions, "status", "redirect");
  check_reject_companions(actions);
  const auto count = std::ranges::count_if(action_names, [&](std::string_view name) { return actions.has(name); });
  if (count > 1) actions.problems().error(actions.at(), "'do' takes one of " + list_of_actions() + ", not several");
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

// Whoever the rule has to know is asked, so that he can say who he is.
void ask_for_identity(TableReader& actions, Rule& rule, RulePlaces& places) {
  const std::optional<IdentityMatch>& identity = rule.when.identity;
  if (!identity || !identity->known || identity->realm.empty()) return;
  if (rule.challenge.empty()) {
    rule.challenge = identity->realm;
    places.challenge = actions.at();
  } else if (rule.challenge != identity->realm) {
    actions.problems().error(places.challenge, "'challenge' asks for users of '" + rule.challenge +
                                                   "', and 'identity' for those of '" + identity->realm + "'");
  }
}

void read_limits_of_rule(TableReader& actions, Rule& rule, RulePlaces& places, const Draft& draft) {
  for (const Placed<std::string>& limit : actions.texts("limit")) {
    if (!is_there(draft.config.rate_limits, limit, "limit", actions.problems())) continue;
    places.limit = limit.at;
    rule.limits.push_back(limit.value);
    const auto named = std::ranges::find(draft.config.rate_limits, limit.value, &RateLimit::name);
    if (named->per != RateLimit::Per::User || !rule.challenge.empty()) continue;
    actions.problems().error(
        limit.at, "[limit." + limit.value + "] is per user, and the rule asks nobody who he is: it needs 'challenge'");
  }
}

std::optional<RuleAction> read_do(TableReader& rule, Rule& target, RulePlaces& places, const Draft& draft) {
  std::optional<TableReader> actions = rule.table("do", "'do'");
  if (!actions) return std::nullopt;
  places.action = actions->at();
  const std::optional<RuleAction> action = read_one_action(*actions, draft);
  target.mode = read_mode(*actions);
  read_challenge(*actions, target, places, draft);
  ask_for_identity(*actions, target, places);
  read_limits_of_rule(*actions, target, places, draft);
  read_changes(*actions, draft.config, target.changes);
  read_rule_identity(*actions, draft, target);
  read_rule_protection(*actions, target.protection);
  const bool later = actions->has("bridge");
  actions->later({"bridge"});
  actions->finish();
  const bool named = std::ranges::any_of(action_names, [&](std::string_view key) { return actions->has(key); });
  if (!named && !later) actions->problems().error(actions->at(), "'do' needs one of " + list_of_actions());
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
  read_when(reader, draft, rule.when);
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
