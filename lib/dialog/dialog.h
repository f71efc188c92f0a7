// Calls as a proxy sees them (RFC 3261 §12): the dialogs that one INVITE made, as plain values.
//
// An INVITE outside a dialog makes a DialogSet, with one dialog in state Trying. The first tagged answer gives that
// dialog its To tag; each further tag makes another (forks, RFC 3261 §12.1). What all of them share stands once, in the
// set. "Caller" is who sent the INVITE, "callee" who answered it; which of the two sends a later request is another
// question.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "base/timer_queue.h"
#include "event/event.h"

namespace intermediary {

struct DialogTag;
using DialogId = StrongId<DialogTag>;
struct DialogSetTag;
using DialogSetId = StrongId<DialogSetTag>;

enum class DialogState : std::uint8_t { Trying, Early, Confirmed, Terminated };

// "trying", as logs and RFC 4235 §3.7.1 write it.
std::string_view state_text(DialogState state);

struct Dialog {
  DialogId id;
  DialogSetId set;
  DialogState state = DialogState::Trying;
  std::string callee_tag;               // "" while Trying
  std::array<std::string, 2> target;    // the remote target that each side named, by DialogSide (§12.1, §12.2)
  std::array<std::uint32_t, 2> cseq{};  // of each side's last request, by DialogSide
  std::uint64_t branch = 0;             // whose answer made it: the proxy's own id
  TimePoint started{};
  TimePoint confirmed{};
  Duration session_interval{};  // RFC 4028 §8.2; zero: no session timer
  TimerHandle expiry;           // Confirmed: the session's, or the longest life

  std::string& target_of(DialogSide side) { return target[static_cast<std::size_t>(side)]; }
  const std::string& target_of(DialogSide side) const { return target[static_cast<std::size_t>(side)]; }
};

struct DialogSet {
  DialogSetId id;
  std::string call_id;
  std::string caller_tag;
  std::string caller;  // the URIs of From and To
  std::string callee;
  std::string called;  // the address of record that was asked for, where it is not the callee's
  std::string caller_target;
  std::string rule;
  std::uint32_t peer = 0;  // of a pool or trunk, to which it went; 0: none
  std::uint32_t cseq = 0;  // of the INVITE
  TimePoint started{};
  bool open = true;  // the INVITE's answers may still make dialogs
  bool cancelled = false;
  std::vector<DialogId> dialogs;
  std::vector<std::string> ended_tags;  // while open: a repeated answer must not make them anew
};

}  // namespace intermediary
