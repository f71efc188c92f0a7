// What an engine asks a name server, record by record, and what it hears: RFC 3263 §4 is decided here, in the core, and
// the resolver outside only fetches records (RFC 1035, RFC 2782, RFC 3403).
//
// Names are in lower case and have no dot at their end. The resolver follows CNAMEs: an answer holds records of the
// type that was asked for, in the order in which they came, and nothing else.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/strong_id.h"

namespace intermediary {

enum class DnsType : std::uint8_t { A, Aaaa, Srv, Naptr };

// "A", "AAAA", "SRV", "NAPTR".
std::string_view dns_type_text(DnsType type);

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::A;

  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

// RFC 2782.
struct SrvRecord {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // "." where the service is decidedly not there

  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

// RFC 3403 §4.1.
struct NaptrRecord {
  std::uint16_t order = 0;
  std::uint16_t preference = 0;
  std::string flags;
  std::string service;
  std::string regexp;
  std::string replacement;

  friend bool operator==(const NaptrRecord&, const NaptrRecord&) = default;
};

using DnsRecord = std::variant<IpAddress, SrvRecord, NaptrRecord>;

struct DnsAnswer {
  std::vector<DnsRecord> records;  // at least one
  std::chrono::seconds ttl{0};     // the least of all records and CNAMEs

  friend bool operator==(const DnsAnswer&, const DnsAnswer&) = default;
};

struct DnsFailure {
  enum class Kind : std::uint8_t {
    NoSuchName,  // the name does not exist (NXDOMAIN)
    NoRecords,   // it exists, without records of that type
    Failed,      // the server refused, failed, or said what cannot be read
    TimedOut,    // nobody answered
  };
  Kind kind = Kind::Failed;
  std::optional<std::chrono::seconds> ttl{};  // of a NoSuchName or NoRecords, where that was said (RFC 2308 §5)
  std::string reason;                         // one line for people

  // The reason, or what the kind says where none was given.
  std::string why() const;
  // Nothing is known: neither that there are such records nor that there are none.
  bool is_trouble() const { return kind == Kind::Failed || kind == Kind::TimedOut; }

  friend bool operator==(const DnsFailure&, const DnsFailure&) = default;
};

using DnsResult = std::expected<DnsAnswer, DnsFailure>;

}  // namespace intermediary
