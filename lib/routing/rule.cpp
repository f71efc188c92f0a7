#include "routing/rule.h"

#include <algorithm>

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

bool names_source(const RuleMatch& match, const IpAddress& source) {
  return std::ranges::any_of(match.sources, [&](const Cidr& prefix) { return prefix.contains(source); });
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
  return names_source(match, query.source) || std::ranges::any_of(match.access, [&](const AccessMatch& access) {
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

}  // namespace

bool matches(const RuleMatch& match, const RuleQuery& query) {
  return holds(match.methods, [&](const std::string& method) { return method == query.method; }) &&
         takes_uri(match.ruri, query.ruri, query) && takes_source(match, query) &&
         holds(match.listeners, [&](const std::string& name) { return name == query.listener; }) &&
         holds(match.transports, [&](Transport transport) { return transport == query.transport; }) &&
         match.in_dialog.value_or(query.in_dialog) == query.in_dialog && takes_uri(match.from, query.from, query) &&
         takes_uri(match.to, query.to, query) &&
         holds(match.times, [&](const std::string& times) { return query.facts->is_time(times); }) &&
         std::ranges::all_of(match.fields, [&](const FieldMatch& field) { return takes_field(field, *query.message); });
}

const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query) {
  const auto rule =
      std::ranges::find_if(rules, [&](const Rule& r) { return matches(r.when, query) && takes_identity(r, query); });
  return rule == rules.end() ? nullptr : &*rule;
}

bool names_source(const std::vector<Rule>& rules, const IpAddress& source) {
  return std::ranges::any_of(rules, [&](const Rule& rule) { return names_source(rule.when, source); });
}

bool reads_parties(const std::vector<Rule>& rules) {
  return std::ranges::any_of(rules, [](const Rule& rule) { return !rule.when.from.empty() || !rule.when.to.empty(); });
}

}  // namespace intermediary
