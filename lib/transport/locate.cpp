#include "transport/locate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

namespace {

// A service that a domain may offer, and where its servers are named.
struct Service {
  Transport transport = Transport::Udp;
  std::string name;        // the owner of its SRV records, or a host where `is_host`
  bool is_host = false;    // NAPTR flag "a"
  bool is_absent = false;  // decidedly: RFC 2782, of a target "."
  std::vector<SrvRecord> records{};
};

// RFC 3263 §4.1, §9. A proxy opens no WebSocket connections, so SIP+D2W and SIPS+D2W (RFC 7118 §10.2) lead nowhere.
struct ServiceField {
  std::string_view text;
  Transport transport;
};
constexpr std::array<ServiceField, 3> service_fields{
    {{"SIP+D2U", Transport::Udp}, {"SIP+D2T", Transport::Tcp}, {"SIPS+D2T", Transport::Tls}}};

// §4.2. TLS is a service of its own, over TCP; WebSocket has none.
std::string srv_name(Transport transport, const std::string& host) {
  switch (transport) {
    case Transport::Udp:
      return "_sip._udp." + host;
    case Transport::Tcp:
      return "_sip._tcp." + host;
    case Transport::Tls:
      return "_sips._tcp." + host;
    case Transport::Ws:
    case Transport::Wss:
      return {};
  }
  return {};
}

class Search {
 public:
  Search(const ResolveTarget& target, HopOrder order, const DnsAnswers& known, const LocalNames& names,
         RandomSource& random)
      : target_(target), order_(order), known_(known), names_(names), random_(random) {}

  Located run() {
    search();
    if (!found_.missing.empty()) return std::move(found_);
    if (found_.hops.empty() && found_.reason.empty()) found_.reason = "no address for " + target_.host;
    if (!found_.hops.empty()) found_.reason.clear();
    return std::move(found_);
  }

 private:
  Transport usual_transport() const {
    return target_.transport.value_or(target_.sips ? Transport::Tls : Transport::Udp);
  }

  void search() {
    const Transport usual = usual_transport();
    if (target_.port) return add_host(target_.host, *target_.port, usual);  // §4.2: a port skips NAPTR and SRV
    bool by_naptr = false;
    std::vector<Service> services = services_of(by_naptr);
    if (is_open() || gave_up_) return;
    find_records(services);
    if (is_open()) return;
    const Transport transport = by_naptr ? services.front().transport : usual;
    const bool absent =
        std::ranges::any_of(services, [&](const Service& s) { return s.transport == transport && s.is_absent; });
    if (!by_naptr) keep_the_first(services);
    const bool any = std::ranges::any_of(services, [](const Service& s) { return s.is_host || !s.records.empty(); });
    if (any) return add(services);
    if (gave_up_) return;
    if (absent) return give_up(target_.host + " offers no SIP service over " + std::string(via_name(transport)));
    add_host(target_.host, default_port(transport), transport);
  }

  // ---- §4.1: which services

  std::vector<Service> services_of(bool& by_naptr) {
    if (target_.transport) return {{*target_.transport, srv_name(*target_.transport, target_.host)}};
    std::vector<Service> services = by_naptr_of(target_.host);
    by_naptr = !services.empty();
    if (by_naptr || is_open() || gave_up_) return services;
    for (const Transport transport : {Transport::Udp, Transport::Tcp, Transport::Tls}) {
      if (serves(transport)) services.push_back({transport, srv_name(transport, target_.host)});
    }
    return services;
  }

  // RFC 3403 §4.1: by order, then by preference; the first order in which something is of use is the last.
  // However they lead to each other, in a circle or as a tree, so many sets of records are read and no more.
  std::vector<Service> by_naptr_of(const std::string& name) {
    std::vector<Service> services;
    if (naptr_sets_++ >= limit::dns_depth) return services;
    const DnsResult* result = ask({name, DnsType::Naptr});
    if (!result) return services;
    if (!*result) {
      // A server that cannot serve NAPTR may well serve the rest; one that is not there will not.
      if (result->error().kind == DnsFailure::Kind::TimedOut) fail({name, DnsType::Naptr}, result->error());
      return services;
    }
    std::optional<std::uint16_t> order;
    for (const auto& [place, record] : sorted_naptr(**result)) {
      if (order && record.order > *order) break;
      for (Service& service : services_of(record)) {
        if (services.size() < limit::dns_targets) services.push_back(std::move(service));
        order = record.order;
      }
      if (is_open()) break;  // whether the others count depends on what is not known yet
    }
    return services;
  }

