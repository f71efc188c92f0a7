// Requests that wait for whoever was asked where they go, as plain values. Each has its server transaction, so that its
// repetitions end there, and waits alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/timer_queue.h"
#include "engine/store_desk.h"
#include "engine/user_desk.h"
#include "message/message.h"
#include "routing/route_source.h"
#include "transaction/transaction.h"
#include "transport/resolver.h"

namespace intermediary {

struct RouteWait {
  enum class Kind : std::uint8_t { Query, Enum, Engine };
  Kind kind = Kind::Query;
  MessagePtr request;
  Arrival arrival;
  ServerTransactionId server{};
  std::string rule;
  std::optional<KeptRule> kept{};      // its rule, where the configuration has changed meanwhile
  bool was_asked = false;              // for credentials, which are used up
  std::string user{};                  // who has authenticated
  std::optional<CallerWait> caller{};  // of one whose caller is verified
  std::vector<UserAnswer> users{};     // what stores have said of who it may be of
  std::string source;                  // whom it waits for: "route_query:crm"
  RouteFallback on_failure{};
  TimerHandle deadline{};  // of the two below; a query of HTTP has its own
  QueryId query{};         // to an HTTP server, or to a routing engine
  // Of a number that is looked up (RFC 6116): "+31201234567", what name servers have said, and which is asked.
  RouteFallback not_found{};
  std::string number{};
  std::vector<std::string> suffixes{};
  DnsAnswers known{};
  LookupId lookup{};
};

// Of one query: whether it is asked at all.
struct RouteCircuit {
  std::uint32_t failures = 0;  // in a row
  bool is_open = false;
  TimePoint until{};        // not asked before
  bool is_trying = false;   // open, with one request under way to see whether it answers again
  std::uint64_t trial = 0;  // its ticket
};

struct RouteDesk {
  std::uint64_t last_ticket = 0;
  std::uint64_t last_query = 0;                  // to routing engines
  std::map<std::uint64_t, RouteWait> waits;      // by ticket
  std::map<std::string, RouteCircuit> circuits;  // by the name of the query

  // 0: none. INVITEs alone can be cancelled.
  std::uint64_t ticket_of(ServerTransactionId server) const {
    const auto found = std::ranges::find_if(waits, [&](const auto& entry) { return entry.second.server == server; });
    return found == waits.end() ? 0 : found->first;
  }
  std::uint64_t ticket_of_engine(QueryId query) const {
    const auto found = std::ranges::find_if(waits, [&](const auto& entry) {
      return entry.second.kind == RouteWait::Kind::Engine && entry.second.query == query;
    });
    return found == waits.end() ? 0 : found->first;
  }
  std::size_t engine_waits() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(waits, [](const auto& entry) { return entry.second.kind == RouteWait::Kind::Engine; }));
  }
  std::uint64_t ticket_of_lookup(LookupId lookup) const {
    const auto found = std::ranges::find_if(waits, [&](const auto& entry) { return entry.second.lookup == lookup; });
    return found == waits.end() ? 0 : found->first;
  }
  // Whether an answer of an HTTP server is for that ticket.
  bool waits_for(QueryId query, std::uint64_t ticket) const {
    const auto found = waits.find(ticket);
    return found != waits.end() && found->second.kind == RouteWait::Kind::Query && found->second.query == query;
  }
  // Of what was read: whether somebody made it.
  bool is_coherent() const {
    const auto tries = [&](const auto& entry) { return !entry.second.is_trying || waits.contains(entry.second.trial); };
    return std::ranges::all_of(circuits, tries) && std::ranges::all_of(waits, [&](const auto& entry) {
             const RouteWait& wait = entry.second;
             return entry.first <= last_ticket && wait.request && wait.request->is_request() &&
                    (!wait.caller || wait.caller->verdict);
           });
  }
};

}  // namespace intermediary
