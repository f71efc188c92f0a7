#include "routing/rule.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace intermediary {
namespace {

// Whether a condition holds: it is not there, or one of its entries fits.
template <class Entry>
bool holds(const std::vector<Entry>& entries, auto fits) {
  return entries.empty() || std::ranges::any_of(entries, fits);
}

bool takes_uri(const UriMatch& match, const std::optional<RuleUri>& uri, const RuleQuery& query) {
  if (match.empty()) return true;
  if (!uri) return false;
  const auto stands_in = [&](const std::string& list) { return query.facts->lists(list, uri->user, uri->host); };
  if (!holds(match.lists, stands_in)) return false;
  const auto is_the_host = [&](const std::string& domain) {
    return domain == "local" ? uri->is_local : equals_ignoring_case(domain, uri->host);
  };
  if (!holds(match.domains, is_the_host)) return false;
  if (match.users.empty()) return true;
  const std::string user = unescaped_user(uri->user);
  return std::ranges::any_of(match.users, [&](const Pattern& pattern) { return pattern.found_in(user); });
}

bool contains(const std::vector<Cidr>& prefixes, const IpAddress& source) {
  return std::ranges::any_of(prefixes, [&](const Cidr& prefix) { return prefix.contains(source); });
}

bool names_source(const RuleMatch& match, const IpAddress& source) {
  return contains(match.sources, source) ||
         std::ranges::any_of(match.trunks, [&](const TrunkMatch& trunk) { return contains(trunk.from, source); });
}

bool is_named(const Message& message, const Field& field, const FieldMatch& match) {
  const FieldName known = field_name(match.name);
  if (known != FieldName::Other) return field.name == known;
  return equals_ignoring_case(message.name_text(field), match.name);
}

bool takes_field(const FieldMatch& match, const Message& message) {
  const bool found = std::ranges::any_of(message.fields(), [&](const Field& field) {
    return is_named(message, field, match) && (!match.pattern || match.pattern->found_in(message.value(field)));
  });
  return found == match.present;
}

bool takes_source(const RuleMatch& match, const RuleQuery& query) {
  if (match.sources.empty() && match.access.empty()) return true;
  return contains(match.sources, query.source) || std::ranges::any_of(match.access, [&](const AccessMatch& access) {
           return query.facts->allows(access.list, query.source) == access.allowed;
         });
}

bool takes_principal(const IdentityMatch& match, const Principal& principal, const RuleFacts& facts) {
  return match.is_anybody() ||
         std::ranges::any_of(match.users, [&](const Pattern& user) { return user.found_in(principal.name); }) ||
         std::ranges::any_of(
             match.lists, [&](const std::string& list) { return facts.lists(list, principal.user, principal.host); });
}

// The last of the conditions: only where all others hold does anybody have to show who he is.
bool takes_identity(const Rule& rule, const RuleQuery& query) {
  const std::optional<IdentityMatch>& match = rule.when.identity;
  if (!match) return true;
  const std::optional<Principal> principal = query.facts->principal(rule);
  if (!match->known) return !principal;
  return principal ? takes_principal(*match, *principal, *query.facts) : query.may_be_asked;
}

bool takes_trunk(const RuleMatch& match, const RuleQuery& query) {
  return holds(match.trunks, [&](const TrunkMatch& trunk) {
    return (!query.trunk.empty() && trunk.name == query.trunk) || contains(trunk.from, query.source);
  });
}

bool takes_listener(const RuleMatch& match, const RuleQuery& query) {
  return holds(match.listeners, [&](const std::string& name) { return name == query.listener; });
}

bool takes_transport(const RuleMatch& match, const RuleQuery& query) {
  return holds(match.transports, [&](Transport transport) { return transport == query.transport; });
}

bool takes_time(const RuleMatch& match, const RuleQuery& query) {
  return holds(match.times, [&](const std::string& times) { return query.facts->is_time(times); });
}

// The first condition that does not hold, by its key; "" when all do. Of a URI's conditions, its prefix: "ruri".
std::string_view failing(const RuleMatch& match, const RuleQuery& query) {
  if (!holds(match.methods, [&](const std::string& method) { return method == query.method; })) return "method";
  if (!takes_uri(match.ruri, query.ruri, query)) return "ruri";
  if (!takes_source(match, query)) return "source";
  if (!takes_trunk(match, query)) return "trunk";
  if (!takes_listener(match, query)) return "listener";
  if (!takes_transport(match, query)) return "transport";
  if (match.in_dialog.value_or(query.in_dialog) != query.in_dialog) return "dialog";
  if (!takes_uri(match.from, query.from, query)) return "from";
  if (!takes_uri(match.to, query.to, query)) return "to";
  if (!takes_time(match, query)) return "time";
  for (const FieldMatch& field : match.fields) {
    if (!takes_field(field, *query.message)) return field.name;
  }
  return "";
}

std::string shown_uri(const std::optional<RuleUri>& uri) {
  if (!uri) return "cannot be read";
  const std::string user = uri->user.empty() ? std::string() : std::string(uri->user) + "@";
  return "is " + user + std::string(uri->host) + (uri->is_local ? ", which is local" : "");
}

// What the request has in place of what that condition wants.
std::string shown_instead(std::string_view key, const RuleQuery& query) {
  if (key == "method") return "it is " + std::string(query.method);
  if (key == "ruri") return "the Request-URI " + shown_uri(query.ruri);
  if (key == "from") return "From " + shown_uri(query.from);
  if (key == "to") return "To " + shown_uri(query.to);
  if (key == "source" || key == "trunk") return "it came from " + query.source.to_string();
  if (key == "listener") return "it came in by '" + std::string(query.listener) + "'";
  if (key == "transport") return "it came by " + std::string(parameter_name(query.transport));
  if (key == "dialog") return query.in_dialog ? "it is within one" : "it is outside of one";
  if (key == "time") return "it is another time";
  return "the field is not there, or says something else";
}

std::string why_not(const Rule& rule, const RuleQuery& query) {
  const std::string_view key = failing(rule.when, query);
  if (!key.empty()) return "'" + std::string(key) + "': " + shown_instead(key, query);
  return takes_identity(rule, query) ? std::string() : "'identity': its credentials are somebody else's, or nobody's";
}

}  // namespace

bool matches(const RuleMatch& match, const RuleQuery& query) { return failing(match, query).empty(); }

const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query, const RuleTold& told, std::size_t first) {
  for (const Rule& rule : std::span(rules).subspan(std::min(first, rules.size()))) {
    const bool takes = matches(rule.when, query) && takes_identity(rule, query);
    if (told) told(rule, takes ? std::string() : why_not(rule, query));
    if (takes) return &rule;
  }
  return nullptr;
}

bool names_source(const std::vector<Rule>& rules, const IpAddress& source) {
  return std::ranges::any_of(rules, [&](const Rule& rule) { return names_source(rule.when, source); });
}

bool reads_parties(const std::vector<Rule>& rules) {
  return std::ranges::any_of(rules, [](const Rule& rule) { return !rule.when.from.empty() || !rule.when.to.empty(); });
}

}  // namespace intermediary
