// The timers of the four machines, one line each (RFC 3261 §17, table 4; RFC 6026 §7.1, §8; RFC 4320 §4.1).
#pragma once

#include <cstdint>

namespace intermediary {

enum class Timer : std::uint8_t {
  A,       // INVITE client, unreliable: repeats the request at T1, doubling (§17.1.1.2)
  B,       // INVITE client: gives up on a first answer after 64*T1 (§17.1.1.2)
  D,       // INVITE client: absorbs repeated non-2xx answers, 32 s, 0 when reliable (§17.1.1.2)
  E,       // non-INVITE client, unreliable: repeats the request at T1, doubling up to T2 (§17.1.2.2)
  F,       // non-INVITE client: gives up on a final answer after 64*T1 (§17.1.2.2)
  G,       // INVITE server, unreliable: repeats a non-2xx answer at T1, doubling up to T2 (§17.2.1)
  H,       // INVITE server: gives up on the ACK after 64*T1 (§17.2.1)
  I,       // INVITE server: absorbs repeated ACKs for T4, 0 when reliable (§17.2.1)
  J,       // non-INVITE server: absorbs repeated requests for 64*T1, 0 when reliable (§17.2.2)
  K,       // non-INVITE client: absorbs repeated answers for T4, 0 when reliable (§17.1.2.2)
  L,       // INVITE server: absorbs repeated INVITEs after a 2xx for 64*T1 (RFC 6026 §8.7)
  M,       // INVITE client: lets further 2xx through for 64*T1 (RFC 6026 §8.4)
  Trying,  // non-INVITE server: a 100 when there is no answer once a client's Timer E has reached T2 (RFC 4320 §4.1)
};

}  // namespace intermediary
