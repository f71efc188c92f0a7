// RFC 3263 §4 as a function of what name servers have said: from a host of a URI to the hops that are tried, in order.
//
// Nothing waits here. What is not known yet is named in `missing`; whoever calls asks for it and calls again. Services
// count over transports, and addresses in families, for which there is a listener.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_names.h"
#include "base/random.h"
#include "transport/dns.h"
#include "transport/resolve.h"
#include "transport/srv_order.h"

namespace intermediary {

// The form in which a name is asked for: in lower case, without a dot at the end. nullopt for what no name server can
// know: empty or overlong labels (RFC 1035 §2.3.4), characters that no host name has, digits where the top domain
// stands (RFC 3261 §25.1).
std::optional<std::string> dns_name(std::string_view host);

using DnsAnswers = std::map<DnsQuestion, DnsResult>;

struct Located {
  std::vector<DnsQuestion> missing;  // not empty: the rest says nothing yet
  std::vector<Hop> hops;             // in the order in which they are tried, none twice
  std::string reason;                // why there are none, one line
};

// REQUIRES: target.host is canonical (dns_name).
Located locate(const ResolveTarget& target, HopOrder order, const DnsAnswers& known, const LocalNames& names,
               RandomSource& random);

}  // namespace intermediary
