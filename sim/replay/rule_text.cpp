#include "sim/replay/rule_text.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"

namespace intermediary::sim {
namespace {

// One option for each condition that is there.
class ConditionWords {
 public:
  void list(std::string_view key, const std::vector<std::string>& entries) {
    if (!entries.empty()) text_.append(" ").append(key).append("=").append(joined(entries));
  }
  // Of several expressions one that any of them makes true.
  void users(std::string_view key, const std::vector<Pattern>& patterns) {
    if (patterns.empty()) return;
    std::string all = patterns.front().text();
    if (patterns.size() > 1) {
      all.clear();
      for (const Pattern& one : patterns) all += (all.empty() ? "(?:" : "|(?:") + one.text() + ')';
    }
    text_.append(" ").append(key).append("=").append(all);
  }
  void field(const FieldMatch& field) {
    text_ += (field.present ? " header." : " !header.") + field.name;
    if (field.pattern) text_ += '=' + field.pattern->text();
  }
  void word(std::string_view word) { text_.append(" ").append(word); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::vector<std::string> sources_of(const RuleMatch& when) {
  std::vector<std::string> texts;
  for (const Cidr& source : when.sources) texts.push_back(source.to_string());
  for (const AccessMatch& access : when.access) texts.push_back((access.allowed ? "acl:" : "!acl:") + access.list);
  return texts;
}

std::vector<std::string> texts_of(const std::vector<Transport>& transports) {
  std::vector<std::string> texts;
  for (const Transport transport : transports) texts.emplace_back(parameter_name(transport));
  return texts;
}

std::vector<std::string> listeners_of(const std::vector<std::string>& listeners, const Config& config) {
  std::vector<std::string> names;
  for (const std::string& name : listeners) {
    const auto found = std::ranges::find(config.listeners, name, &ListenerConfig::name);
    if (found == config.listeners.end()) continue;
    names.push_back(listener_in_scenario(config, static_cast<std::size_t>(found - config.listeners.begin())));
  }
  return names;
}

std::string conditions_text(const RuleMatch& when, const Config& config) {
  ConditionWords text;
  text.list("method", when.methods);
  text.list("domain", when.ruri.domains);
  text.users("user", when.ruri.users);
  text.list("list", when.ruri.lists);
  text.list("from-list", when.from.lists);
  text.list("to-list", when.to.lists);
  text.list("time", when.times);
  text.list("from-domain", when.from.domains);
  text.users("from-user", when.from.users);
  text.list("to-domain", when.to.domains);
  text.users("to-user", when.to.users);
  text.list("source", sources_of(when));
  text.list("listener", listeners_of(when.listeners, config));
  text.list("transport", texts_of(when.transports));
  for (const FieldMatch& field : when.fields) text.field(field);
  if (when.in_dialog) text.word(*when.in_dialog ? "dialog=yes" : "dialog=no");
  return text.take();
}

std::string fork_text(const ForkPolicy& fork, const std::optional<ProxyMode>& mode) {
  std::string text = mode ? " mode=" + mode_text(*mode) : std::string();
  if (fork.mode == ForkMode::Serial) text += " fork=serial";
  if (fork.mode == ForkMode::ByQ) text += " fork=q";
  if (fork.ring_timeout > Duration::zero()) text += " ring-timeout=" + microseconds_text(fork.ring_timeout);
  if (fork.recurse) text += " recurse";
  if (fork.late_contacts) text += " late-contacts";
  return text;
}

std::string redirection_text(const RedirectAction& redirect) {
  const bool looks_up = redirect.contacts.empty();
  return " status=" + std::to_string(redirect.status) +
         " redirect=" + (looks_up ? "location" : '<' + redirect.contacts.front().to_string() + '>');
}

}  // namespace

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::string mode_text(ProxyMode mode) {
  switch (mode) {
    case ProxyMode::Stateless:
      return "stateless";
    case ProxyMode::Stateful:
      return "stateful";
    case ProxyMode::CallStateful:
      return "call-stateful";
  }
  return "";
}

std::string microseconds_text(Duration duration) { return std::to_string(duration.count()) + "us"; }

std::string listener_in_scenario(const Config& config, std::size_t index) {
  return std::string(parameter_name(config.listeners[index].transport)) + std::to_string(index + 1);
}

std::string rule_text(const Rule& rule, const Config& config) {
  const std::string action =
      std::visit(Overloaded{
                     [](const RegisterAction&) { return std::string(" register"); },
                     [](const NotifyAction&) { return std::string(" notify=dialog"); },
                     [](const DropAction&) { return std::string(" drop"); },
                     [](const RejectAction& reject) { return " reject=" + std::to_string(reject.status); },
                     [](const RedirectAction& redirect) { return redirection_text(redirect); },
                     [](const AskAction&) { return std::string(" reject=503"); },  // no line of a scenario asks
                     [&](const LookupAction& lookup) { return fork_text(lookup.fork, rule.mode) + " lookup"; },
                     [&](const RelayAction& relay) {
                       return fork_text(relay.fork, rule.mode) +
                              " relay=" + (relay.target ? '<' + relay.target->to_string() + '>' : "request-uri");
                     },
                 },
                 rule.action);
  const std::string limits = rule.limits.empty() ? std::string() : " limit=" + joined(rule.limits);
  return "name=" + rule.name + conditions_text(rule.when, config) + limits + action;
}

}  // namespace intermediary::sim
