#include "policy/party_list.h"

#include <algorithm>

#include "base/address.h"
#include "base/text.h"
#include "message/uri.h"

namespace intermediary {
namespace {

std::string canonical_host(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return address ? address->to_string() : lowercase(host);
}

// An '@' in a user's name is no end of it.
std::string canonical_user(std::string_view user) {
  std::string plain;
  for (const char c : unescaped_user(user)) {
    if (c == '@') {
      plain += "%40";
    } else {
      plain += c;
    }
  }
  return plain;
}

}  // namespace

std::expected<std::string, std::string> PartyList::canonical(std::string_view entry) {
  const std::string quoted = "'" + std::string(entry) + "'";
  std::string_view rest = entry;
  for (const std::string_view scheme : {"sip:", "sips:", "tel:"}) {
    if (rest.size() > scheme.size() && equals_ignoring_case(rest.substr(0, scheme.size()), scheme)) {
      rest.remove_prefix(scheme.size());
      break;
    }
  }
  const std::size_t at = rest.rfind('@');
  const bool printable = std::ranges::all_of(rest, [](char c) { return c > ' ' && c != '\x7f'; });
  if (rest.empty() || !printable || rest.find_first_of(";?<>\",") != std::string_view::npos ||
      rest.substr(0, at).find(':') != std::string_view::npos) {
    return std::unexpected(quoted + " is neither 'user@domain' nor '@domain' nor 'user'");
  }
  if (at == std::string_view::npos) return canonical_user(rest);
  const auto uri = Uri::parse("sip:a@" + std::string(rest.substr(at + 1)));
  if (!uri) return std::unexpected(quoted + " names no domain: " + uri.error().detail);
  if (uri->port) return std::unexpected(quoted + " has a port: a list is of users and domains");
  return canonical_user(rest.substr(0, at)) + '@' + canonical_host(uri->host);
}

void PartyList::arrange() {
  std::ranges::sort(entries);
  const auto again = std::ranges::unique(entries);
  entries.erase(again.begin(), again.end());
}

bool PartyList::holds(std::string_view user, std::string_view host) const {
  const auto has = [&](const std::string& entry) { return std::ranges::binary_search(entries, entry); };
  const std::string plain = canonical_user(user), place = '@' + canonical_host(host);
  if (!host.empty() && has(place)) return true;
  return !plain.empty() && (has(plain) || (!host.empty() && has(plain + place)));
}

}  // namespace intermediary
