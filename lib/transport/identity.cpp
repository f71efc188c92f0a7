#include "transport/identity.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

std::string_view without_last_dot(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return name;
}

// Letters, digits, hyphens and dots, as a domain has them on the wire: an internationalised one comes in A-labels
// (RFC 5280 §7.2).
bool is_domain(std::string_view name) {
  constexpr std::size_t longest_domain = 253;
  if (name.empty() || name.size() > longest_domain || name.starts_with('.') || name.contains("..")) return false;
  return std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.'; });
}

void add(std::vector<std::string>& identities, std::string_view name) {
  name = without_last_dot(name);
  if (!is_domain(name) || identities.size() == limit::certificate_identities) return;
  std::string identity = lowercase(name);
  if (std::ranges::find(identities, identity) == identities.end()) identities.push_back(std::move(identity));
}

// The host of "sip:example.com"; "" for another scheme and for a user's URI.
std::string_view domain_of(std::string_view uri) {
  constexpr std::string_view scheme = "sip:";
  if (!equals_ignoring_case(uri.substr(0, scheme.size()), scheme) || uri.contains('@')) return {};
  uri.remove_prefix(scheme.size());
  return uri.substr(0, uri.find_first_of(":;?"));
}

}  // namespace

std::vector<std::string> sip_identities(const CertificateNames& names) {
  std::vector<std::string> identities;
  for (const std::string& uri : names.uris) add(identities, domain_of(uri));
  if (!identities.empty()) return identities;
  for (const std::string& name : names.dns_names) add(identities, name);
  if (!names.has_alternatives) add(identities, names.common_name);
  return identities;
}

bool covers(const std::vector<std::string>& identities, std::string_view domain) {
  domain = without_last_dot(domain);
  return std::ranges::any_of(identities,
                             [&](const std::string& identity) { return equals_ignoring_case(identity, domain); });
}

}  // namespace intermediary
