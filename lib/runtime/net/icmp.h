// What the network says of a datagram that was sent.
#pragma once

#include <ctime>  // linux/errqueue.h wants timespec to be there

#include <linux/errqueue.h>

namespace intermediary {

// RFC 3261 §18.4: unreachable hosts, networks, ports and protocols and parameter problems count as failures to send;
// source quench and exceeded time do not, and a path that wants smaller packets is the kernel's business.
bool is_failure_to_send(const sock_extended_err& error);

}  // namespace intermediary