  // Equal ones keep the order of the answer, which is the server's business.
  static std::multimap<std::pair<std::uint16_t, std::uint16_t>, NaptrRecord> sorted_naptr(const DnsAnswer& answer) {
    std::multimap<std::pair<std::uint16_t, std::uint16_t>, NaptrRecord> sorted;
    for (const DnsRecord& record : answer.records) {
      const auto* naptr = std::get_if<NaptrRecord>(&record);
      if (naptr) sorted.emplace(std::pair(naptr->order, naptr->preference), *naptr);
    }
    return sorted;
  }

  std::vector<Service> services_of(const NaptrRecord& record) {
    if (!record.regexp.empty() || record.replacement.empty() || record.replacement == ".") return {};
    if (record.flags.empty()) return by_naptr_of(record.replacement);
    const bool to_host = equals_ignoring_case(record.flags, "a");
    if (!to_host && !equals_ignoring_case(record.flags, "s")) return {};
    for (const ServiceField& field : service_fields) {
      if (!equals_ignoring_case(record.service, field.text) || !serves(field.transport)) continue;
      return {{field.transport, record.replacement, to_host}};
    }
    return {};
  }

  // A SIPS URI is served over TLS alone; nothing is served without a listener to send from.
  bool serves(Transport transport) const {
    return (!target_.sips || is_secure(transport)) &&
           (sends(transport, IpAddress::Family::V4) || sends(transport, IpAddress::Family::V6));
  }
  bool sends(Transport transport, IpAddress::Family family) const {
    return names_.for_sending(transport, family, {}) != nullptr;
  }

  // ---- §4.2: which servers

  void find_records(std::vector<Service>& services) {
    std::size_t room = limit::dns_targets;
    for (Service& service : services) {
      if (service.is_host || service.name.empty()) continue;
      const DnsResult* result = ask({service.name, DnsType::Srv});
      if (!result) continue;
      if (*result) {
        service.records = records_of(**result, room);
        service.is_absent = is_absent(**result);
        room -= service.records.size();
      } else if (result->error().is_trouble()) {
        fail({service.name, DnsType::Srv}, result->error());
      }
    }
  }

  static bool is_absent(const DnsAnswer& answer) {
    return std::ranges::any_of(answer.records, [](const DnsRecord& record) {
      const auto* srv = std::get_if<SrvRecord>(&record);
      return srv && srv->target == ".";
    });
  }

  static std::vector<SrvRecord> records_of(const DnsAnswer& answer, std::size_t room) {
    std::multimap<std::uint16_t, SrvRecord> sorted;
    for (const DnsRecord& record : answer.records) {
      const auto* srv = std::get_if<SrvRecord>(&record);
      if (srv && srv->target != "." && srv->port != 0) sorted.emplace(srv->priority, *srv);
    }
    std::vector<SrvRecord> records;
    for (auto& [priority, record] : sorted) {
      if (records.size() < room) records.push_back(std::move(record));
    }
    return records;
  }

  // §4.1: without NAPTR, the client takes one of the transports for which there are SRV records.
  static void keep_the_first(std::vector<Service>& services) {
    const auto first = std::ranges::find_if(services, [](const Service& s) { return !s.records.empty(); });
    if (first == services.end()) return;
    Service chosen = std::move(*first);
    services.clear();
    services.push_back(std::move(chosen));
  }

  void add(std::vector<Service>& services) {
    for (const Service& service : services) {
      if (service.is_host) addresses_of(service.name, service.transport);
      for (const SrvRecord& record : service.records) addresses_of(record.target, service.transport);
    }
    if (is_open()) return;  // nothing is drawn before everything is known
    for (Service& service : services) {
      if (service.is_host) add_host(service.name, default_port(service.transport), service.transport);
      for (const SrvRecord& record : in_order(std::move(service.records), order_, random_)) {
        add_host(record.target, record.port, service.transport);
      }
    }
  }

