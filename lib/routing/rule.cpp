#include "routing/rule.h"

#include <algorithm>

#include "base/text.h"

namespace intermediary {
namespace {

bool takes_method(const RuleMatch& match, const RuleQuery& query) {
  return match.methods.empty() || std::ranges::find(match.methods, query.method) != match.methods.end();
}

bool takes_domain(const RuleMatch& match, const RuleQuery& query) {
  const auto is_the_host = [&](const std::string& domain) {
    return domain == "local" ? query.ruri_is_local : equals_ignoring_case(domain, query.ruri_host);
  };
  return match.ruri_domains.empty() || std::ranges::any_of(match.ruri_domains, is_the_host);
}

bool names_source(const RuleMatch& match, const IpAddress& source) {
  return std::ranges::any_of(match.sources, [&](const Cidr& prefix) { return prefix.contains(source); });
}

bool takes_source(const RuleMatch& match, const RuleQuery& query) {
  return match.sources.empty() || names_source(match, query.source);
}

}  // namespace

bool matches(const RuleMatch& match, const RuleQuery& query) {
  return takes_method(match, query) && takes_domain(match, query) && takes_source(match, query);
}

const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query) {
  const auto rule = std::ranges::find_if(rules, [&](const Rule& r) { return matches(r.when, query); });
  return rule == rules.end() ? nullptr : &*rule;
}

bool names_source(const std::vector<Rule>& rules, const IpAddress& source) {
  return std::ranges::any_of(rules, [&](const Rule& rule) { return names_source(rule.when, source); });
}

}  // namespace intermediary
