// Who plays in a scenario: its parties on real addresses of this machine, addresses that the target shall reach though
// nobody is there, and the translation between the two worlds.
//
// For a target on loopback each party has an address of its own, 127.x.y.N for 192.0.2.N, with the port that the
// scenario says where it is free. Elsewhere all share one local address and differ by their ports.
#pragma once

#include <expected>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/target/needs.h"
#include "conformance/target/stage.h"
#include "conformance/target/translation.h"
#include "sim/party.h"
#include "sim/scenario.h"

namespace intermediary::conformance {

struct Target {
  Endpoint endpoint;
  std::set<Transport> transports{Transport::Udp};
  std::string domain;              // "": none
  std::optional<IpAddress> local;  // where all parties are; nullopt: an address for each, for a target on loopback
};

// One of a scenario's runs: what makes its names and addresses its own.
struct Slot {
  std::string tag;            // letters and digits
  std::uint16_t network = 0;  // 127.x.y: x and y
};

struct Actor {
  std::string name;  // or the address, where nobody is
  sim::HostId host;
  std::vector<sim::Socket> sockets;  // of the scenario
  std::optional<sim::Party> party;   // the node and nobody have none
  bool is_node = false;
};

class Cast {
 public:
  Cast(const Script& script, const Target& target, const Slot& slot);

  // Opens everybody's sockets, and one more for whoever registers them. An error is one line.
  std::expected<void, std::string> open(Stage& stage);

  std::vector<Actor>& actors() { return actors_; }
  Actor* find(std::string_view name);
  Actor& at(sim::HostId host) { return actors_[host.value - 1]; }
  const Translation& translation() const { return translation_; }
  std::size_t registrant() const { return actors_.size(); }  // its place on the stage
  const Endpoint& registrant_address() const { return registrant_address_; }

 private:
  void add(Actor actor);
  IpAddress real_address(const IpAddress& scenario);
  void add_nobodies(const sim::Scenario& scenario);
  void translate_other_addresses(std::string_view text);

  Target target_;
  Slot slot_;
  std::vector<Actor> actors_;
  std::set<std::uint8_t> taken_;
  std::map<IpAddress, IpAddress> addresses_;
  Translation translation_;
  Endpoint registrant_address_;
};

// Addresses that documents may use (RFC 5737).
bool is_of_documentation(const IpAddress& address);

}  // namespace intermediary::conformance
