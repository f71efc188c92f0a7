#include "runtime/net/icmp.h"

#include <gtest/gtest.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

namespace intermediary {
namespace {

bool is_failure(int origin, int type, int code = 0) {
  sock_extended_err error{};
  error.ee_origin = static_cast<unsigned char>(origin);
  error.ee_type = static_cast<unsigned char>(type);
  error.ee_code = static_cast<unsigned char>(code);
  return is_failure_to_send(error);
}

TEST(IcmpTest, SaysWhetherADatagramArrived) {
  for (const int code : {ICMP_NET_UNREACH, ICMP_HOST_UNREACH, ICMP_PROT_UNREACH, ICMP_PORT_UNREACH}) {
    EXPECT_TRUE(is_failure(SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, code));
  }
  EXPECT_TRUE(is_failure(SO_EE_ORIGIN_ICMP, ICMP_PARAMETERPROB));
  EXPECT_TRUE(is_failure(SO_EE_ORIGIN_ICMP6, ICMPV6_DEST_UNREACH));
  EXPECT_TRUE(is_failure(SO_EE_ORIGIN_ICMP6, ICMPV6_PARAMPROB));
}

TEST(IcmpTest, SourceQuenchAndExceededTimeAreNoFailures) {
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_ICMP, ICMP_SOURCE_QUENCH));
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_ICMP, ICMP_TIME_EXCEEDED));
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_ICMP6, ICMPV6_TIME_EXCEED));
}

TEST(IcmpTest, ThePathsSizeIsTheKernelsBusiness) {
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED));
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_ICMP6, ICMPV6_PKT_TOOBIG));
  EXPECT_FALSE(is_failure(SO_EE_ORIGIN_LOCAL, ICMP_DEST_UNREACH));
}

}  // namespace
}  // namespace intermediary
