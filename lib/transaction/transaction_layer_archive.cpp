#include "base/flow_archive.h"
#include "base/slot_table_archive.h"
#include "message/message_archive.h"
#include "transaction/sent_request.h"
#include "transaction/timers.h"
#include "transaction/transaction_layer.h"

namespace intermediary {

namespace {

// Of two transactions with one key the later is found: each says whether it is the one.
template <class Archive, class Table, class Index>
void transfer_index(Archive& archive, Table& table, Index& index) {
  if constexpr (Archive::reads) index.clear();
  for (const auto id : table.ids()) {
    const TransactionKey key = table.find(id)->key;
    const auto found = index.find(key);
    bool is_found = found != index.end() && found->second == id;
    archive(is_found);
    if constexpr (Archive::reads) {
      if (is_found && !index.emplace(key, id).second) return archive.fail("two transactions that are the same");
    }
  }
}

// A timer that is armed is the transaction's own, or it would never fire for it.
template <class Transaction>
bool has_its_timers(const TimerQueue& timers, const Transaction& t) {
  const auto is_its = [&](TimerHandle handle) {
    const auto armed = timers.find(handle);
    return !armed || (armed->tag.owner == TimerOwner::Transaction && armed->tag.subject == t.id.value);
  };
  return timers.has_given(t.repeat) && timers.has_given(t.timeout) && is_its(t.repeat) && is_its(t.timeout);
}

bool is_possible(const ClientTransaction& t) {
  const auto sent = read_sent(t.request);
  if (!sent || t.invite != (sent->method == "INVITE") || t.state == ClientState::Terminated) return false;
  return t.invite ? t.state != ClientState::Trying
                  : t.state != ClientState::Calling && t.state != ClientState::Accepted;
}

// Timer F ends it, whatever comes (§17.1.2.2).
bool has_its_end(const TimerQueue& timers, const ClientTransaction& t) {
  if (t.invite || !t.is_waiting()) return true;
  const auto armed = timers.find(t.timeout);
  return armed && armed->tag.kind == static_cast<std::uint8_t>(Timer::F);
}

}  // namespace

template <class Archive>
void TransactionLayer::transfer(Archive& archive) {
  // Counts and the index by flow follow from the transactions; reports and `received` are of one input alone.
  auto& [timings, hash_key, timers, wire, servers, clients, servers_by_key, clients_by_key, clients_by_flow, held,
         waiting, reports, received] = *this;
  archive(servers, clients);
  transfer_index(archive, servers, servers_by_key);
  transfer_index(archive, clients, clients_by_key);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    clients_by_flow.clear();
    held.clear();
    waiting = 0;
    received = {};
    for (const ServerTransactionId id : servers.ids()) {
      const ServerTransaction& t = *servers.find(id);
      if (t.state == ServerState::Terminated || t.is_finished() == static_cast<bool>(t.request)) {
        return archive.fail("a server transaction in an impossible state");
      }
      if (!has_its_timers(timers, t)) return archive.fail("a timer that nobody armed");
      Held& of_source = held[t.arrival.remote.address];
      ++of_source.all;
      if (!t.is_finished()) ++of_source.unfinished;
      if (t.is_waiting()) ++waiting;
    }
    for (const ClientTransactionId id : clients.ids()) {
      const ClientTransaction& t = *clients.find(id);
      if (!is_possible(t)) {
        return archive.fail("a client transaction in an impossible state");
      }
      if (!has_its_timers(timers, t) || !has_its_end(timers, t)) return archive.fail("a timer that nobody armed");
      if (t.hop.flow) clients_by_flow.insert({t.hop.flow, id});
      if (t.is_waiting()) ++waiting;
    }
  }
}

template void TransactionLayer::transfer(ArchiveWriter& archive);
template void TransactionLayer::transfer(ArchiveReader& archive);

}  // namespace intermediary
