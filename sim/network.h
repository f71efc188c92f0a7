// The virtual network: hosts with sockets, links between them, and what is under way, as plain values.
//
// No clock: every call takes the time; `next_time` says when something arrives. Faults of the links are drawn from a
// seeded source, one draw a statement, only where a link has that fault. Datagrams obey latency, jitter, loss,
// duplication and reordering. Over WebSocket each piece that is sent arrives as it is. Connections deliver in order and
// lose nothing: opening takes one latency to the far end and two until the opener knows; jitter may delay bytes but
// never lets them overtake.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "sim/event_queue.h"
#include "sim/nat.h"
#include "sim/tls.h"

namespace intermediary::sim {

struct HostTag;
using HostId = StrongId<HostTag, std::uint32_t>;  // 1 + index
// One end of a connection: each end has an id of its own, so that a host may be connected to itself.
struct EndTag;
using EndId = StrongId<EndTag>;  // 1 + index

struct Socket {
  Transport transport = Transport::Udp;
  Endpoint address;
  friend auto operator<=>(const Socket&, const Socket&) = default;
};

// Shares are parts per million.
struct LinkQuality {
  Duration latency{0};
  Duration jitter{0};  // up to this much more, uniform
  std::uint32_t loss = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t reorder = 0;  // held back by up to 10 ms and three latencies more, so that later ones overtake

  friend bool operator==(const LinkQuality&, const LinkQuality&) = default;
};

// What is to be different on a link; the rest stays.
struct LinkChange {
  std::optional<Duration> latency, jitter;
  std::optional<std::uint32_t> loss, duplicate, reorder;

  LinkQuality applied_to(LinkQuality quality) const;
};

enum class Fate : std::uint8_t {
  Delivered,
  Lost,  // by the link, or because the scenario says so
  NoSuchHost,
  Refused,  // nobody listens there: the sender hears of it
  Cut,      // stopped on its way by a partition or a NAT box: nobody hears of it
};

// So long a connection is tried where nobody answers: the six repetitions that Linux sends by default.
inline constexpr Duration tcp_patience = std::chrono::seconds(127);

// One entry of the transcript: a datagram, a piece of a stream, or something that happens to a connection.
struct Transmission {
  enum class Kind : std::uint8_t { Message, Open, Close };

  Kind kind = Kind::Message;
  TimePoint time{};
  HostId from;
  HostId to;  // none: the address belongs to nobody
  Transport transport = Transport::Udp;
  Endpoint source;
  Endpoint destination;
  std::string bytes;
  Fate fate = Fate::Delivered;
  bool doubled = false;  // by the judge
};

// What a judge makes of one transmission. Breaking is for connections: both ends hear of it as of a reset, and the
// message on the way, or the opening, is lost. Doubling is for datagrams.
struct Judgement {
  Judgement() = default;
  Judgement(Fate decided) : fate(decided) {}  // NOLINT(google-explicit-constructor): most judges say no more

  Fate fate = Fate::Delivered;
  bool doubled = false;  // a second copy arrives at the same instant, behind the first
  bool breaks = false;
};

// Something that the scenario does and that a ladder shows between the rungs.
struct NetworkNote {
  std::size_t at = 0;  // so many transmissions came before
  TimePoint time{};
  std::string text;
};

// What arrives at a host.
struct DatagramArrived {
  HostId host;
  std::size_t socket = 0;  // index into the host's sockets
  Endpoint remote;
  std::string bytes;
  std::size_t sent = 0;  // 1 + index into the transcript
};
struct DatagramRefused {
  HostId host;
  std::size_t socket = 0;
  Endpoint remote;
  std::string bytes;  // what was refused
};
struct ConnectionOpened {
  HostId host;
  EndId end;
  bool accepted = false;  // by this host; else this host asked for it
  std::size_t socket = 0;
  Endpoint remote;
  Transport transport = Transport::Tcp;
  std::optional<CertificateNames> certificate{};  // the other end's, where it showed one
};
struct BytesArrived {
  HostId host;
  EndId end;
  std::string bytes;
  std::size_t sent = 0;  // 1 + index into the transcript
};
// Closed by the other end, or could not be opened.
struct ConnectionClosed {
  HostId host;
  EndId end;
  std::string reason;
  bool unless_open = false;  // it matters only while the connection is still being opened
};
using Arrived = std::variant<DatagramArrived, DatagramRefused, ConnectionOpened, BytesArrived, ConnectionClosed>;

class Network {
 public:
  explicit Network(const Seed& seed) : random_(seed) {}

