// The name servers of a world: records, and what is wrong with them. Whoever has no record does not exist.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/flow.h"
#include "base/time.h"
#include "transport/dns.h"

namespace intermediary::sim {

// One line about names: what a question for that name and type gets from then on.
struct ZoneChange {
  enum class Kind {
    Records,   // these
    None,      // the name is there, without such records
    Fails,     // the server fails
    TimesOut,  // nobody answers
    Answers,   // no trouble any more, whatever stands there
  };
  Kind kind = Kind::Records;
  std::string name;             // "*": every name
  std::optional<DnsType> type;  // nullopt: every type
  std::vector<DnsRecord> records;
  std::optional<std::chrono::seconds> ttl;
  std::optional<Duration> after;  // how long the answer takes
};

// What a host of the short-hand stands for.
struct NamedAddress {
  IpAddress address;
  std::optional<std::uint16_t> port;
  std::optional<Transport> transport;
};

class Zone {
 public:
  // Records are added to what is there (`more`) or take its place.
  void apply(const ZoneChange& change, bool more);
  // A name for which each address is a server, tried in that order.
  void add_host(std::string_view host, const std::vector<NamedAddress>& addresses);

  struct Answer {
    DnsResult result;
    Duration after{0};
  };
  // `patience`: when whoever asks gives up.
  Answer ask(const DnsQuestion& question, Duration patience) const;

 private:
  struct Set {
    std::vector<DnsRecord> records;
    std::chrono::seconds ttl{3600};
    std::optional<std::chrono::seconds> negative_ttl{};
    Duration after{0};
  };
  struct Trouble {
    std::string name;
    std::optional<DnsType> type;
    ZoneChange::Kind kind = ZoneChange::Kind::Answers;
    std::optional<Duration> after;
    bool fits(const DnsQuestion& question) const;
  };
  const Trouble* trouble_of(const DnsQuestion& question) const;
  bool exists(std::string_view name) const;

  std::map<DnsQuestion, Set> sets_;
  std::vector<Trouble> troubles_;  // the last that fits counts
};

}  // namespace intermediary::sim
