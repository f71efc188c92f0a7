// A subscription to the dialogs of a user, which is a dialog of our own (RFC 6665 §4.2, RFC 3261 §12): plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/flow.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "base/timer_queue.h"
#include "dialog/dialog.h"
#include "transaction/transaction.h"

namespace intermediary {

struct SubscriptionTag;
using SubscriptionId = StrongId<SubscriptionTag>;

// What the next notifications have to tell of one dialog: its state then, or how it ended.
struct DialogChange {
  DialogId dialog;
  std::optional<std::string> ended;  // its element, of one that is not there any more
};

// Event parameters that choose one dialog, or those of one INVITE (RFC 4235 §3.2). Empty: whatever it is.
struct DialogFilter {
  std::string call_id, local_tag, remote_tag;

  bool takes_all() const { return call_id.empty() && local_tag.empty() && remote_tag.empty(); }
};

struct Subscription {
  SubscriptionId id;
  // The dialog.
  std::string call_id, local_tag, remote_tag;
  std::string local, remote;  // From and To of our requests, tags and all
  std::string target;         // the remote target
  bool secure = false;        // asked for by a SIPS URI: so is our Contact (§12.1.1)
  std::vector<std::string> routes;
  std::uint32_t local_cseq = 0, remote_cseq = 0;
  Arrival arrival;  // of its SUBSCRIBE
  // What it is about.
  std::string event;     // our Event field
  std::string resource;  // an address of record; "": this element, every dialog here
  std::string entity;
  std::string rule;
  DialogFilter filter;
  // What has been told, and is to be.
  std::uint32_t version = 0;
  TimePoint expires{};
  TimePoint last_sent{};
  bool has_sent = false;
  bool at_once = true;  // a SUBSCRIBE or the end asks for it (§4.2.2), whatever the pace
  bool full = true;     // the next one tells of all dialogs
  std::vector<DialogChange> changes;
  std::vector<DialogId> untold;  // of full state, what its document had no room for; the last first
  std::string ending;            // "timeout": the next one is the last
  bool under_way = false;        // a NOTIFY waits for its hop or its answer
  std::uint64_t query = 0;
  TimerHandle expiry, pace;
};

}  // namespace intermediary
