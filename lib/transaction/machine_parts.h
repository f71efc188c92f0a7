// The leaves that all four machines share: arming, sending, reporting, ending.
#pragma once

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "transaction/machines.h"

namespace intermediary::machine {

inline TimerTag tag_of(const ClientTransaction& t, Timer timer) {
  return {TimerOwner::Transaction, static_cast<std::uint8_t>(timer), t.id.value};
}
inline TimerTag tag_of(const ServerTransaction& t, Timer timer) {
  return {TimerOwner::Transaction, static_cast<std::uint8_t>(timer), t.id.value};
}

template <class Transaction>
void arm(Transaction& t, Surroundings& around, TimerHandle Transaction::* which, Timer timer, Duration after) {
  around.timers.cancel(t.*which);
  t.*which = around.timers.arm(around.now, after, tag_of(t, timer));
}

template <class Transaction>
void disarm(Transaction& t, Surroundings& around) {
  around.timers.cancel(t.repeat);
  around.timers.cancel(t.timeout);
}

inline void report_end(const ClientTransaction& t, Surroundings& around) {
  around.reports.push_back(ClientTerminated{t.id, t.user});
}
inline void report_end(const ServerTransaction& t, Surroundings& around) {
  around.reports.push_back(ServerTerminated{t.id, t.user});
}

template <class Transaction>
void terminate(Transaction& t, Surroundings& around) {
  disarm(t, around);
  t.state = decltype(t.state)::Terminated;
  report_end(t, around);
}

inline void send_request(ClientTransaction& t, Surroundings& around) { around.wire.transmit(t.hop, t.request); }
inline void send_response(ServerTransaction& t, Surroundings& around) {
  if (!t.response.empty()) around.wire.transmit(t.reply, t.response);
}

inline void pass_up(const ClientTransaction& t, Surroundings& around, const MessagePtr& response) {
  around.reports.push_back(ResponseReceived{t.id, t.user, response});
}

inline void time_out(ClientTransaction& t, Surroundings& around) {
  if (t.hop.flow) around.wire.withdraw(t.hop.flow, t.request);
  around.reports.push_back(ClientTimedOut{t.id, t.user});
  terminate(t, around);
}

// §17.1.4.
inline void fail(ClientTransaction& t, Surroundings& around, const TransportError& error) {
  around.reports.push_back(ClientSendFailed{t.id, t.user, error.reason});
  terminate(t, around);
}

inline bool reliable(const ClientTransaction& t) { return is_reliable(t.hop.transport); }
inline bool reliable(const ServerTransaction& t) { return is_reliable(t.arrival.transport); }

}  // namespace intermediary::machine
