// The base values of RFC 3261 §17 (table 4 in its appendix A); every other timer is made of them.
#pragma once

#include "base/time.h"

namespace intermediary {

struct TransactionTimings {
  Duration t1 = std::chrono::milliseconds(500);  // round-trip estimate
  Duration t2 = std::chrono::seconds(4);         // longest interval of non-INVITE requests and INVITE responses
  Duration t4 = std::chrono::seconds(5);         // longest life of a message in the network
  Duration timer_d = std::chrono::seconds(32);   // at least 32 s over UDP

  Duration t1_times_64() const { return 64 * t1; }
  friend bool operator==(const TransactionTimings&, const TransactionTimings&) = default;
};

}  // namespace intermediary
