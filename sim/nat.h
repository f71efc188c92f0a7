// A NAT box as it behaves towards UDP and TCP, in the terms of RFC 4787 and RFC 5382: which outside port stands for an
// address inside (mapping), who may answer to it (filtering), and how long.
//
// What leaves makes a mapping, or keeps one alive; what comes in does not (RFC 4787 REQ-6 leaves that open, and this is
// the harder choice), except over TCP. An outside port is never given twice, so that what comes late meets nobody.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace intermediary::sim {

struct NatSetup {
  // RFC 4787 §4.1 and §5: on what of the far end it hangs.
  enum class Dependence : std::uint8_t { None, Address, AddressAndPort };

  std::string name;
  IpAddress outside;
  Dependence mapping = Dependence::None;
  Dependence filtering = Dependence::AddressAndPort;
  Duration timeout = std::chrono::seconds(30);       // of UDP, without anything that leaves
  Duration tcp_timeout = std::chrono::minutes(124);  // RFC 5382 REQ-5
  bool hairpin = false;                              // RFC 4787 §6
};

class Nat {
 public:
  enum class Protocol : std::uint8_t { Udp, Tcp };

  explicit Nat(NatSetup setup) : setup_(std::move(setup)) {}

  const NatSetup& setup() const { return setup_; }
  // Something leaves `inside` for `remote`: as whose it arrives there.
  Endpoint leaves(TimePoint now, Protocol protocol, const Endpoint& inside, const Endpoint& remote);
  // Something from `remote` comes to `outside`: whom it is let in to; nullopt when it is not.
  std::optional<Endpoint> enters(TimePoint now, Protocol protocol, const Endpoint& outside, const Endpoint& remote);
  // Whether a connection from `outside` still stands in its table; something goes over it.
  bool carries(TimePoint now, const Endpoint& outside);
  // Whose that port is, or has been.
  std::optional<Endpoint> owner_of(const Endpoint& outside) const;
  // As when it was switched off and on: it has forgotten everything, and begins with other ports.
  void rebind();

 private:
  struct Mapping {
    Protocol protocol = Protocol::Udp;
    Endpoint inside;
    Endpoint remote;  // of the first that left; what of it counts, `mapping` says
    std::uint16_t port = 0;
    TimePoint used{};
    bool forgotten = false;
    std::map<Endpoint, TimePoint> asked;  // to whom something left, and when last
  };

  Duration timeout_of(Protocol protocol) const {
    return protocol == Protocol::Udp ? setup_.timeout : setup_.tcp_timeout;
  }
  bool is_alive(const Mapping& mapping, TimePoint now) const;
  Mapping* mapping_at(const Endpoint& outside);
  static bool is_same(NatSetup::Dependence dependence, const Endpoint& a, const Endpoint& b);

  NatSetup setup_;
  std::vector<Mapping> mappings_;
  std::uint16_t next_port_ = 20'000;
};

}  // namespace intermediary::sim
