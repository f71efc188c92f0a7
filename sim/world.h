// A world in virtual time: nodes under test (an Engine each), scripted parties, automatic user agents, and the network
// between them. Usable from C++ tests without the scenario language.
//
//   World world(7);
//   HostId p1 = world.add_node({"p1", config});
//   HostId alice = world.add_party({"alice", {udp("192.0.2.10:5060")}, ""});
//   world.send(alice, p1, bytes);
//   world.run_until(at(32s));
//
// Within one instant: first everything that arrives, in the order in which it was sent; then deadlines, in the order in
// which hosts were added. The same seed and the same calls give the same transcript, byte for byte.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "sim/agent.h"
#include "sim/network.h"
#include "sim/party.h"
#include "sim/store.h"
#include "sim/web.h"
#include "sim/zone.h"

namespace intermediary::sim {

struct NodeSetup {
  std::string name;
  Config config;  // its listeners are the node's sockets
  TlsHost tls{};
  std::string store{};  // of its bindings, outside of its process: where config.store says that there is one
  std::vector<StoredUsers> users{};  // of its realms whose users are outside
};
struct PartySetup {
  std::string name;
  std::vector<Socket> sockets;  // it sends from the first and is reached at all
  std::string address_of_record;
  TlsHost tls{};
  Login login{};  // how it answers challenges; without a user: its name
  bool rport = false;
};

// What a node with that configuration listens on.
std::vector<Socket> sockets_of(const Config& config);
// What stands in an engine's tables though nothing is under way, one line each; empty when all is well. Once nothing is
// under way, each flow may have one timer, and nothing else may have any: bindings end without one.
std::vector<std::string> leftovers_of(const LiveObjects& live, std::size_t open_connections);

// Somebody who sees all that happens in a world and may disturb it (sim/explore); by default does neither.
class Observer {
 public:
  virtual ~Observer() = default;

