// RFC 3261 §17.1.2, figure 6.
#include "transaction/machine_parts.h"

namespace intermediary {

using namespace machine;

void NonInviteClient::start() {
  t_.state = ClientState::Trying;
  send_request(t_, around_);
  if (!reliable(t_)) {
    t_.interval = around_.timings.t1;
    arm(t_, around_, &ClientTransaction::repeat, Timer::E, t_.interval);
  }
  arm(t_, around_, &ClientTransaction::timeout, Timer::F, around_.timings.t1_times_64());
}

void NonInviteClient::handle(const ClientInput& input) {
  switch (t_.state) {
    case ClientState::Trying:
      return in_trying(input);
    case ClientState::Proceeding:
      return in_proceeding(input);
    case ClientState::Completed:
      return in_completed(input);
    case ClientState::Calling:
    case ClientState::Accepted:
    case ClientState::Terminated:
      return;
  }
}

void NonInviteClient::in_trying(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired& fired) {
                   if (fired.timer == Timer::F) return time_out(t_, around_);
                   send_request(t_, around_);
                   t_.interval = std::min(2 * t_.interval, around_.timings.t2);
                   arm(t_, around_, &ClientTransaction::repeat, Timer::E, t_.interval);
                 },
                 [&](const TransportError& error) { fail(t_, around_, error); },
                 [&](const Provisional& provisional) {
                   t_.state = ClientState::Proceeding;
                   pass_up(t_, around_, provisional.response);
                 },
                 [&](const Success& success) { complete(success.response); },
                 [&](const Failure& failure) { complete(failure.response); },
             },
             input);
}

void NonInviteClient::in_proceeding(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired& fired) {
                   if (fired.timer == Timer::F) return time_out(t_, around_);
                   send_request(t_, around_);
                   t_.interval = around_.timings.t2;
                   arm(t_, around_, &ClientTransaction::repeat, Timer::E, t_.interval);
                 },
                 [&](const TransportError& error) { fail(t_, around_, error); },
                 [&](const Provisional& provisional) { pass_up(t_, around_, provisional.response); },
                 [&](const Success& success) { complete(success.response); },
                 [&](const Failure& failure) { complete(failure.response); },
             },
             input);
}

// Repeated answers end here.
void NonInviteClient::in_completed(const ClientInput& input) {
  if (std::holds_alternative<TimerFired>(input)) terminate(t_, around_);
}

void NonInviteClient::complete(const MessagePtr& response) {
  disarm(t_, around_);
  t_.state = ClientState::Completed;
  pass_up(t_, around_, response);
  if (reliable(t_)) return terminate(t_, around_);
  arm(t_, around_, &ClientTransaction::timeout, Timer::K, around_.timings.t4);
}

}  // namespace intermediary
