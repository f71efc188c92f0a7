// The call-stateful proxy's memory (docs/adr/0026): follows each INVITE that it lets through, with the dialogs that its
// answers make, to the BYE, the refusal, or the end of the session's time (RFC 3261 §12, RFC 4028 §8).
//
// It decides nothing about where a request goes. It may refuse one before it is forwarded: 481 within a dialog that is
// over, 422 for a session interval that is too small, 503 when the table is full.
#pragma once

#include <expected>
#include <string>

#include "base/limits.h"
#include "base/local_names.h"
#include "base/timer_queue.h"
#include "dialog/dialog_table.h"
#include "dialog/session_timer.h"
#include "proxy/call_observer.h"
#include "proxy/port.h"
#include "proxy/preprocess.h"
#include "proxy/settings.h"

namespace intermediary {

struct DialogSettings {
  Duration lifetime = std::chrono::hours(24);  // of a dialog without a session timer, from its last refresh
  SessionTimerPolicy session_timer;
};

class DialogObserver final : public CallObserver {
 public:
  // REQUIRES: all references outlive the observer; the listeners are told in their order.
  DialogObserver(const DialogSettings& settings, const ProxySettings& proxy, const Limits& limits,
                 const LocalNames& names, DialogTable& dialogs, TimerQueue& timers, ProxyPort& port,
                 std::vector<DialogListener*> listeners);

  // A request that is about to be forwarded statefully. It may be changed on the way (RFC 4028 §8.1).
  std::expected<CallWatch, Refusal> watch(TimePoint now, Preprocessed& request, const std::string& rule);

  MessagePtr response(TimePoint now, const CallWatch& watch, const Message& request, std::uint64_t branch,
                      const MessagePtr& response, bool first) override;
  void goes_to(const CallWatch& watch, std::uint32_t peer) override;
  void answered(TimePoint now, const CallWatch& watch, int status) override;
  void cancelled(TimePoint now, const CallWatch& watch) override;
  void forgotten(TimePoint now, const CallWatch& watch) override;
  void timer_fired(TimePoint now, const TimerTag& tag);

  // Who hears of dialogs from now on. REQUIRES: outlives the observer.
  void set_listeners(std::vector<DialogListener*> listeners) { listeners_ = std::move(listeners); }

 private:
  std::expected<CallWatch, Refusal> watch_invite(TimePoint now, Preprocessed& pre, const std::string& rule);
  std::expected<CallWatch, Refusal> watch_within(Preprocessed& pre);
  std::expected<SessionRequest, Refusal> adjust(Preprocessed& pre) const;
  MessagePtr invite_response(TimePoint now, const CallWatch& watch, const Message& request, std::uint64_t branch,
                             const MessagePtr& response);
  MessagePtr refresh_response(TimePoint now, const CallWatch& watch, const Message& request,
                              const MessagePtr& response);
  Dialog* dialog_of(TimePoint now, DialogSetId set, std::uint64_t branch, const Message& response);
  Dialog* adopt(TimePoint now, const CallWatch& watch, const Message& request, const Message& response);
  void confirm(TimePoint now, Dialog& dialog, std::uint32_t interval);
  void live_until(TimePoint now, Dialog& dialog, std::uint32_t interval);
  void end(TimePoint now, DialogId id, const DialogEnding& ending);
  void end_unconfirmed(TimePoint now, DialogSetId id, const DialogEnding& ending, std::uint64_t branch = 0);
  void tell(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending);

  const DialogSettings& settings_;
  const ProxySettings& proxy_;
  const Limits& limits_;
  const LocalNames& names_;
  DialogTable& dialogs_;
  TimerQueue& timers_;
  ProxyPort& port_;
  std::vector<DialogListener*> listeners_;
};

}  // namespace intermediary
