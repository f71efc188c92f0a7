// Asks the peers of pools and trunks whether they live: OPTIONS (RFC 3261 §11), one after the other, evenly spread over
// the interval that the group's configuration names. Each is out for as long as its `timeout` says; what comes of it
// goes to the PeerTable.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/local_names.h"
#include "base/random.h"
#include "base/timer_queue.h"
#include "message/uri.h"
#include "routing/peer_table.h"
#include "transaction/transaction_layer.h"

namespace intermediary {

// What the prober needs from whoever assembles it.
class ProberPort {
 public:
  virtual ~ProberPort() = default;
  // A hop, the number of a question that resolved() answers, or why there is none.
  virtual std::variant<Hop, std::uint64_t, std::string> find_probe_hop(const Uri& uri) = 0;
  // Nobody waits for that answer any more.
  virtual void forget_probe_query(std::uint64_t query) = 0;
  virtual void probed(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                      const std::string& reason) = 0;
};

class Prober {
 public:
  // REQUIRES: all references outlive it.
  Prober(const PeerTable& peers, const std::string& server_name, const LocalNames& names,
         TransactionLayer& transactions, TimerQueue& timers, RandomSource& random, ProberPort& port);

  // From now on; the first peer of a group at once. Nothing the second time.
  void start(TimePoint now);
  // The groups have changed: who is new, or is probed at another pace, is probed as from a start; who has gone is not
  // waited for. REQUIRES: what has gone is not known to the table any more.
  void regroup(TimePoint now);
  void report(TimePoint now, const TransactionReport& report);
  void timer_fired(TimePoint now, const TimerTag& tag);
  // False: not a question of ours.
  bool resolved(TimePoint now, std::uint64_t query, const std::expected<std::vector<Hop>, std::string>& hops);

  static constexpr std::uint8_t user_kind = 5;  // in TransactionUser
  std::size_t size() const { return probes_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  enum class ProberTimer : std::uint8_t {
    Probe,    // it is that peer's turn
    Silence,  // no answer in HealthPolicy::probe_timeout
  };
  struct Probe {
    Duration every{};
    std::string call_id;
    std::string tag;
    std::uint32_t cseq = 0;
    std::uint64_t query = 0;
    ClientTransactionId client;
    TimerHandle next;
    TimerHandle silence;
  };

  void probe_group(TimePoint now, std::size_t group);
  void end_probe(TimePoint now, Probe& probe);
  void send(TimePoint now, PeerId peer, Probe& probe);
  void send_to(TimePoint now, PeerId peer, Probe& probe, Hop hop);
  std::string request_for(PeerId peer, const Probe& probe, const Hop& hop, const LocalNames::Listener& out,
                          std::string_view branch) const;
  void finish(PeerId peer, Probe& probe, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
              const std::string& reason);

  const PeerTable& peers_;
  const std::string& server_name_;
  const LocalNames& names_;
  TransactionLayer& transactions_;
  TimerQueue& timers_;
  RandomSource& random_;
  ProberPort& port_;
  bool started_ = false;
  std::map<PeerId, Probe> probes_;  // of each peer that is probed
  std::map<std::uint64_t, PeerId> queries_;
};

}  // namespace intermediary
