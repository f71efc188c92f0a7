#include "sim/zone.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/text.h"

namespace intermediary::sim {
namespace {

struct Service {
  Transport transport;
  std::string_view field;
  std::string_view prefix;
};
constexpr std::array<Service, 3> services{{{Transport::Udp, "SIP+D2U", "_sip._udp."},
                                           {Transport::Tcp, "SIP+D2T", "_sip._tcp."},
                                           {Transport::Tls, "SIPS+D2T", "_sips._tcp."}}};

std::uint16_t small(std::size_t number) { return static_cast<std::uint16_t>(number); }

}  // namespace

bool Zone::Trouble::fits(const DnsQuestion& question) const {
  return (name == "*" || name == question.name) && (!type || *type == question.type);
}

void Zone::apply(const ZoneChange& change, bool more) {
  const bool is_trouble = change.kind != ZoneChange::Kind::Records && change.kind != ZoneChange::Kind::None;
  if (is_trouble || change.name == "*" || !change.type) {
    std::erase_if(troubles_, [&](const Trouble& t) { return t.name == change.name && t.type == change.type; });
    troubles_.push_back({change.name, change.type, change.kind, change.after});
    return;
  }
  Set& set = sets_[{change.name, *change.type}];
  if (!more) set = {};
  for (const DnsRecord& record : change.records) set.records.push_back(record);
  if (change.kind == ZoneChange::Kind::None)
    set.negative_ttl = change.ttl;
  else if (change.ttl)
    set.ttl = *change.ttl;
  if (change.after) set.after = *change.after;
}

void Zone::add_host(std::string_view host, const std::vector<NamedAddress>& addresses) {
  const std::string name = lowercase(host);
  const bool plain = std::ranges::all_of(addresses, [](const auto& a) { return !a.port && !a.transport; });
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const NamedAddress& a = addresses[i];
    const DnsType type = a.address.is_v4() ? DnsType::A : DnsType::Aaaa;
    sets_[{name, type}].records.emplace_back(a.address);
    if (plain) continue;
    const std::string server = "server" + std::to_string(i + 1) + "." + name;
    sets_[{server, type}].records.emplace_back(a.address);
    for (const Service& service : services) {
      if (a.transport && *a.transport != service.transport) continue;
      const std::uint16_t port = a.port.value_or(default_port(service.transport));
      sets_[{std::string(service.prefix) + name, DnsType::Srv}].records.emplace_back(
          SrvRecord{small(i), 0, port, server});
      if (!a.transport) continue;
      const std::string own = std::string(service.prefix) + server;
      sets_[{name, DnsType::Naptr}].records.emplace_back(
          NaptrRecord{1, small(i), "s", std::string(service.field), "", own});
      sets_[{own, DnsType::Srv}].records.emplace_back(SrvRecord{0, 0, port, server});
    }
  }
}

const Zone::Trouble* Zone::trouble_of(const DnsQuestion& question) const {
  for (const Trouble& trouble : troubles_ | std::views::reverse) {
    if (trouble.fits(question)) return &trouble;
  }
  return nullptr;
}

// A name below which there is one exists, too (RFC 8020 §2).
bool Zone::exists(std::string_view name) const {
  const std::string below = "." + std::string(name);
  return std::ranges::any_of(
      sets_, [&](const auto& entry) { return entry.first.name == name || entry.first.name.ends_with(below); });
}

Zone::Answer Zone::ask(const DnsQuestion& question, Duration patience) const {
  const auto failed = [](DnsFailure::Kind kind, std::optional<std::chrono::seconds> ttl = {}) {
    return DnsResult(std::unexpected(DnsFailure{kind, ttl, {}}));
  };
  const auto set = sets_.find(question);
  Answer answer;
  if (set != sets_.end() && !set->second.records.empty()) {
    answer = {DnsAnswer{set->second.records, set->second.ttl}, set->second.after};
  } else if (set != sets_.end()) {
    answer = {failed(DnsFailure::Kind::NoRecords, set->second.negative_ttl), set->second.after};
  } else {
    answer.result = failed(exists(question.name) ? DnsFailure::Kind::NoRecords : DnsFailure::Kind::NoSuchName);
  }
  if (const Trouble* trouble = trouble_of(question)) {
    answer.after = trouble->after.value_or(answer.after);
    if (trouble->kind == ZoneChange::Kind::Fails) answer.result = failed(DnsFailure::Kind::Failed);
    if (trouble->kind == ZoneChange::Kind::None) answer.result = failed(DnsFailure::Kind::NoRecords);
    if (trouble->kind == ZoneChange::Kind::TimesOut) {
      answer = {failed(DnsFailure::Kind::TimedOut), trouble->after.value_or(patience)};
    }
  }
  if (answer.after > patience) answer = {failed(DnsFailure::Kind::TimedOut), patience};
  return answer;
}

}  // namespace intermediary::sim
