// The ledger of calls: one CallBegun and one CallRecorded for each INVITE outside a dialog that is forwarded with state
// (docs/adr/0056).
//
// A call whose dialogs are followed ends with the last confirmed of them, or with the INVITE's refusal; any other ends,
// as far as we know, with the INVITE's final answer. What an end tells is told once: the call leaves the table with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/flow.h"
#include "base/local_names.h"
#include "dialog/dialog_table.h"
#include "proxy/call_observer.h"
#include "proxy/call_view.h"
#include "proxy/port.h"
#include "routing/peer_table.h"

namespace intermediary {

class CallLedger final : public CallObserver, public DialogListener {
 public:
  // REQUIRES: all references outlive the ledger.
  CallLedger(const LocalNames& names, const PeerTable& peers, ProxyPort& port)
      : names_(names), peers_(peers), port_(port) {}

  struct Circumstances {
    TimePoint now;
    WallTime wall;
    const Arrival& arrival;
    std::string_view listener;  // its name
    const std::string& user;
    const std::string& rule;
  };
  // An INVITE outside a dialog is about to be forwarded. `watch`: of whoever follows its dialogs; one without an
  // observer: nobody does, and the ledger's own comes back. Nothing begins with a spiral (RFC 3261 §16.3 step 4): its
  // call has.
  CallWatch begin(const Message& invite, const CallWatch& watch, const Circumstances& how);
  std::size_t size() const { return calls_.size(); }
  std::vector<CallView> views(TimePoint now, std::size_t most) const;

  // Of those that nobody follows.
  MessagePtr response(TimePoint now, const CallWatch& watch, const Message& request, std::uint64_t branch,
                      const MessagePtr& response, bool first) override;
  void goes_to(const CallWatch& watch, std::uint32_t peer) override;
  void answered(TimePoint now, const CallWatch& watch, int status) override;
  void cancelled(TimePoint now, const CallWatch& watch) override;
  void forgotten(TimePoint now, const CallWatch& watch) override;

  // Of the others.
  void changed(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) override;
  void answered(TimePoint now, const DialogSet& set, int status) override;
  void forgotten(TimePoint now, const DialogSet& set) override;
  void goes_to(const DialogSet& set, std::uint32_t peer) override;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

  struct Call {
    CallIdentity identity;
    std::uint32_t cseq = 0;  // of the INVITE
    TimePoint began{};
    std::optional<TimePoint> answered{};  // by a 2xx
    std::string callee_tag;
    std::string peer;
    bool cancelled = false;
    int status = 0;
    std::uint32_t talking = 0;  // confirmed dialogs that live
  };

 private:
  // Followed calls by the id of their dialog set, the others by their number.
  struct Key {
    bool followed = false;
    std::uint64_t id = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Invite = std::tuple<std::string, std::string, std::uint32_t>;  // Call-ID, From tag, CSeq

  bool is_spiral(const Message& invite) const;
  Call* find(const Key& key);
  void end(TimePoint now, const Key& key, CallEnd how, std::optional<DialogSide> by);
  void note_peer(const Key& key, std::uint32_t peer);

  const LocalNames& names_;
  const PeerTable& peers_;
  ProxyPort& port_;
  std::map<Key, Call> calls_;
  std::multiset<Invite> invites_;  // of the calls
  std::uint64_t last_ = 0;
};

}  // namespace intermediary
