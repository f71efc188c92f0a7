// What `when` of a rule asks for.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

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

void read_hosts(TableReader& when, std::string_view key, std::vector<std::string>& domains) {
  for (const Placed<std::string>& domain : when.texts(key)) {
    if (const std::optional<IpAddress> address = IpAddress::parse(domain.value)) {
      domains.push_back(address->to_string());
    } else if (is_hostname(domain.value)) {
      domains.push_back(lowercase(domain.value));
    } else {
      when.problems().error(domain.at, "'" + domain.value + "' is neither 'local' nor a host name nor an address");
    }
  }
}

void read_uri(TableReader& when, const std::string& prefix, const Config& config, UriMatch& match) {
  const std::string user = prefix + "_user";
  for (const Placed<std::string>& text : when.texts(user)) {
    if (auto pattern = read_pattern(text, user, when.problems())) match.users.push_back(*std::move(pattern));
  }
  read_hosts(when, prefix + "_domain", match.domains);
  for (const Placed<std::string>& list : when.texts(prefix + "_list")) {
    if (is_there(config.lists, list, "list", when.problems())) match.lists.push_back(list.value);
  }
}

// "acl:NAME": what it allows; "!acl:NAME": what it does not.
bool read_access(const Placed<std::string>& source, const Config& config, Problems& problems, RuleMatch& match) {
  std::string_view name = source.value;
  const bool allowed = !name.starts_with('!');
  if (!allowed) name.remove_prefix(1);
  if (!name.starts_with("acl:")) return false;
  name.remove_prefix(4);
  const Placed<std::string> list{std::string(name), source.at};
  if (is_there(config.access_lists, list, "acl", problems)) match.access.push_back({list.value, allowed});
  return true;
}

void read_sources(TableReader& when, const Config& config, RuleMatch& match) {
  for (const Placed<std::string>& source : when.texts("source")) {
    if (read_access(source, config, when.problems(), match)) continue;
    if (const std::optional<Cidr> prefix = Cidr::parse(source.value)) {
      match.sources.push_back(*prefix);
    } else {
      when.problems().error(source.at, "'" + source.value + "' is not an address or a prefix such as '10.0.0.0/8'");
    }
  }
}

bool registers_for(const Config& config, const std::string& trunk) {
  return std::ranges::find(config.registrations, trunk, &TrunkRegistration::trunk) != config.registrations.end();
}

void read_trunks(TableReader& when, const Config& config, RuleMatch& match) {
  std::vector<std::string> names;
  for (const PeerGroupConfig& group : config.groups) {
    if (group.kind == PeerGroupConfig::Kind::Trunk) names.push_back(group.name);
  }
  for (const Placed<std::string>& name : when.texts("trunk")) {
    const auto trunk = std::ranges::find(config.groups, "trunk:" + name.value, &PeerGroupConfig::reference);
    if (trunk == config.groups.end()) {
      when.problems().error(name.at, "there is no [trunk." + name.value + "]" + suggestion(name.value, names));
    } else if (trunk->accept_from.empty() && !registers_for(config, name.value)) {
      when.problems().error(
          name.at,
          "[trunk." + name.value + "] has no 'accept_from' and no 'register', so nothing is known to come from it");
    } else {
      match.trunks.push_back({name.value, trunk->accept_from});
    }
  }
}

void read_names_of_listeners(TableReader& when, const Config& config, RuleMatch& match) {
  std::vector<std::string> names;
  for (const ListenerConfig& listener : config.listeners) names.push_back(listener.name);
  for (const Placed<std::string>& name : when.texts("listener")) {
    if (std::ranges::find(names, name.value) != names.end()) {
      match.listeners.push_back(name.value);
    } else {
      when.problems().error(name.at, "there is no listener named '" + name.value + "'" + suggestion(name.value, names));
    }
  }
}

