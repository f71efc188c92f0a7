// Everything that enters an engine and everything that leaves it, as plain values.
//
// Whatever must wait leaves as an output with a query id and comes back as an input with the same id. Bytes are owned
// by the value that carries them.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "base/http.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "event/event.h"
#include "location/store.h"
#include "routing/route_decision.h"
#include "transport/certificate.h"
#include "transport/dns.h"
#include "transport/resolve.h"

namespace intermediary {

struct Config;
struct ReadyConfig;  // engine/reconfigure.h

// ---- inputs

struct DatagramReceived {
  ListenerId listener;
  Endpoint remote;
  std::string bytes;
};
// Without bytes: the connection was used, and carries nothing for the engine (a WebSocket's Ping or Pong).
struct StreamReceived {
  FlowId flow;
  std::string bytes;
};
// A connection is there, whole (with TLS and WebSocket handshakes done): one that a peer opened (`flow` from the
// runtime), or one that OpenFlow asked for. `transport` may be more than its listener's: a TLS listener takes WSS too.
struct FlowOpened {
  FlowId flow;
  Transport transport = Transport::Tcp;
  ListenerId listener;
  Endpoint remote;
  std::optional<CertificateNames> certificate{};  // the peer's, where it showed one
};
// A connection is gone, or could not be opened.
struct FlowClosed {
  FlowId flow;
  std::string reason;
};
// A datagram could not be handed to the network (RFC 3261 §18.4), or the network said so (ICMP). `bytes` are what it
// held; an ICMP error quotes only the beginning, and need not quote anything.
struct DatagramFailed {
  ListenerId listener;
  Endpoint remote;
  std::string bytes;
  std::string reason;
};
// What became of a DnsQuery: each has one answer, a timeout too.
struct DnsAnswered {
  QueryId query;
  DnsResult answer;
};
// What became of a StoreRequest: each has at most one reply, in the order of the requests.
struct StoreReplied {
  QueryId query;
  StoreReply reply;
};
// What became of an HttpRequest: each has at most one reply, in any order.
struct HttpReplied {
  QueryId query;
  HttpResult result;
};
// What a routing engine says to a RouteAsked: once at most.
struct RouteDecided {
  QueryId query;
  RouteDecision decision;
};
struct WallClock {
  WallTime now;
};
// A deadline has come; says nothing else.
struct DeadlineReached {};
// The operator's commands, and what the runtime needs.
struct Command {
  enum class Kind : std::uint8_t {
    Drain,       // new requests get 503
    Resume,      // no more
    DrainPeer,   // `subject`, a peer of a pool or trunk such as "trunk:acme/gw1", gets no new calls
    ResumePeer,  // it does again
    HoldCalls,   // records of calls cannot be kept: new calls get 503
    TakeCalls,   // they can again
  };
  Kind kind = Kind::Drain;
  std::string subject{};
};

// Another configuration is to count from now on (docs/adr/0054): a value, which brings along the tables that are made
// of it, so that the engine has no more to do than to take them. One that cannot take the place of the one before, as
// problem_with_change() says, changes nothing and is told of.
class ConfigurationChanged {
 public:
  ConfigurationChanged();  // of an empty configuration, to be read into (base/archive.h)
  // REQUIRES: problem_with(config) == "". Takes time with its size.
  explicit ConfigurationChanged(Config config);
  ConfigurationChanged(const ConfigurationChanged& other);
  ConfigurationChanged(ConfigurationChanged&& other) noexcept;
  ConfigurationChanged& operator=(const ConfigurationChanged& other);
  ConfigurationChanged& operator=(ConfigurationChanged&& other) noexcept;
  ~ConfigurationChanged();

  const Config& config() const;
  // What it holds, which is of no use then. REQUIRES: called once.
  ReadyConfig take();

  // base/archive.h. Its tables are made again when it is read.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  std::unique_ptr<ReadyConfig> ready_;
};

using Input =
    std::variant<DatagramReceived, StreamReceived, FlowOpened, FlowClosed, DatagramFailed, DnsAnswered, WallClock,
                 DeadlineReached, Command, StoreReplied, ConfigurationChanged, HttpReplied, RouteDecided>;

// ---- outputs

// Send on hop.flow where it is set, else as a datagram from hop.listener to hop.remote.
struct Transmit {
  Hop hop;
  std::string bytes;
};
struct OpenFlow {
  FlowId flow;
  Transport transport = Transport::Tcp;
  ListenerId listener;  // whose address the connection should leave from
  Endpoint remote;
  std::string server_name{};  // TLS and WSS: for SNI; whether the certificate names it, the engine decides
};
struct CloseFlow {
  FlowId flow;
  std::string reason;
};
// The records of one name and type are wanted (transport/dns.h says in which form).
struct DnsQuery {
  QueryId query;
  DnsQuestion question;
};

// A store is asked. Query ids are those of all stores together, beside those of DNS.
struct StoreRequest {
  QueryId query;
  StoreOperation operation;
  std::string users{};  // the [auth.NAME] whose users it has; "": it is the location service's
};

// An HTTP server is asked. Query ids are its own. The engine waits no longer than the order's timeout.
struct HttpRequest {
  QueryId query;
  HttpOrder order;
};

// The routing engine of that name, of whoever runs this one, is to say where a request goes: engine/routing_engine.h.
// Query ids are its own.
struct RouteAsked {
  QueryId query;
  std::string engine;
  RouteFacts facts;
};

using Output = std::variant<Transmit, OpenFlow, CloseFlow, DnsQuery, Event, StoreRequest, HttpRequest, RouteAsked>;

}  // namespace intermediary
