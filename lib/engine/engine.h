// The engine: a SIP intermediary as a function of its configuration, a seed and its inputs.
//
//   engine.handle(now, input);                  // REQUIRES: now never decreases; drained before the next call
//   while (auto output = engine.poll()) …       // in the order of the RFC's steps
//   engine.next_deadline();                     // when to come back with DeadlineReached, if nothing comes before
//
// No clock, socket, thread or random device stands behind it: the same inputs give the same outputs, byte for byte. An
// early or repeated DeadlineReached does nothing. No exception leaves it, whatever the bytes.
//
// What stands in it can be saved between two inputs, and loaded by another process of the same version: that engine
// goes on as this one would have. A save holds keys, credentials and messages: whoever keeps it keeps it to himself.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "engine/config.h"
#include "engine/io.h"
#include "proxy/call_view.h"
#include "routing/peer_table.h"
#include "ua/registrant.h"

namespace intermediary {

// What stands in the engine's tables now, counted from the live objects.
class DecisionTrace;

struct LiveObjects {
  std::size_t server_transactions = 0;
  std::size_t client_transactions = 0;
  std::size_t response_contexts = 0;
  std::size_t queries = 0;  // names that are looked up, and requests that wait for the store, HTTP or a routing engine
  std::size_t flows = 0;
  std::size_t bindings = 0;
  std::size_t dialogs = 0;        // that a call-stateful proxy follows; each confirmed one has a timer
  std::size_t subscriptions = 0;  // to our own event packages: our dialogs, each with a timer
  std::size_t probed_peers = 0;   // of pools and trunks: each has a timer, and another one while its answer is awaited
  std::size_t trunk_registrations = 0;  // of trunks with others: each has a timer, or is under way
  std::size_t calls = 0;                // of which a record will be made
  std::size_t timers = 0;
  // Of the transactions, those that wait for a final answer or, having refused an INVITE over UDP, for its ACK. The
  // others only absorb repetitions.
  std::size_t waiting = 0;
  // Server transactions without a final answer, as the limits for each source count them.
  std::size_t unfinished_by_source = 0;

