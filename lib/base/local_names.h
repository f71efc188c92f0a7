// One table that answers "is this me" for Via, Route, Record-Route and Request-URI, and says what we are called there.
//
// Names are compared without case; addresses in brackets or without. A port that is absent is the transport's default
// (RFC 3261 §19.1.2), or any of ours where the name is a domain.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/flow.h"
#include "base/text.h"

namespace intermediary {

class LocalNames {
 public:
  struct Listener {
    ListenerId id;
    Transport transport = Transport::Udp;
    Endpoint bound;
    bool websocket = false;  // takes WebSocket connections besides those of its transport
    std::string host;        // what the world calls us there: advertised name, or the bound address as a host
    std::uint16_t port = 0;
    std::string sent_by;  // "host:port" as it stands in our Via (RFC 3261 §18.1.1), the port always written

    // Whether connections of that transport are its own.
    bool serves(Transport other) const {
      if (other == transport) return true;
      return websocket && is_websocket(other) && is_secure(other) == is_secure(transport);
    }
  };

  // Ids are 1, 2, … in the order of adding. `advertise_host` "" and port nullopt: what is bound.
  ListenerId add_listener(Transport transport, const Endpoint& bound, std::string_view advertise_host,
                          std::optional<std::uint16_t> advertise_port, bool websocket = false);
  void add_domain(std::string_view domain);

  const Listener* find(ListenerId id) const;
  // The listener to send from: the named one where it fits transport and address family, else the first that does.
  const Listener* for_sending(Transport transport, IpAddress::Family family, ListenerId preferred) const;

  // A sent-by that one of our listeners writes (RFC 3261 §18.1.2).
  bool is_our_sent_by(std::string_view host, std::optional<std::uint16_t> port) const;
  // A host and port under which a URI means this element (RFC 3261 §16.4): a listener's, or a domain of ours.
  bool is_us(std::string_view host, std::optional<std::uint16_t> port, bool secure) const;
  // A host whose users are ours: a domain, or the address or name of a listener, with its port where one is given
  // (other programs may live at our address).
  bool is_local_domain(std::string_view host, std::optional<std::uint16_t> port) const;

 private:
  struct Name {
    std::string host;  // canonical
    std::uint16_t port = 0;
    friend bool operator==(const Name&, const Name&) = default;
  };
  bool is_listener(std::string_view canonical, std::optional<std::uint16_t> port) const;  // nullopt: on any port

  std::vector<Listener> listeners_;
  std::vector<Name> names_;                          // of all listeners
  std::set<std::string, LessIgnoringCase> domains_;  // canonical
};

}  // namespace intermediary
