// The promises of a node that hold whatever the network and the parties do. Each is a class of its own in
// invariants.cpp with a name, the sections that make it a promise, and what excuses it; the table below them says
// which there are. Used by executions under faults and by random worlds.
//
// What a restart excuses: everything about requests and answers that the node got or sent before. It has forgotten
// them, and whoever repeats them begins anew; so each promise forgets as well. Nothing is excused about what comes
// after.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/wire.h"
#include "sim/world.h"

namespace intermediary::sim {

// One message that reached or left a node.
struct Sight {
  TimePoint time{};
  HostId node;
  bool in = false;
  HostId other;     // whom it came from or goes to; none: nobody
  Endpoint remote;  // likewise
  bool datagram = true;
  std::string_view bytes;
  bool as_written = false;               // sent by a party byte for byte as its line says, legal or not
  const WireMessage* message = nullptr;  // null where it cannot be read

  bool is_request(std::string_view method) const {
    return message && message->is_request() && message->method() == method;
  }
  bool is_answer_to(std::string_view method) const {
    return message && message->is_response() && message->method() == method;
  }
};

class Witness;

// One promise about one node.
class Promise {
 public:
  Promise(Witness& witness, HostId node) : witness_(witness), node_(node) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  virtual ~Promise() = default;

  virtual void saw(const Sight&) {}
  // A connection of the node with that address is gone.
  virtual void lost(const Endpoint&) {}
  // What it sent came back with an ICMP error, and may go elsewhere (RFC 3261 §18.2.2).
  virtual void bounced(const WireMessage&) {}
  // The node opens a connection, and what it sends for that gets nowhere.
  virtual void opens_in_vain() {}
  // The node has dealt with what came in last, and sent all that it sends for that.
  virtual void settled() {}
  // The node starts anew: every promise forgets, see above.
  virtual void restarted() {}
  virtual void ended() {}

 protected:
  // Says once that it is broken.
  void broken(const std::string& what);
  const World& world() const;
  HostId node() const { return node_; }
  const Engine& engine() const { return world().engine(node_); }
  bool is_stateful() const;  // whatever it forwards: no rule says otherwise
  const TransactionTimings& timings() const { return world().config(node_).timings; }
  Duration t1_times_64() const { return 64 * timings().t1; }

 private:
  friend class Witness;
  Witness& witness_;
  HostId node_;
  std::string_view name_;
  bool told_ = false;
};

// Sees a world and asks its promises.
class Witness {
 public:
  // REQUIRES: the world outlives it, and has all its nodes.
  explicit Witness(const World& world);
  ~Witness();

  // What a node sends, from the network's judge; other transmissions are ignored.
  void sent(const Transmission& transmission);
  // What enters a node, as of an Observer.
  void entering(HostId node, const Input& input);
  void settled(HostId node);
  void restarted(HostId node);
  void ended();

  // What a party sends as its line says, legal or not.
  void note_as_written(HostId party, const std::string& bytes);

  const std::vector<std::string>& broken() const { return broken_; }
  // Of a hash over all inputs of nodes, times included: equal hashes, equal states.
  std::uint64_t inputs_hash() const { return KeyedHash(inputs_).finish(); }

  void tell(Promise& promise, const std::string& what);
  const World& world() const { return world_; }

 private:
  void see(Sight sight);
  void hash(HostId node, std::string_view bytes);

  const World& world_;
  std::map<HostId, std::vector<std::unique_ptr<Promise>>> promises_;
  std::map<std::pair<HostId, FlowId>, Endpoint> flows_;  // who is at the other end of nodes' connections
  std::map<std::pair<HostId, FlowId>, std::string> buffers_;
  std::set<std::pair<HostId, FlowId>> websockets_;  // of which each piece is a message
  std::set<std::string, std::less<>> as_written_;
  std::set<HostId> writers_;  // who has sent such bytes
  std::vector<std::string> broken_;
  KeyedHash inputs_{HashKey{3, 4}};
};

// Their names, for people.
std::vector<std::string> promise_names();

}  // namespace intermediary::sim
