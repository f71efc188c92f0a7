// What waits for the store of the location service, as plain values.
//
// A REGISTER has its server transaction, so that its repetitions end there, and those of one address of record have
// their turn one after another (RFC 3261 §10.3). A request that is looked up has its transaction too, and waits alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/timer_queue.h"
#include "event/event.h"
#include "location/store.h"
#include "message/message.h"
#include "policy/identity_config.h"
#include "routing/numbers.h"
#include "routing/rule.h"
#include "transaction/transaction.h"
#include "transport/resolve.h"

namespace intermediary {

// What a rule says that another configuration does not say any more.
struct KeptRule {
  Rule rule;
  std::optional<NumberPlan> plan{};  // of its changes
};

// Who calls, of a call that waits (RFC 8224 §6.2): the field that says so when the waiting began, though another
// configuration may name another one, and what was found.
struct CallerWait {
  using Verdict = IdentityVerified::Verdict;

  CallerField field = CallerField::From;
  std::optional<Verdict> verdict{};  // nullopt: not yet, a certificate is waited for
};

struct StoreWait {
  enum class Kind : std::uint8_t {
    Register,
    Lookup,
    Clean,  // no request: a connection has closed, and its contacts are to leave the record
  };
  Kind kind = Kind::Register;
  MessagePtr request;
  Arrival arrival;
  ServerTransactionId server{};
  std::string address_of_record;
  std::string rule;
  std::optional<KeptRule> kept{};      // of a lookup: its rule, where the configuration has changed meanwhile
  bool was_asked = false;              // for credentials, which are used up
  std::string user{};                  // who has authenticated
  std::optional<CallerWait> caller{};  // of one whose caller is verified
  std::uint32_t fetches = 0;           // of certificates, that it has waited for
  TimerHandle deadline{};
  QueryId query{};  // that is out; none: it has not had its turn
  std::uint32_t conflicts = 0;
  StoredRecord record{};                  // that is being written
  std::vector<BindingChanged> changes{};  // that it makes
};

struct StoreDesk {
  // Kinds of timers: of a wait, whose ticket is the subject, and of loading.
  static constexpr std::uint8_t deadline_timer = 0, load_timer = 1;

  std::uint64_t last_query = 0;
  std::uint64_t last_ticket = 0;
  std::map<std::uint64_t, StoreWait> waits;  // by ticket
  std::map<QueryId, std::uint64_t> asked;    // whose answer is awaited
  // All but lookups, by address of record: whose turn it is, and who comes after.
  std::map<std::string, std::deque<std::uint64_t>> lines;
  bool is_down = false;
  // All records are read at the start, where no other process writes them.
  bool is_loading = false;
  bool is_loaded = false;
  QueryId load{};
  std::string loaded_to;
  TimerHandle load_deadline{};

  std::uint64_t ticket_of(ServerTransactionId server) const {
    const auto found = std::ranges::find_if(waits, [&](const auto& entry) { return entry.second.server == server; });
    return found == waits.end() ? 0 : found->first;
  }
  // Of what was read: whether somebody made it.
  bool is_coherent() const {
    const auto waits_for = [&](const auto& entry) {
      const auto wait = waits.find(entry.second);
      return wait != waits.end() && wait->second.query == entry.first;
    };
    const auto is_line = [&](const auto& entry) {
      return !entry.second.empty() && std::ranges::all_of(entry.second, [&](std::uint64_t ticket) {
        const auto wait = waits.find(ticket);
        return wait != waits.end() && wait->second.address_of_record == entry.first;
      });
    };
    const auto is_whole = [&](const auto& entry) {
      const StoreWait& wait = entry.second;
      const auto line = lines.find(wait.address_of_record);
      const bool in_line = line != lines.end() && std::ranges::count(line->second, entry.first) == 1;
      const bool is_clean = wait.kind == StoreWait::Kind::Clean;
      return entry.first <= last_ticket && (!wait.caller || wait.caller->verdict) &&
             in_line == (wait.kind != StoreWait::Kind::Lookup) &&
             (is_clean ? !wait.request : wait.request && wait.request->is_request());
    };
    return std::ranges::all_of(asked, waits_for) && std::ranges::all_of(lines, is_line) &&
           std::ranges::all_of(waits, is_whole);
  }
};

}  // namespace intermediary
