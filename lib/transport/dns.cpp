#include "transport/dns.h"

namespace intermediary {

std::string_view dns_type_text(DnsType type) {
  switch (type) {
    case DnsType::A:
      return "A";
    case DnsType::Aaaa:
      return "AAAA";
    case DnsType::Srv:
      return "SRV";
    case DnsType::Naptr:
      return "NAPTR";
  }
  return "";
}

std::string DnsFailure::why() const {
  if (!reason.empty()) return reason;
  switch (kind) {
    case Kind::NoSuchName:
      return "no such name";
    case Kind::NoRecords:
      return "no such record";
    case Kind::Failed:
      return "the server failed";
    case Kind::TimedOut:
      return "no server answered";
  }
  return {};
}

}  // namespace intermediary