  // What becomes of something that is about to reach a host: it does, or it is held back until that time; there it
  // comes in behind everything else, deadlines too. What follows on a connection waits with it.
  using Held = std::optional<TimePoint>;
  virtual Held arriving(HostId, const Arrived&) { return std::nullopt; }
  virtual Held arriving(HostId, const DnsAnswered&) { return std::nullopt; }
  // Instead of what the zone says; nullopt: the zone.
  virtual std::optional<Zone::Answer> asked(HostId, const DnsQuestion&) { return std::nullopt; }
  // A node's input, before and after the node deals with it; all that it sends comes between.
  virtual void entering(HostId, const Input&) {}
  virtual void settled(HostId) {}
  virtual void heard(HostId, const Heard&) {}
};

class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // What the wall clock says when the world begins, for the nodes that are added from now on.
  void set_wall(WallTime start) { wall_ = start; }
  static constexpr WallTime usual_wall{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

  // REQUIRES: problem_with(setup.config) == "".
  HostId add_node(const NodeSetup& setup);
  HostId add_party(const PartySetup& setup);
  // A party that acts by itself.
  HostId add_agent(const PartySetup& setup, AgentManners manners);
  // As if it had been registered now, in the node's store too.
  void add_binding(HostId node, const std::string& address_of_record, const std::string& contact_uri,
                   std::chrono::seconds expires, int q_thousandths);
  // To that store; "": to all that there are.
  void change_store(const std::string& name, const StoreChange& change);
  // What names stand for.
  Zone& zone() { return zone_; }
  // What HTTP servers answer.
  VirtualWeb& web() { return web_; }

  TimePoint now() const { return now_; }
  // When something happens next by itself; nullopt when the world is at rest.
  std::optional<TimePoint> next_time() const;
  // REQUIRES: not before now(), not behind next_time().
  void advance_to(TimePoint time);
  // One thing that arrives now; false when there is none.
  bool deliver_one();
  // One host whose deadline has come; false when there is none, or the world is stuck at this instant.
  bool expire_one();
  // Everything up to and including `time`; now() is `time` afterwards.
  void run_until(TimePoint time);
  // Until nothing is under way and no transaction stands anywhere, but no longer than `limit`; false when it is
  // reached.
  bool run_until_idle(TimePoint limit);

  // The node's process ends and begins anew in this instant, with the same configuration: its connections are reset,
  // and all that stood in its tables is gone, bindings too. What it draws differs from what it drew before. What is
  // under way to it arrives. One that has been stopped stays so. REQUIRES: called neither by a judge nor by an observer
  // of anything but arrivals.
  void restart(HostId node);
  // The process ends, and for now none begins: what comes is refused.
  void stop(HostId node);
  // REQUIRES: is_stopped(node).
  void start(HostId node);
  bool is_stopped(HostId node) const { return nodes_.at(node).stopped; }
  // Its configuration from now on, of processes that begin later, too; as far as its engine takes it.
  // REQUIRES: problem_with(config) == "", and it runs.
  void reconfigure(HostId node, const Config& config);
  // The node's engine makes way for one that was loaded from what it saves: nobody notices, or it is a fault of ours
  // (leftovers()). Called by itself after every `inputs`-th input of each node, with 0 never.
  void reload(HostId node);
  void reload_after_each(std::size_t inputs) { reload_after_ = inputs; }
  std::uint32_t restarts(HostId node) const { return nodes_.at(node).restarts; }

  // REQUIRES: outlives the world, or is taken back with nullptr.
  void set_observer(Observer* observer) { observer_ = observer; }
  // What an observer holds back from that host comes in this instant, behind everything else.
  void release(HostId host);

  void call(HostId agent, HostId via, const std::string& uri, std::optional<Duration> talk);
  void give_up(HostId agent);
  // False when it is in no call.
  bool change_media(HostId agent, const std::string& direction);
  // To nobody: to whom its last call reached, of the call before that.
  bool transfer(HostId agent, const std::string& target);
  void enroll(HostId agent, HostId registrar, const std::string& registrar_uri);

  // A party sends: a response back where its request came from, anything else to the receiver's first socket of the
  // same transport and address family; over TCP on the connection between the two, or on a new one. An error is one
  // line for people.
  std::expected<void, std::string> send(HostId party, HostId to, const std::string& bytes);
  std::expected<void, std::string> open(HostId party, HostId to);
  std::expected<void, std::string> close(HostId party, HostId to);

  // none when nobody has that name.
  HostId find(std::string_view name) const;
  // A connection of that node with that address at the other end, which neither has closed.
  bool has_connection(HostId node, const Endpoint& with) const;
  bool is_node(HostId host) const { return nodes_.contains(host); }
  bool is_party(HostId host) const { return user_agents_.contains(host) && !is_agent(host); }
  bool is_agent(HostId host) const {
    const auto user_agent = user_agents_.find(host);
    return user_agent != user_agents_.end() && user_agent->second.automatic.has_value();
  }
  Engine& engine(HostId node) { return nodes_.at(node).engine; }
  const Engine& engine(HostId node) const { return nodes_.at(node).engine; }
  const Config& config(HostId node) const { return nodes_.at(node).config; }
  const std::vector<Event>& events(HostId node) const { return nodes_.at(node).events; }
  // When each of them came.
  const std::vector<TimePoint>& event_times(HostId node) const { return nodes_.at(node).event_times; }
  Party& party(HostId host) { return user_agents_.at(host).party; }
  const Agent& agent(HostId host) const { return *user_agents_.at(host).automatic; }
  std::vector<HostId> nodes() const;
  Network& network() { return network_; }
  const Network& network() const { return network_; }

  // Arrivals and deadlines so far: what a run costs, whatever its virtual time.
  std::size_t steps() const { return steps_; }
  // Too much happens without time going on; nothing happens any more.
  bool stuck() const { return events_at_this_instant_ > events_in_one_instant; }
  bool idle() const;
  // leftovers_of() every node, and where nodes broke their contract; empty when all is well.
  std::vector<std::string> leftovers() const;

 private:
  struct Node {
    Config config;
    Engine engine;
    std::map<FlowId, EndId> ends;
    std::map<EndId, FlowId> flows;
    std::uint64_t accepted = 0;  // connections, counted anew by each node, as by one that starts again
    std::vector<Event> events;
    std::vector<TimePoint> event_times;
    std::uint32_t restarts = 0;
    std::string store;
    std::map<std::string, std::string> user_stores{};  // by [auth.NAME]
    bool stopped = false;
    std::size_t inputs = 0;
  };
  struct UserAgent {
    Party party;
    std::optional<Agent> automatic;        // a scripted party has none
    std::map<EndId, std::string> buffers;  // of connections, what is no whole message yet
  };
  static constexpr std::size_t events_in_one_instant = 20'000;

  struct Resolution {
    HostId host;
    std::uint32_t restarts = 0;  // of whoever asked: a new process knows nothing of it
    DnsAnswered answer;
  };
  struct StoreWork {
    HostId host;
    std::uint32_t restarts = 0;
    std::string store;
    StoreRequest request;
  };
  struct WebReply {
    HostId host;
    std::uint32_t restarts = 0;
    Input reply;  // of an HTTP server, or of a routing engine
  };
  struct Late {
    TimePoint when;
    HostId host;
    std::variant<Arrived, Resolution> what;
  };

  Seed seed_for(std::string_view name, std::uint32_t restarts = 0) const;
  void begin(HostId host, Node& node);
  void end_process(HostId host, Node& node);
  void deliver(const Arrived& arrived);
  void deliver(Resolution resolution);
  bool hold(HostId host, const Arrived& arrived);
  bool deliver_late();
  void ask_store(HostId host, const Node& node, StoreRequest request);
  void deliver(const StoreWork& work);
  void feed(HostId host, Input input);
  void drain(HostId host, Node& node);
  void transmit(HostId host, Node& node, Transmit output);
  void open_flow(HostId host, Node& node, const OpenFlow& output);
  void close_flow(Node& node, const CloseFlow& output);
  void look_up(HostId host, const Node& node, const DnsQuery& query);
  void ask_web(HostId host, const Node& node, const HttpRequest& request);
  void ask_engine(HostId host, const Node& node, const RouteAsked& asked);
  std::size_t socket_of(HostId host, ListenerId listener, Transport transport, const Endpoint& remote) const;
  void arrive(HostId host, Node& node, const Arrived& arrived);
  void arrive(HostId host, UserAgent& user_agent, const Arrived& arrived);
  void hear(HostId host, UserAgent& user_agent, HostId from, const Endpoint& remote, EndId end,
            const std::string& bytes);
  void send_all(HostId host, UserAgent& agent);
  std::expected<EndId, std::string> connect(HostId party, HostId to);
  std::expected<Endpoint, std::string> address_of(HostId to, Transport transport, HostId from) const;
  bool count_step();
  void fault(HostId host, const std::string& what);

  std::uint64_t seed_;
  WallTime wall_ = usual_wall;
  TimePoint now_{};
  Network network_;
  std::map<HostId, Node> nodes_;
  std::map<HostId, UserAgent> user_agents_;
  Zone zone_;
  EventQueue<Resolution> resolutions_;
  std::map<std::string, VirtualStore> stores_;
  EventQueue<StoreWork> store_work_;
  VirtualWeb web_;
  EventQueue<WebReply> web_replies_;
  Observer* observer_ = nullptr;
  std::vector<Late> late_;  // held back by it
  std::vector<std::string> faults_;
  std::size_t reload_after_ = 0;
  std::size_t events_at_this_instant_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace intermediary::sim
