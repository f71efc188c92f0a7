// RFC 3261 §17.1.1 with figure 5 as RFC 6026 §8.4 redraws it.
#include "transaction/machine_parts.h"
#include "transaction/sent_request.h"

namespace intermediary {

using namespace machine;

void InviteClient::start() {
  t_.state = ClientState::Calling;
  send_request(t_, around_);
  if (!reliable(t_)) {
    t_.interval = around_.timings.t1;
    arm(t_, around_, &ClientTransaction::repeat, Timer::A, t_.interval);
  }
  arm(t_, around_, &ClientTransaction::timeout, Timer::B, around_.timings.t1_times_64());
}

void InviteClient::handle(const ClientInput& input) {
  switch (t_.state) {
    case ClientState::Calling:
      return in_calling(input);
    case ClientState::Proceeding:
      return in_proceeding(input);
    case ClientState::Accepted:
      return in_accepted(input);
    case ClientState::Completed:
      return in_completed(input);
    case ClientState::Trying:
    case ClientState::Terminated:
      return;
  }
}

void InviteClient::in_calling(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired& fired) {
                   if (fired.timer == Timer::B) return time_out(t_, around_);
                   send_request(t_, around_);
                   t_.interval *= 2;
                   arm(t_, around_, &ClientTransaction::repeat, Timer::A, t_.interval);
                 },
                 [&](const TransportError& error) { fail(t_, around_, error); },
                 [&](const Provisional& provisional) {
                   disarm(t_, around_);
                   t_.state = ClientState::Proceeding;
                   pass_up(t_, around_, provisional.response);
                 },
                 [&](const Success& success) { accept(success.response); },
                 [&](const Failure& failure) { complete(failure.response); },
             },
             input);
}

void InviteClient::in_proceeding(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) {},
                 // Nothing is being sent: the answer may still come over another connection (§18.2.2).
                 [&](const TransportError&) {},
                 [&](const Provisional& provisional) { pass_up(t_, around_, provisional.response); },
                 [&](const Success& success) { accept(success.response); },
                 [&](const Failure& failure) { complete(failure.response); },
             },
             input);
}

// RFC 6026 §7.2: every further 2xx goes up; it may be another branch's.
void InviteClient::in_accepted(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) { terminate(t_, around_); },
                 [&](const TransportError&) {},
                 [&](const Provisional&) {},
                 [&](const Success& success) { pass_up(t_, around_, success.response); },
                 [&](const Failure&) {},
             },
             input);
}

void InviteClient::in_completed(const ClientInput& input) {
  std::visit(Overloaded{
                 [&](const TimerFired&) { terminate(t_, around_); },
                 [&](const TransportError& error) { fail(t_, around_, error); },
                 [&](const Provisional&) {},
                 [&](const Success&) {},
                 [&](const Failure&) { around_.wire.transmit(t_.hop, t_.ack); },
             },
             input);
}

void InviteClient::accept(const MessagePtr& response) {
  disarm(t_, around_);
  t_.state = ClientState::Accepted;
  arm(t_, around_, &ClientTransaction::timeout, Timer::M, around_.timings.t1_times_64());
  pass_up(t_, around_, response);
}

void InviteClient::complete(const MessagePtr& response) {
  disarm(t_, around_);
  t_.state = ClientState::Completed;
  t_.ack = make_ack(*read_sent(t_.request), response->value(FieldName::To));
  around_.wire.transmit(t_.hop, t_.ack);
  pass_up(t_, around_, response);
  if (reliable(t_)) return terminate(t_, around_);
  arm(t_, around_, &ClientTransaction::timeout, Timer::D, around_.timings.timer_d);
}

}  // namespace intermediary
