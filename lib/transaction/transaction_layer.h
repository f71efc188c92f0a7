// The transaction layer: the tables of live transactions, matching (RFC 3261 §17.1.3, §17.2.3), and the way of timers
// and messages to the machines.
//
// Contract: every call takes `now`; what the transaction user must hear is appended to reports(), in order, for the
// caller to drain before the next call from outside. Bytes leave through the Wire. Nothing is sent to a transaction
// that is gone: stale ids are ignored.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/held.h"
#include "base/keyed_hash.h"
#include "base/slot_table.h"
#include "base/timer_queue.h"
#include "transaction/machines.h"

namespace intermediary {

struct TransactionKeyHash {
  std::size_t operator()(const TransactionKey& key) const { return static_cast<std::size_t>(key.low); }
};

class TransactionLayer {
 public:
  // `key` makes the tables' hashes unpredictable to peers. REQUIRES: timers and wire outlive the layer.
  TransactionLayer(const TransactionTimings& timings, const HashKey& key, TimerQueue& timers, Wire& wire);

  // ---- server side

  // What a request is to the layer.
  enum class Match : std::uint8_t {
    New,           // nobody knows it
    Repeated,      // a repetition: dealt with
    Acknowledged,  // the first ACK of a non-2xx answer: dealt with
    AckFor2xx,     // an ACK for an INVITE that was accepted: the TU's business (RFC 6026 §7.1)
  };
  Match receive_request(TimePoint now, const MessagePtr& request);

  // REQUIRES: receive_request() said New to this request and has seen no other since; its method is not ACK. The RFC
  // calls this the server transaction's construction by the core (RFC 6026 §8.10).
  ServerTransactionId create_server(TimePoint now, const MessagePtr& request, const Arrival& arrival, const Hop& reply);
  void set_user(ServerTransactionId id, TransactionUser user);
  // The INVITE (or other) transaction that a CANCEL means (§9.2); none when there is none.
  ServerTransactionId find_cancelled(const Message& cancel) const;
  const ServerTransaction* find(ServerTransactionId id) const { return servers_.find(id); }

  void respond(TimePoint now, ServerTransactionId id, int status, std::string bytes, std::string_view to_tag = {});
  void abandon(TimePoint now, ServerTransactionId id);

  // ---- client side

  // Sends `request`, whose top Via holds `branch`.
  ClientTransactionId create_client(TimePoint now, Method method, std::string_view branch, std::string request,
                                    const Hop& hop, TransactionUser user);
  // Sends a CANCEL for a request that is under way (§9.1), with that Reason. Its own answers interest nobody.
  void cancel(TimePoint now, ClientTransactionId id, std::string_view reason = {});
  const ClientTransaction* find(ClientTransactionId id) const { return clients_.find(id); }
  // Ends a transaction whose answer is not awaited any longer (§9.1: 64*T1 after a CANCEL).
  void forget(TimePoint now, ClientTransactionId id);
  // False when no client transaction knows it (§18.1.2: the core's business).
  bool receive_response(TimePoint now, const MessagePtr& response);

  // ---- both

  void timer_fired(TimePoint now, const TimerTag& tag);
  // A connection is gone: those who wait for a first answer on it hear of it (§17.1.4).
  void flow_lost(TimePoint now, FlowId flow, const std::string& reason);
  // Some client transaction has sent its request on that connection.
  bool waits_on(FlowId flow) const;
  // A datagram could not be sent or did not arrive (§17.1.4, §18.4). `sent` is what it held, as far as that is known:
  // the transaction that sent it hears of it, and nobody else, for a stranger may have us send to any address.
  void datagram_failed(TimePoint now, const std::string& sent, const std::string& reason);

  // Empties `reports` and changes places with it, so that both keep their memory.
  void take_reports(std::vector<TransactionReport>& reports) {
    reports.clear();
    reports.swap(reports_);
  }

  // All that live now.
  std::vector<ServerTransactionId> server_ids() const { return servers_.ids(); }
  std::vector<ClientTransactionId> client_ids() const { return clients_.ids(); }
  std::size_t server_count() const { return servers_.size(); }
  std::size_t client_count() const { return clients_.size(); }
  // Of both kinds, those with is_waiting().
  std::size_t waiting_count() const { return waiting_; }
  // The server transactions of requests from that address (security limits).
  Held held_by(const IpAddress& source) const;
  // Of all addresses, without a final answer.
  std::size_t unfinished_by_source() const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  template <class Value>
  using KeyMap = boost::unordered_flat_map<TransactionKey, Value, TransactionKeyHash>;

  TransactionKey server_key(const Message& request, std::string_view method) const;
  TransactionKey client_key(std::string_view branch, std::string_view method) const;
  Surroundings around(TimePoint now);
  void drive(TimePoint now, ClientTransactionId id, const ClientInput& input);
  void drive(TimePoint now, ServerTransactionId id, ServerInput input);
  ServerTransactionId find_server(const Message& request, std::string_view method) const;
  ServerTransactionId find_server(const TransactionKey& key) const;
  void settle(ClientTransaction& t);
  void settle(ServerTransaction& t, bool was_finished);
  void track_flow(ClientTransaction& t, FlowId before);

  TransactionTimings timings_;
  HashKey key_;
  TimerQueue& timers_;
  Wire& wire_;
  SlotTable<ServerTransaction, ServerTransactionId> servers_;
  SlotTable<ClientTransaction, ClientTransactionId> clients_;
  KeyMap<ServerTransactionId> servers_by_key_;
  KeyMap<ClientTransactionId> clients_by_key_;
  std::set<std::pair<FlowId, ClientTransactionId>> clients_by_flow_;
  std::map<IpAddress, Held> held_;
  std::size_t waiting_ = 0;
  std::vector<TransactionReport> reports_;
  struct Received {
    MessagePtr request;
    TransactionKey key;
  };
  Received received_;  // the request received last, and its key; none: it was not worked out
};

}  // namespace intermediary
