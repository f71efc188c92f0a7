#include "proxy/redirection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"

namespace intermediary {

namespace {

// nullopt: it cannot be read.
std::optional<Redirection> read(const Message& response, const Entry& entry) {
  auto contact = parse_name_address(text(response, entry));
  if (!contact) return std::nullopt;
  Redirection redirection{{}, entry};
  redirection.target.uri = std::move(contact->uri);
  redirection.target.features = contact->parameters.to_string();
  if (const auto q = contact->parameters.value("q")) {
    const auto thousandths = parse_q(*q);
    if (!thousandths) return std::nullopt;
    redirection.target.q_thousandths = *thousandths;
  }
  return redirection;
}

}  // namespace

std::vector<Redirection> redirections(const Message& response, bool sips_only) {
  std::vector<Redirection> all;
  const std::vector<Entry> contacts = entries(response, FieldName::Contact);
  if (contacts.size() > limit::list_entries) return {};
  for (const Entry& entry : contacts) {
    auto redirection = read(response, entry);
    if (!redirection) return {};
    const Uri& uri = redirection->target.uri;
    if (!uri.is_sip() || (sips_only && !uri.is_sips())) continue;
    const auto lower = [q = redirection->target.q_thousandths](const Redirection& other) {
      return other.target.q_thousandths < q;
    };
    all.insert(std::ranges::find_if(all, lower), *std::move(redirection));
  }
  return all;
}

}  // namespace intermediary