  // No transaction, context or query. Flows, bindings and dialogs outlive them.
  bool idle() const { return server_transactions + client_transactions + response_contexts + queries == 0; }
  // Nothing that would be broken off by stopping now.
  bool at_rest() const { return waiting + queries == 0; }
  friend bool operator==(const LiveObjects&, const LiveObjects&) = default;
};

// A transaction that lives now, as people may look at it.
struct TransactionView {
  enum class Side : std::uint8_t { Server, Client } side = Side::Server;
  std::string method;
  std::string_view state;  // by its name in RFC 3261 §17 and RFC 6026 §7
  Transport transport = Transport::Udp;
  Endpoint peer;
  friend bool operator==(const TransactionView&, const TransactionView&) = default;
};

// What stands in the tables, for people to look at (lib/engine/views.cpp). Each costs a walk.
struct BindingView {
  std::string address_of_record;
  std::string contact;
  Endpoint source;  // from where it was registered
  Transport transport = Transport::Udp;
  std::chrono::seconds expires_in{};
};
struct RuleView {
  std::string name;
  std::uint64_t hits = 0;  // requests that it took, but ACK and CANCEL
};

// Who was asked for what.
struct AskCounters {
  std::uint64_t http_requests = 0;
  std::uint64_t http_failures = 0;   // of them, without an answer in time or with none
  std::uint64_t routes_asked = 0;    // requests about which a route source was asked
  std::uint64_t routes_failed = 0;   // of them, without a decision
  std::uint64_t routes_unasked = 0;  // for which one was not asked: it rests, or too many wait
  friend bool operator==(const AskCounters&, const AskCounters&) = default;
};

// Signed identities of callers (RFC 8224): calls, but for the last two.
struct IdentityCounters {
  std::uint64_t signed_calls = 0;    // that left with a signature of ours
  std::uint64_t unsigned_calls = 0;  // that should have, and could not
  std::uint64_t passed = 0;          // whose caller a signature proves
  std::uint64_t failed = 0;          // whose signatures do not count
  std::uint64_t absent = 0;          // that have none which could be judged
  std::uint64_t fetched = 0;         // certificates of signers, that counted
  std::uint64_t fetch_failures = 0;  // of them that could not be fetched, or did not count
  friend bool operator==(const IdentityCounters&, const IdentityCounters&) = default;
};

// What happened since the start. Each drop has a counter here and an event.
struct Counters {
  std::uint64_t requests_in = 0;
  std::uint64_t responses_in = 0;
  std::uint64_t requests_out = 0;
  std::uint64_t responses_out = 0;
  std::uint64_t retransmissions_in = 0;  // absorbed by a transaction
  std::uint64_t rejected = 0;            // malformed, answered or dropped
  std::uint64_t refused = 0;             // well formed, refused by validation, rule or limit
  std::uint64_t rate_limited = 0;        // of the refused: by a [limit.…]
  std::uint64_t strays = 0;              // responses and ACKs that belong to nothing
  std::uint64_t send_failures = 0;
  std::uint64_t stun_answered = 0;  // keep-alives on datagrams (RFC 5626 §8)
  std::uint64_t stun_ignored = 0;   // anything else that begins like STUN
  std::uint64_t dns_questions = 0;  // that went out
  std::uint64_t store_requests = 0;
  std::uint64_t store_failures = 0;           // of them, without a reply in time or with one that says so
  std::uint64_t store_conflicts = 0;          // another node had written
  std::uint64_t overload_refused = 0;         // of the refused: by [overload]
  std::uint64_t overload_dropped = 0;         // of the refused: without an answer, for memory
  std::uint64_t overload_held = 0;            // not sent to a neighbour that wants less (RFC 7339)
  std::uint64_t limit_refused = 0;            // tries of a pool or trunk that its `limits` did not let through
  std::uint64_t known_lookups = 0;            // answered from what was known last, for the store did not answer
  std::uint64_t user_lookups = 0;             // that stores of users were asked for
  std::uint64_t user_lookup_failures = 0;     // of them, without an answer in time or with one that says so
  std::uint64_t trunk_registers = 0;          // REGISTERs of trunks that were sent, without repetitions
  std::uint64_t trunk_register_failures = 0;  // attempts to register one that did not
  std::uint64_t reloads = 0;                  // configurations that took the place of another
  std::uint64_t reloads_refused = 0;          // that could not
  AskCounters asks{};
  IdentityCounters identities{};
  friend bool operator==(const Counters&, const Counters&) = default;
};

class Engine {
 public:
  // REQUIRES: problem_with(config) == "".
  Engine(const Config& config, const Seed& seed);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Hears of what is decided about requests from now on; null: nobody does. REQUIRES: it outlives the engine.
  void set_trace(DecisionTrace* trace);
  void handle(TimePoint now, Input input);
  std::optional<Output> poll();
  std::optional<TimePoint> next_deadline() const;

  // That counts now: the one it was made with, or the last that ConfigurationChanged brought.
  const Config& config() const;

  // REQUIRES: drained. The same state gives the same bytes.
  std::string save() const;
  // REQUIRES: problem_with(config) == "". The error, one line for people, says why those bytes are no save, or none
  // that goes with this configuration: it has to be the one that counted for the engine.
  static std::expected<Engine, std::string> load(const Config& config, std::string_view saved);

  // The time of the last input, also of one that was loaded: no input may come with an earlier one.
  TimePoint last_time() const;
  LiveObjects live() const;
  // At most so many of each, in a stable order.
  std::vector<CallView> calls(std::size_t most) const;
  std::vector<BindingView> registrations(std::size_t most) const;
  std::vector<PeerTable::View> peers() const;
  std::vector<TrunkRegistrationView> trunk_registrations() const;
  std::vector<RuleView> rules() const;
  // Server transactions first, in the order of their places in the table. For people to look at: costs a walk.
  std::vector<TransactionView> transactions() const;
  const Counters& counters() const;

  // Puts a binding into the location service, as if it had been registered at `now` (tests, scenarios).
  void add_binding(TimePoint now, const std::string& address_of_record, const std::string& contact_uri,
                   std::chrono::seconds expires, int q_thousandths = 1000);
  // What a store would keep of that address of record (scenarios: it is put there behind add_binding()).
  StoredRecord record_of(const std::string& address_of_record) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace intermediary