  HostId add_host(std::string name, std::vector<Socket> sockets);
  // What that host shows, and asks for, where a connection of its is secured.
  void set_tls(HostId host, TlsHost tls) { hosts_[host.value - 1].tls = std::move(tls); }
  // That socket takes connections of another transport as well.
  void also_accept(HostId host, std::size_t socket, Transport transport);
  bool accepts(Transport transport, const Endpoint& address) const { return listener(transport, address).has_value(); }
  // Of every pair, and of pairs that will be.
  void change_links(const LinkChange& change);
  void change_link(HostId a, HostId b, const LinkChange& change);
  const LinkQuality& link(HostId a, HostId b) const;
  // While refusing, a host answers connections with a reset and datagrams with "port unreachable".
  void set_refusing(HostId host, bool refusing);
  // Hosts that stand on different sides reach each other no more; who stands on none reaches all, or is where its NAT
  // box is. Datagrams are lost; what goes over connections waits until both are on one side again, and an opening for
  // as long as TCP tries. No sides: everybody reaches everybody.
  void partition(TimePoint now, const std::vector<std::vector<HostId>>& sides);
  // A box between these hosts and all others, a host by name. Nobody outside reaches the addresses inside.
  HostId add_nat(NatSetup setup, const std::vector<HostId>& inside);
  bool is_nat(HostId host) const { return nats_.contains(host); }
  // REQUIRES: is_nat(nat).
  void rebind(HostId nat) { nats_.at(nat).rebind(); }
  void note(TimePoint now, std::string text) { notes_.push_back({transcript_.size(), now, std::move(text)}); }
  const std::vector<NetworkNote>& notes() const { return notes_; }
  // Asked once for everything that is sent, opened or closed, before it enters the transcript. A judge that says Lost
  // loses messages alone.
  using Judge = std::function<Judgement(const Transmission&)>;
  void set_judge(Judge judge) { judge_ = std::move(judge); }

  void send_datagram(TimePoint now, HostId from, std::size_t socket, const Endpoint& to, std::string bytes);
  // A connection from `socket`'s address, with all its handshakes. Bytes may be sent at once: they arrive behind the
  // opening. `server_name`: whom a secured one is to be with.
  EndId open(TimePoint now, HostId from, std::size_t socket, const Endpoint& to, Transport transport = Transport::Tcp,
             std::string_view server_name = {});
  void send_stream(TimePoint now, EndId from, std::string bytes);
  // The other end hears of it one latency later; this end is done with it at once.
  void close(TimePoint now, EndId from, std::string reason);
  // Everything that is open at a host, as when its process ends: it hears of nothing, the others hear of a reset.
  void close_all(TimePoint now, HostId host);

  std::optional<TimePoint> next_time() const { return under_way_.next_time(); }
  std::optional<Arrived> pop_due(TimePoint now);

  const std::string& name(HostId host) const { return hosts_[host.value - 1].name; }
  const std::vector<Socket>& sockets(HostId host) const { return hosts_[host.value - 1].sockets; }
  std::size_t host_count() const { return hosts_.size(); }
  // Who listens at an address, or sends from it through a NAT box; none when nobody does.
  HostId host_at(const Endpoint& address) const;
  // The end at `here` of the latest connection with `there` that neither has closed; none when there is none.
  EndId connection_between(HostId here, HostId there) const;
  HostId host(EndId id) const { return end(id).host; }
  EndId peer(EndId id) const { return end(id).peer; }
  const Endpoint& address(EndId id) const { return end(id).address; }
  Transport transport(EndId id) const { return end(id).transport; }
  bool is_open(EndId id) const { return !end(id).closed; }
  std::size_t open_connections(HostId host) const;

