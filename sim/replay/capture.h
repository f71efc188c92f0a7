// A capture file for Wireshark and its like: pcap with nanoseconds, raw IP packets.
//
// What the network did besides is made up: datagrams have headers with right checksums, a connection has its three-way
// handshake, a segment (or several) for each message, and its end. The contents of TLS and of WebSocket stand in plain
// text.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "sim/network.h"

namespace intermediary::sim {

// `wall_at_zero` is what the wall clock says at time 0.
std::string capture_of(const std::vector<Transmission>& transcript, WallTime wall_at_zero);

}  // namespace intermediary::sim