void read_transports(TableReader& when, const Config& config, RuleMatch& match) {
  static const std::vector<std::string> known{"udp", "tcp", "tls", "ws", "wss"};
  for (const Placed<std::string>& name : when.texts("transport")) {
    const auto transport =
        std::ranges::find(known, name.value) == known.end() ? std::nullopt : parse_transport(name.value);
    if (!transport) {
      when.problems().error(name.at, "'" + name.value + "' is no transport" + suggestion(name.value, known));
      continue;
    }
    const bool comes = std::ranges::any_of(config.listeners, [&](const ListenerConfig& listener) {
      const bool upgrades = listener.websocket && is_websocket(*transport);
      return listener.transport == *transport || (upgrades && is_secure(listener.transport) == is_secure(*transport));
    });
    if (!comes) when.problems().warning(name.at, "no listener takes anything by '" + name.value + "'");
    match.transports.push_back(*transport);
  }
}

void read_realm_of_identity(TableReader& when, const Config& config, IdentityMatch& identity) {
  if (const auto auth = when.text("auth")) {
    if (is_there(config.auth, *auth, "auth", when.problems())) identity.realm = auth->value;
  } else if (when.has("auth")) {
    return;
  } else if (config.auth.size() == 1) {
    identity.realm = config.auth.front().name;
  } else {
    when.problems().error(when.key_at("identity"),
                          config.auth.empty()
                              ? "'identity' needs users to ask for: there is no [auth.NAME]"
                              : "'identity' needs 'auth' beside it: whose users, of several [auth.NAME]");
  }
}

void read_identity(TableReader& when, const Config& config, RuleMatch& match) {
  if (!when.has("identity")) {
    if (when.has("auth")) when.problems().error(when.key_at("auth"), "'auth' belongs to 'identity'");
    when.text("auth");
    return;
  }
  IdentityMatch identity;
  if (when.is_boolean("identity")) {
    when.boolean("identity", identity.known);
  } else {
    for (const Placed<std::string>& text : when.texts("identity")) {
      if (text.value.starts_with("list:")) {
        const Placed<std::string> list{text.value.substr(5), text.at};
        if (is_there(config.lists, list, "list", when.problems())) identity.lists.push_back(list.value);
      } else if (auto pattern = read_pattern(text, "identity", when.problems())) {
        identity.users.push_back(*std::move(pattern));
      }
    }
  }
  read_realm_of_identity(when, config, identity);
  match.identity = std::move(identity);
}

}  // namespace

void read_fields(TableReader& reader, std::vector<FieldMatch>& target) {
  std::optional<TableReader> fields = reader.table("header", "'header'");
  if (!fields) return;
  for (const Placed<std::string>& name : fields->keys()) {
    FieldMatch field{.name = name.value};
    if (!is_token(name.value)) {
      fields->problems().error(name.at, "'" + name.value + "' is no name of a header field (RFC 3261 §25.1: a token)");
    }
    if (fields->is_boolean(name.value)) {
      fields->boolean(name.value, field.present);
    } else if (const auto text = fields->text(name.value)) {
      field.pattern = read_pattern(*text, name.value, fields->problems());
    }
    target.push_back(std::move(field));
  }
  if (target.empty()) fields->problems().error(fields->at(), "'header' names no field: { \"X-Gate\" = \"^a$\" }");
  fields->finish();
}

std::optional<Pattern> read_pattern(const Placed<std::string>& text, std::string_view key, Problems& problems) {
  auto pattern = Pattern::compile(text.value);
  if (pattern) return *std::move(pattern);
  problems.error(text.at,
                 "'" + std::string(key) + "': '" + text.value + "' is no regular expression (RE2): " + pattern.error());
  return std::nullopt;
}

void read_when(TableReader& rule, const Draft& draft, RuleMatch& match) {
  std::optional<TableReader> when = rule.table("when", "'when'");
  if (!when) return;
  read_methods(*when, match);
  read_uri(*when, "ruri", draft.config, match.ruri);
  read_uri(*when, "from", draft.config, match.from);
  read_uri(*when, "to", draft.config, match.to);
  read_sources(*when, draft.config, match);
  read_trunks(*when, draft.config, match);
  read_names_of_listeners(*when, draft.config, match);
  read_transports(*when, draft.config, match);
  read_fields(*when, match.fields);
  if (when->has("dialog")) {
    bool in_dialog = true;
    when->boolean("dialog", in_dialog);
    match.in_dialog = in_dialog;
  }
  for (const Placed<std::string>& times : when->texts("time")) {
    if (is_there(draft.config.times, times, "times", when->problems())) match.times.push_back(times.value);
  }
  read_identity(*when, draft.config, match);
  when->finish();
}

}  // namespace intermediary