  const std::vector<Transmission>& transcript() const { return transcript_; }
  // SipHash over time, endpoints and bytes of everything that was sent so far.
  std::uint64_t trace_hash() const { return KeyedHash(trace_).finish(); }

 private:
  struct Host {
    std::string name;
    std::vector<Socket> sockets;
    bool refusing = false;
    TlsHost tls{};
    HostId nat{};  // none: it stands outside of all
  };
  // How something sent gets there.
  struct Way {
    Endpoint source;       // as the receiver sees it
    Endpoint destination;  // where it comes to
    HostId to;             // none: nobody is there
    bool cut = false;
    bool parted = false;  // by nothing but a partition, which heals
  };
  struct End {
    HostId host;
    std::size_t socket = 0;
    Endpoint address;
    EndId peer;
    TimePoint last_arrival{};  // nothing arrives here before what was sent earlier
    bool closed = false;
    Transport transport = Transport::Tcp;
    bool broken = false;  // by a judge: nothing gets through, and soon it hears of that
    bool opening = false;
    HostId nat{};      // that it was opened through
    Endpoint outside;  // as which, then
  };
  struct Listener {
    HostId host;
    std::size_t socket = 0;
  };

  std::optional<Listener> listener(Transport transport, const Endpoint& address) const;
  End& end(EndId id) { return ends_[id.value - 1]; }
  const End& end(EndId id) const { return ends_[id.value - 1]; }
  bool chance(std::uint32_t share);
  Duration up_to(Duration bound);
  Duration datagram_delay(const LinkQuality& quality);
  TimePoint stream_arrival(TimePoint now, End& receiver, const LinkQuality& quality);
  Transmission between(TimePoint now, const End& from, const End& to, Transmission::Kind kind) const;
  // Why nobody takes that connection; nullopt where somebody does.
  std::optional<std::string> refusal(const std::optional<Listener>& listening, const Endpoint& to) const;
  // With what the judge makes of it.
  const Transmission& record(Transmission transmission, Judgement* judgement = nullptr);
  Way way(TimePoint now, HostId from, Nat::Protocol protocol, const Endpoint& source, const Endpoint& destination);
  Way way_through_nats(TimePoint now, HostId from, Nat::Protocol protocol, const Endpoint& source,
                       const Endpoint& destination);
  std::optional<std::size_t> side_of(HostId host) const;
  bool is_parted(HostId a, HostId b) const;
  // Whether the NAT boxes of a connection still know it; where its own does not, the sender is told.
  bool passes_nats(TimePoint now, EndId from);
  // Something for an end of a connection, in its order; it waits where a partition lies between.
  void arrive_at(TimePoint earliest, EndId to, Arrived arrived);
  void break_off(TimePoint now, EndId end);
  void deliver_datagram(const Transmission& sent, std::size_t from_socket, const Way& way);
  bool arrives_nowhere(const Arrived& arrived) const;

  std::vector<Host> hosts_;
  std::map<Socket, Listener> listeners_;
  LinkQuality default_link_;
  std::map<std::pair<HostId, HostId>, LinkQuality> links_;
  std::vector<End> ends_;
  EventQueue<Arrived> under_way_;
  std::map<HostId, Nat> nats_;
  std::map<HostId, std::size_t> sides_;
  std::vector<std::pair<EndId, Arrived>> waiting_;  // for a partition to end, in their order
  std::vector<NetworkNote> notes_;
  RandomSource random_;
  Judge judge_;
  std::vector<Transmission> transcript_;
  KeyedHash trace_{HashKey{1, 2}};
  std::uint16_t next_ephemeral_port_ = 49152;
};

}  // namespace intermediary::sim
