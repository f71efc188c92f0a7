// [dns]: name servers, and how far they are believed.
#include "base/limits.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {

namespace {

using std::chrono::seconds;

constexpr std::uint16_t dns_port = 53;

void read_servers(TableReader& dns, DnsConfig& config) {
  for (const Placed<std::string>& server : dns.texts("servers")) {
    std::optional<Endpoint> endpoint = Endpoint::parse(server.value);
    if (const auto address = IpAddress::parse(server.value)) endpoint = Endpoint{*address, dns_port};
    if (!endpoint || endpoint->port == 0 || endpoint->address.is_unspecified()) {
      dns.problems().error(server.at, "'servers' in [dns]: '" + server.value +
                                          "' is not an address such as '192.0.2.53' or '192.0.2.53:5353'");
    } else if (config.servers.size() == limit::name_servers) {
      dns.problems().error(server.at, "'servers' in [dns] are at most " + std::to_string(limit::name_servers));
      return;
    } else {
      config.servers.push_back(*endpoint);
    }
  }
}

void read_time(TableReader& dns, std::string_view key, seconds& target, DurationRange range) {
  Duration value = target;
  dns.duration(key, value, range);
  target = std::chrono::duration_cast<seconds>(value);
}

}  // namespace

void read_dns(TableReader& top, DnsConfig& config) {
  std::optional<TableReader> dns = top.table("dns", "[dns]");
  if (!dns) return;
  read_servers(*dns, config);
  dns->duration("timeout", config.timeout, range::dns_timeout);
  read_time(*dns, "min_ttl", config.times.min_ttl, range::dns_min_ttl);
  read_time(*dns, "max_ttl", config.times.max_ttl, range::dns_max_ttl);
  read_time(*dns, "negative_ttl", config.times.negative_ttl, range::dns_negative_ttl);
  read_time(*dns, "stale", config.times.stale, range::dns_stale);
  dns->finish();
  if (config.times.min_ttl > config.times.max_ttl) {
    dns->problems().error(dns->at(), "[dns] must have min_ttl <= max_ttl, not " + duration_text(config.times.min_ttl) +
                                         " and " + duration_text(config.times.max_ttl));
  }
}

}  // namespace intermediary
