#include "runtime/net/icmp.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>

namespace intermediary {

bool is_failure_to_send(const sock_extended_err& error) {
  if (error.ee_origin == SO_EE_ORIGIN_ICMP) {
    return (error.ee_type == ICMP_DEST_UNREACH && error.ee_code != ICMP_FRAG_NEEDED) ||
           error.ee_type == ICMP_PARAMETERPROB;
  }
  return error.ee_origin == SO_EE_ORIGIN_ICMP6 &&
         (error.ee_type == ICMPV6_DEST_UNREACH || error.ee_type == ICMPV6_PARAMPROB);
}

}  // namespace intermediary
