// The words behind `rule NODE`.
#include <algorithm>
#include <functional>

#include "sim/node_options.h"
#include "sim/option_value.h"

namespace intermediary::sim {
namespace {

Uri uri_of(const OptionValue& value, std::string_view expected) {
  std::string_view text = value.text;
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  auto uri = Uri::parse(text);
  if (!uri) value.refuse(expected);
  return *std::move(uri);
}

RuleAction relay_action(const OptionValue& value) {
  if (value.text == "request-uri") return RelayAction{};
  Uri uri = uri_of(value, "request-uri or a SIP URI");
  if (!uri.is_sip()) value.refuse("request-uri or a SIP URI");
  return RelayAction{std::move(uri)};
}

RuleAction redirect_action(const OptionValue& value) {
  if (value.text == "location") return RedirectAction{};
  return RedirectAction{.contacts = {uri_of(value, "location or a URI")}};
}

RuleAction reject_action(const OptionValue& value) {
  return RejectAction{.status = static_cast<int>(value.number({400, 699}))};
}

ForkMode fork_mode(const OptionValue& value) {
  if (value.text == "parallel") return ForkMode::Parallel;
  if (value.text == "serial") return ForkMode::Serial;
  if (value.text != "q") value.refuse("parallel, serial or q");
  return ForkMode::ByQ;
}

CallerChoice caller_choice(const OptionValue& value) {
  if (value.text == "no") return CallerChoice::No;
  if (value.text == "yes") return CallerChoice::Yes;
  if (value.text != "redirect") value.refuse("no, yes or redirect");
  return CallerChoice::Redirect;
}

std::vector<std::string> methods_of(const OptionValue& value) {
  auto methods = value.list("methods such as INVITE,BYE");
  for (const std::string& method : methods) {
    const auto meant = method_of_other_case(method);
    if (!meant) continue;
    throw Wrong{value.place, "'" + method + "' is another method than " + std::string(*meant) +
                                 " (RFC 3261 §7.1: case counts); did you mean '" + std::string(*meant) + "'?"};
  }
  return methods;
}

Pattern pattern_of(const OptionValue& value) {
  auto pattern = Pattern::compile(value.text);
  if (!pattern) throw Wrong{value.place, "'" + value.text + "' is no regular expression (RE2): " + pattern.error()};
  return *std::move(pattern);
}

std::vector<Transport> transports_of(const OptionValue& value) {
  std::vector<Transport> transports;
  for (const std::string& name : value.list("transports such as udp,tcp")) {
    const auto transport = parse_transport(name);
    if (!transport) value.refuse("udp, tcp, tls, ws or wss");
    transports.push_back(*transport);
  }
  return transports;
}

// "192.0.2.0/24,acl:inside,!acl:outside".
void read_sources(RuleMatch& when, const OptionValue& value) {
  constexpr std::string_view expected = "a network such as 192.0.2.0/24, acl:NAME or !acl:NAME";
  for (const std::string& entry : value.list(expected)) {
    const std::size_t acl = entry.find("acl:");
    if (acl == 0 || (acl == 1 && entry.front() == '!')) {
      when.access.push_back({entry.substr(acl + 4), acl == 0});
      continue;
    }
    const auto network = Cidr::parse(entry);
    if (!network) value.refuse(expected);
    when.sources.push_back(*network);
  }
}

// "yes", "no", "list:NAME", or an expression.
void read_identity(RuleMatch& when, const OptionValue& value) {
  if (!when.identity) when.identity = IdentityMatch{};
  if (value.text == "no") {
    when.identity->known = false;
  } else if (value.text.starts_with("list:")) {
    when.identity->lists = {value.text.substr(5)};
  } else if (value.text != "yes") {
    when.identity->users = {pattern_of(value)};
  }
}

struct RuleDraft {
  Rule rule;
  ForkPolicy fork;
  std::optional<int> redirect_status{};
  std::string realm{};  // of the condition on identity
};

using RuleSetter = void (*)(RuleDraft&, const OptionValue&);

// Options with a value, by their keys: conditions first.
const std::map<std::string, RuleSetter, std::less<>>& rule_setters() {
  static const std::map<std::string, RuleSetter, std::less<>> setters{
      {"method", [](RuleDraft& d, const OptionValue& v) { d.rule.when.methods = methods_of(v); }},
      {"domain", [](RuleDraft& d, const OptionValue& v) { d.rule.when.ruri.domains = v.domains(); }},
      {"user", [](RuleDraft& d, const OptionValue& v) { d.rule.when.ruri.users = {pattern_of(v)}; }},
      {"from-domain", [](RuleDraft& d, const OptionValue& v) { d.rule.when.from.domains = v.domains(); }},
      {"from-user", [](RuleDraft& d, const OptionValue& v) { d.rule.when.from.users = {pattern_of(v)}; }},
      {"to-domain", [](RuleDraft& d, const OptionValue& v) { d.rule.when.to.domains = v.domains(); }},
      {"to-user", [](RuleDraft& d, const OptionValue& v) { d.rule.when.to.users = {pattern_of(v)}; }},
      {"list", [](RuleDraft& d, const OptionValue& v) { d.rule.when.ruri.lists = v.list("a list's name"); }},
      {"from-list", [](RuleDraft& d, const OptionValue& v) { d.rule.when.from.lists = v.list("a list's name"); }},
      {"to-list", [](RuleDraft& d, const OptionValue& v) { d.rule.when.to.lists = v.list("a list's name"); }},
      {"source", [](RuleDraft& d, const OptionValue& v) { read_sources(d.rule.when, v); }},
      {"time", [](RuleDraft& d, const OptionValue& v) { d.rule.when.times = v.list("names of 'times'"); }},
      {"identity", [](RuleDraft& d, const OptionValue& v) { read_identity(d.rule.when, v); }},
      {"auth", [](RuleDraft& d, const OptionValue& v) { d.realm = v.text; }},
      {"limit", [](RuleDraft& d, const OptionValue& v) { d.rule.limits = v.list("names of 'limit'"); }},
      {"listener",
       [](RuleDraft& d, const OptionValue& v) { d.rule.when.listeners = v.list("listeners such as udp1"); }},
      {"transport", [](RuleDraft& d, const OptionValue& v) { d.rule.when.transports = transports_of(v); }},
      {"dialog", [](RuleDraft& d, const OptionValue& v) { d.rule.when.in_dialog = v.yes_or_no(); }},
      {"name", [](RuleDraft& d, const OptionValue& v) { d.rule.name = v.text; }},
      {"fork", [](RuleDraft& d, const OptionValue& v) { d.fork.mode = fork_mode(v); }},
      {"preferences", [](RuleDraft& d, const OptionValue& v) { d.fork.caller = caller_choice(v); }},
      {"ring-timeout",
       [](RuleDraft& d, const OptionValue& v) { d.fork.ring_timeout = v.duration(range::ring_timeout); }},
      {"challenge", [](RuleDraft& d, const OptionValue& v) { d.rule.challenge = v.text; }},
      {"status",
       [](RuleDraft& d, const OptionValue& v) { d.redirect_status = static_cast<int>(v.number({300, 399})); }},
      {"mode",
       [](RuleDraft& d, const OptionValue& v) {
         d.rule.mode = parse_proxy_mode(v.text);
         if (!d.rule.mode) unknown({v.text, v.place}, "a mode", proxy_mode_names());
       }},
  };
  return setters;
}

using ActionMaker = RuleAction (*)(const OptionValue&);
const std::map<std::string, ActionMaker, std::less<>>& actions_with_value() {
  static const std::map<std::string, ActionMaker, std::less<>> actions{
      {"relay", relay_action}, {"redirect", redirect_action}, {"reject", reject_action}};
  return actions;
}

std::optional<RuleAction> plain_action(std::string_view word) {
  if (word == "register") return RegisterAction{};
  if (word == "lookup") return LookupAction{};
  if (word == "notify=dialog") return NotifyAction{};
  if (word == "drop") return DropAction{};
  return std::nullopt;
}

std::vector<std::string> rule_words() {
  std::vector<std::string> words{"header.NAME", "recurse",       "late-contacts", "register",
                                 "lookup",      "notify=dialog", "drop"};
  for (const auto& [key, setter] : rule_setters()) words.push_back(key);
  for (const auto& [key, maker] : actions_with_value()) words.push_back(key);
  return words;
}

// "header.X-Gate=^a$", "header.X-Gate" and "!header.X-Gate".
bool read_field(RuleMatch& when, const Piece& word) {
  constexpr std::string_view there = "header.", absent = "!header.";
  const bool is_absent = word.text.starts_with(absent);
  if (!is_absent && !word.text.starts_with(there)) return false;
  const auto option = key_and_value(word.text);
  const std::string key = option ? option->key : word.text;
  FieldMatch field{.name = key.substr(is_absent ? absent.size() : there.size()), .present = !is_absent};
  if (!is_token(field.name)) throw Wrong{word.place, "'" + field.name + "' is no name of a header field"};
  if (option && is_absent) throw Wrong{word.place, "what is not there has no value"};
  if (option) field.pattern = pattern_of({option->value, word.place});
  when.fields.push_back(std::move(field));
  return true;
}

// One word of a rule; true when it was the action.
bool apply_rule_word(RuleDraft& draft, const Piece& word) {
  if (auto action = plain_action(word.text)) return draft.rule.action = *std::move(action), true;
  if (word.text == "recurse") return draft.fork.recurse = true, false;
  if (word.text == "late-contacts") return draft.fork.late_contacts = true, false;
  if (read_field(draft.rule.when, word)) return false;
  const auto option = key_and_value(word.text);
  constexpr std::string_view expected = "a condition, an option or an action of a rule";
  if (!option) unknown_option(word, expected, rule_words());
  const OptionValue value{option->value, word.place};
  const auto action = actions_with_value().find(option->key);
  if (action != actions_with_value().end()) return draft.rule.action = action->second(value), true;
  const auto setter = rule_setters().find(option->key);
  if (setter == rule_setters().end()) unknown_option(word, expected, rule_words());
  setter->second(draft, value);
  return false;
}

// An option that the rule's action has no use for would be left out in silence.
void check_uses(const RuleDraft& draft, const OptionsOnce& options) {
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
  const RuleAction& action = draft.rule.action;
  if (std::holds_alternative<RegisterAction>(action)) refuse(answers_itself, "registers", "");
  if (std::holds_alternative<NotifyAction>(action)) refuse(answers_itself, "notifies", "");
  if (std::holds_alternative<RedirectAction>(action)) refuse(answers_itself, "redirects", "");
  if (std::holds_alternative<RejectAction>(action)) refuse(answers_itself, "rejects", "");
  if (std::holds_alternative<DropAction>(action)) refuse(answers_itself, "drops", "");
  if (std::holds_alternative<DropAction>(action)) refuse({"challenge", "limit"}, "drops", "");
  if (std::holds_alternative<RejectAction>(action)) refuse({"limit"}, "rejects", "");
  if (!draft.rule.when.identity) refuse({"auth"}, "asks for no identity", "");
  if (!std::holds_alternative<RedirectAction>(action)) refuse({"status"}, "does not redirect", "");
  if (!std::holds_alternative<RelayAction>(action)) return;
  refuse({"late-contacts"}, "relays", "");
  if (!draft.fork.recurse) refuse({"fork", "preferences"}, "relays", " without 'recurse'");
}

}  // namespace

PlacedRule parse_rule(Words& words, std::size_t number) {
  PlacedRule placed;
  RuleDraft draft;
  draft.rule.name = "rule-" + std::to_string(number);
  OptionsOnce options;
  bool acts = false;
  while (!words.at_end()) {
    Piece word = words.next("a condition or an action");
    bool is_action = apply_rule_word(draft, word);
    if (acts && is_action) throw Wrong{word.place, "a rule has one action, and this is another"};
    acts |= is_action;
    options.add(word);
    if (is_action) placed.action = word.place;
  }
  if (!acts) {
    throw Wrong{words.rest().place,
                "expected an action: register, lookup, notify=dialog, relay=…, redirect=…, reject=… or drop"};
  }
  check_uses(draft, options);
  Rule& rule = draft.rule;
  if (rule.when.identity) rule.when.identity->realm = draft.realm;
  const std::vector<std::string>& methods = rule.when.methods;
  if (std::holds_alternative<RegisterAction>(rule.action) && !methods.empty() &&
      std::ranges::find(methods, "REGISTER") == methods.end()) {
    throw Wrong{placed.action, "this rule registers, but its method= lets no REGISTER in"};
  }
  placed.listener = options.place_of("listener").value_or(placed.action);
  placed.challenge = options.place_of("challenge").value_or(placed.action);
  if (auto* lookup = std::get_if<LookupAction>(&rule.action)) lookup->fork = draft.fork;
  if (auto* relay = std::get_if<RelayAction>(&rule.action)) relay->fork = draft.fork;
  if (auto* redirect = std::get_if<RedirectAction>(&rule.action))
    redirect->status = draft.redirect_status.value_or(302);
  placed.rule = std::move(rule);
  return placed;
}

}  // namespace intermediary::sim
