// What the stateful proxy keeps for a request under way (RFC 3261 §16.2): plain values; only StatefulProxy changes
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/flow.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "base/timer_queue.h"
#include "proxy/best_response.h"
#include "proxy/breadth.h"
#include "proxy/call_observer.h"
#include "proxy/port.h"
#include "proxy/preprocess.h"
#include "proxy/servers.h"
#include "routing/fork_policy.h"
#include "routing/target_queue.h"
#include "routing/target_set.h"
#include "transaction/transaction.h"

namespace intermediary {

// The proxy's own timers.
enum class ProxyTimer : std::uint8_t {
  C,              // an INVITE branch rings too long: CANCEL it (§16.6 step 11, §16.8)
  Failover,       // nothing heard of a server: the next one is tried as well (RFC 3263 §4.3)
  CancelledWait,  // no final answer 64*T1 after our CANCEL: done without (§9.1)
  Ring,           // the rule's ring_timeout: the next targets have their turn
  GivenUpWait,    // no final answer T2 after the CANCEL that Ring brought: nobody waits for it any longer
};

struct ResponseContextTag;
using ResponseContextId = StrongId<ResponseContextTag>;
struct BranchTag;
using BranchId = StrongId<BranchTag>;

// One target of a request (§16.6), and of its servers one: each that is tried is a branch of its own (§16.6 step 7).
struct Branch {
  enum class State : std::uint8_t { Resolving, Calling, Proceeding, Answered };

  BranchId id;
  ResponseContextId context;
  Target target;
  State state = State::Resolving;
  Hop hop;
  std::string via_branch;
  ClientTransactionId client;
  HopQuery query;
  Servers servers;            // of the target, those that are left to try
  BranchId next;              // the try at the next server: failing alone, this one says nothing of the target
  bool moved_to_tcp = false;  // for its size (§18.1.1): UDP is tried when that fails
  std::uint32_t breadth = 0;  // its share of the request's Max-Breadth, until it has answered
  bool cancel_wanted = false;
  bool cancel_sent = false;
  std::string cancel_reason;  // Reason of the CANCEL (RFC 3326); "" for none
  bool rang_too_long = false;
  bool passed_over = false;  // silent for too long: the next target is tried beside it (ForkMode::Failover)
  TimerHandle timer;         // C, CancelledWait
  TimerHandle failover;
  TimerHandle ring;                     // Ring, GivenUpWait
  std::optional<TimePoint> ring_until;  // for all servers of the target, from the first try on
  Answered answer;                      // once Answered
};

// What is decided about a request before there is any state for it.
struct ForwardingPlan {
  TargetSet targets;
  ForkPolicy fork{};
  Breadth breadth{};
  std::string rule{};
  std::string address_of_record{};
  CallWatch watch{};
  bool priority = false;
};

struct ResponseContext {
  ResponseContextId id;
  ServerTransactionId server;  // none once it is gone
  Preprocessed request;
  ListenerId in;
  Transport in_transport = Transport::Udp;
  std::string rule;
  CallWatch watch;
  HexText loop;     // the request's loop hash
  std::string tag;  // To tag of our own answers, once there is one
  TimePoint started{};
  ForkPolicy fork;
  Breadth breadth;
  std::string address_of_record;  // whose late contacts become targets; "" for nobody's
  TargetQueue waiting;            // targets that have no branch yet
  bool search_over = false;       // no branch may come any more
  std::vector<BranchId> branches;
  bool priority = false;  // it goes where others are held back (RFC 5031, RFC 4412)
  bool answered = false;  // a final answer went up, or none ever may

  bool is_invite() const { return request.request->method() == Method::Invite; }
};

}  // namespace intermediary
