// RFC 3261 §17.2.2, figure 8, with the 100 of RFC 4320 §4.1.
#include "transaction/machine_parts.h"

namespace intermediary {

using namespace machine;

namespace {

// RFC 4320 §4.1: the time a client's Timer E takes to be reset to T2; 3.5 s with the usual values.
Duration trying_after(const TransactionTimings& timings) {
  Duration total{};
  for (Duration interval = timings.t1; interval < timings.t2; interval *= 2) total += interval;
  return total;
}

}  // namespace

void NonInviteServer::start() {
  t_.state = ServerState::Trying;
  arm(t_, around_, &ServerTransaction::repeat, Timer::Trying, trying_after(around_.timings));
}

void NonInviteServer::handle(ServerInput& input) {
  switch (t_.state) {
    case ServerState::Trying:
      return in_trying(input);
    case ServerState::Proceeding:
      return in_proceeding(input);
    case ServerState::Completed:
      return in_completed(input);
    case ServerState::Accepted:
    case ServerState::Confirmed:
    case ServerState::Terminated:
      return;
  }
}

void NonInviteServer::in_trying(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) { around_.reports.push_back(AnswerOverdue{t_.id, t_.user}); },
                 [&](const Retransmission&) {},
                 [&](const Acknowledgement&) {},
                 [&](Respond& respond) { answer(respond); },
                 [&](const Abandon&) { complete(); },
             },
             input);
}

void NonInviteServer::in_proceeding(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) {},
                 [&](const Retransmission&) { send_response(t_, around_); },
                 [&](const Acknowledgement&) {},
                 [&](Respond& respond) { answer(respond); },
                 [&](const Abandon&) { complete(); },
             },
             input);
}

void NonInviteServer::in_completed(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) { terminate(t_, around_); },
                 [&](const Retransmission&) { send_response(t_, around_); },
                 [&](const Acknowledgement&) {},
                 [&](const Respond&) {},  // only the first final answer counts
                 [&](const Abandon&) {},
             },
             input);
}

void NonInviteServer::answer(Respond& respond) {
  t_.response = std::move(respond.bytes);
  send_response(t_, around_);
  if (respond.status >= 200) return complete();
  t_.state = ServerState::Proceeding;
  around_.timers.cancel(t_.repeat);
}

// An abandoned transaction comes here as well: its late repetitions are absorbed, with what was last sent if anything.
void NonInviteServer::complete() {
  disarm(t_, around_);
  t_.state = ServerState::Completed;
  if (reliable(t_)) return terminate(t_, around_);
  arm(t_, around_, &ServerTransaction::timeout, Timer::J, around_.timings.t1_times_64());
}

}  // namespace intermediary
