// Reads what a name server sent (RFC 1035 §4): hostile bytes like any other.
//
// Only the answer to one question is looked for: CNAMEs are followed within the message, records of another owner or
// type are passed over. What cannot be read is a DnsFailure of kind Failed.
#pragma once

#include <string>
#include <string_view>

#include "transport/dns.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t dns_records = 64;  // of one answer that are kept; the rest is left unread
inline constexpr std::size_t dns_aliases = 8;   // CNAMEs from a question to its records, over all messages
}  // namespace limit

struct DnsReading {
  DnsResult result;
  // A CNAME leads out of the message: whoever asked must ask for this name, and `result` does not count.
  std::string alias;
  std::chrono::seconds alias_ttl{0};
};

DnsReading read_dns_answer(std::string_view bytes, const DnsQuestion& question);

// The type's number on the wire (RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 2782, RFC 3403 §4).
int dns_type_number(DnsType type);

}  // namespace intermediary
