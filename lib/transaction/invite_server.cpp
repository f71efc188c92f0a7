// RFC 3261 §17.2.1 with figure 7 as RFC 6026 §8.7 redraws it.
#include "transaction/machine_parts.h"

namespace intermediary {

using namespace machine;

void InviteServer::start() { t_.state = ServerState::Proceeding; }

void InviteServer::handle(ServerInput& input) {
  switch (t_.state) {
    case ServerState::Proceeding:
      return in_proceeding(input);
    case ServerState::Accepted:
      return in_accepted(input);
    case ServerState::Completed:
      return in_completed(input);
    case ServerState::Confirmed:
      return in_confirmed(input);
    case ServerState::Trying:
    case ServerState::Terminated:
      return;
  }
}

void InviteServer::in_proceeding(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) {},
                 [&](const Retransmission&) { send_response(t_, around_); },
                 [&](const Acknowledgement&) {},
                 [&](Respond& respond) {
                   t_.response = std::move(respond.bytes);
                   send_response(t_, around_);
                   if (respond.status >= 300) return complete();
                   if (respond.status >= 200) return accept();
                 },
                 [&](const Abandon&) { terminate(t_, around_); },
             },
             input);
}

void InviteServer::in_accepted(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) { terminate(t_, around_); },
                 [&](const Retransmission&) {},   // whoever accepted repeats its own 2xx
                 [&](const Acknowledgement&) {},  // the layer hands it to the TU
                 [&](const Respond& respond) {
                   if (respond.status / 100 == 2) around_.wire.transmit(t_.reply, respond.bytes);
                 },
                 [&](const Abandon&) {},
             },
             input);
}

void InviteServer::in_completed(ServerInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired& fired) {
                   if (fired.timer == Timer::H) {
                     around_.reports.push_back(AckMissing{t_.id, t_.user});
                     return terminate(t_, around_);
                   }
                   send_response(t_, around_);
                   t_.interval = std::min(2 * t_.interval, around_.timings.t2);
                   arm(t_, around_, &ServerTransaction::repeat, Timer::G, t_.interval);
                 },
                 [&](const Retransmission&) { send_response(t_, around_); },
                 [&](const Acknowledgement&) { confirm(); },
                 [&](const Respond&) {},
                 [&](const Abandon&) {},
             },
             input);
}

void InviteServer::in_confirmed(ServerInput& input) {
  if (std::holds_alternative<TimerFired>(input)) terminate(t_, around_);
}

void InviteServer::accept() {
  t_.state = ServerState::Accepted;
  arm(t_, around_, &ServerTransaction::timeout, Timer::L, around_.timings.t1_times_64());
}

void InviteServer::complete() {
  t_.state = ServerState::Completed;
  if (!reliable(t_)) {
    t_.interval = around_.timings.t1;
    arm(t_, around_, &ServerTransaction::repeat, Timer::G, t_.interval);
  }
  arm(t_, around_, &ServerTransaction::timeout, Timer::H, around_.timings.t1_times_64());
}

void InviteServer::confirm() {
  disarm(t_, around_);
  t_.state = ServerState::Confirmed;
  if (reliable(t_)) return terminate(t_, around_);
  arm(t_, around_, &ServerTransaction::timeout, Timer::I, around_.timings.t4);
}

}  // namespace intermediary
