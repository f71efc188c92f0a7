// The order in which SRV records are tried (RFC 2782 "Usage rules", RFC 3263 §4.3, §4.4).
#pragma once

#include <vector>

#include "base/hop_order.h"
#include "base/random.h"
#include "transport/dns.h"

namespace intermediary {

// Each record once. `random` is drawn from only for records that share a priority, once for each but the last.
std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, HopOrder order, RandomSource& random);

}  // namespace intermediary