  void add_host(const std::string& host, std::uint16_t port, Transport transport) {
    for (const IpAddress& address : addresses_of(host, transport)) {
      Hop hop{transport, {address, port}, {}, {}, {}};
      // RFC 5922 §7.2: the certificate is that of the domain that was asked for, wherever DNS led.
      if (is_secure(transport)) hop.server_name = ServerName(target_.host);
      const bool is_new = std::ranges::find(found_.hops, hop) == found_.hops.end();
      if (is_new && found_.hops.size() < limit::dns_targets) found_.hops.push_back(std::move(hop));
    }
  }

  // IPv6 first (RFC 6724 §2.1, as RFC 7984 §4.1 wants it), within a family in the order of the answer.
  std::vector<IpAddress> addresses_of(const std::string& host, Transport transport) {
    std::vector<IpAddress> addresses;
    bool can_send = false;
    for (const auto& [family, type] :
         {std::pair(IpAddress::Family::V6, DnsType::Aaaa), std::pair(IpAddress::Family::V4, DnsType::A)}) {
      if (!sends(transport, family)) continue;
      can_send = true;
      const DnsResult* result = ask({host, type});
      if (!result) continue;
      if (*result) {
        append_addresses(addresses, **result, family);
      } else {
        fail({host, type}, result->error());
      }
    }
    if (!can_send) note("no " + std::string(via_name(transport)) + " listener to reach " + host + " from");
    return addresses;
  }

  void append_addresses(std::vector<IpAddress>& addresses, const DnsAnswer& answer, IpAddress::Family family) const {
    const std::size_t before = addresses.size();
    for (const DnsRecord& record : answer.records) {
      const auto* address = std::get_if<IpAddress>(&record);
      // The unspecified address would be taken for this machine.
      if (address && address->family() == family && !address->is_unspecified()) addresses.push_back(*address);
    }
    // RFC 3263 §4.4: servers turn their records around.
    if (order_ == HopOrder::Fixed) std::sort(addresses.begin() + static_cast<std::ptrdiff_t>(before), addresses.end());
  }

  // ---- answers

  bool is_open() const { return !found_.missing.empty(); }

  const DnsResult* ask(const DnsQuestion& question) {
    const auto answer = known_.find(question);
    if (answer != known_.end()) return &answer->second;
    if (std::ranges::find(found_.missing, question) == found_.missing.end()) found_.missing.push_back(question);
    return nullptr;
  }

  // Trouble with a server means that nothing is known: no other way is taken for it (§4.2 speaks of no records found).
  void fail(const DnsQuestion& question, const DnsFailure& failure) {
    note(std::string(dns_type_text(question.type)) + " of " + question.name + ": " + failure.why());
    gave_up_ = gave_up_ || failure.is_trouble();
  }
  void give_up(std::string reason) { note(std::move(reason)); }
  void note(std::string reason) {
    if (found_.reason.empty()) found_.reason = std::move(reason);
  }

  const ResolveTarget& target_;
  HopOrder order_;
  const DnsAnswers& known_;
  const LocalNames& names_;
  RandomSource& random_;
  Located found_;
  std::size_t naptr_sets_ = 0;
  bool gave_up_ = false;
};

}  // namespace

std::optional<std::string> dns_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > 253) return std::nullopt;
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
    } else if ((!is_alpha(c) && !is_digit(c) && c != '-' && c != '_') || ++label > 63) {
      return std::nullopt;
    }
  }
  const std::size_t dot = host.rfind('.');
  const std::string_view top = host.substr(dot == std::string_view::npos ? 0 : dot + 1);
  if (top.empty() || !is_alpha(top.front())) return std::nullopt;
  return lowercase(host);
}

Located locate(const ResolveTarget& target, HopOrder order, const DnsAnswers& known, const LocalNames& names,
               RandomSource& random) {
  return Search(target, order, known, names, random).run();
}

}  // namespace intermediary
