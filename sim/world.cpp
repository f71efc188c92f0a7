#include "sim/world.h"

#include <algorithm>
#include <ranges>

#include "base/overloaded.h"

namespace intermediary::sim {
namespace {

ListenerId listener_id(std::size_t socket) { return ListenerId{static_cast<std::uint32_t>(socket + 1)}; }

void append_count(std::string& text, std::size_t count, std::string_view what) {
  if (count == 0) return;
  text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(what);
}

std::string what_stands(const LiveObjects& live) {
  std::string text;
  append_count(text, live.server_transactions, "server transaction(s)");
  append_count(text, live.client_transactions, "client transaction(s)");
  append_count(text, live.response_contexts, "response context(s)");
  append_count(text, live.queries, "query(s)");
  return text;
}

}  // namespace

std::vector<Socket> sockets_of(const Config& config) {
  std::vector<Socket> sockets;
  sockets.reserve(config.listeners.size());
  for (const ListenerConfig& listener : config.listeners) sockets.push_back({listener.transport, listener.bind});
  return sockets;
}

std::vector<std::string> leftovers_of(const LiveObjects& live, std::size_t open_connections) {
  std::vector<std::string> found;
  if (!live.idle()) found.push_back("still has " + what_stands(live));
  if (live.flows != open_connections) {
    found.push_back("counts " + std::to_string(live.flows) + " flow(s), but has " + std::to_string(open_connections) +
                    " open connection(s)");
  }
  const std::size_t owners = live.flows + live.dialogs + live.subscriptions + live.trunk_registrations;
  if (live.idle() && live.timers > owners) {
    found.push_back("still has " + std::to_string(live.timers - owners) + " timer(s) that belong to nothing");
  }
  if (live.idle() && live.waiting > 0) {
    found.push_back("counts " + std::to_string(live.waiting) + " transaction(s) that wait, but has none");
  }
  return found;
}

World::World(std::uint64_t seed) : seed_(seed), network_(seed_for("network")) {}

Seed World::seed_for(std::string_view name, std::uint32_t restarts) const {
  return seed_from_number(KeyedHash(HashKey{seed_, restarts}).field(name).finish());
}

// ---- who lives here

HostId World::add_node(const NodeSetup& setup) {
  HostId host = network_.add_host(setup.name, sockets_of(setup.config));
  network_.set_tls(host, setup.tls);
  for (std::size_t i = 0; i < setup.config.listeners.size(); ++i) {
    const ListenerConfig& listener = setup.config.listeners[i];
    if (!listener.websocket) continue;
    network_.also_accept(host, i, is_secure(listener.transport) ? Transport::Wss : Transport::Ws);
  }
  Node node{setup.config, Engine(setup.config, seed_for(setup.name)), {}, {}, {}};
  node.store = setup.store.empty() ? setup.name : setup.store;
  if (setup.config.store.is_outside()) stores_.try_emplace(node.store);
  for (const UserStoreConfig& users : setup.config.user_stores) node.user_stores[users.auth] = users.auth;
  for (const StoredUsers& users : setup.users) {
    node.user_stores[users.auth] = users.store;
    stores_[users.store].put_users(users);
  }
  for (const auto& [auth, store] : node.user_stores) stores_.try_emplace(store);
  begin(host, nodes_.emplace(host, std::move(node)).first->second);
  return host;
}

void World::begin(HostId host, Node& node) {
  node.engine.handle(now_, WallClock{wall_ + now_.time_since_epoch()});
  drain(host, node);
}

// What stands in its place until a process begins knows nothing, and waits for nothing but that bindings end.
void World::end_process(HostId host, Node& node) {
  network_.close_all(now_, host);
  node.ends.clear();
  node.flows.clear();
  node.accepted = 0;
  ++node.restarts;
  node.engine = Engine(node.config, seed_for(network_.name(host), node.restarts));
}

void World::restart(HostId host) {
  Node& node = nodes_.at(host);
  if (node.stopped) return;
  end_process(host, node);
  begin(host, node);
}

void World::stop(HostId host) {
  Node& node = nodes_.at(host);
  end_process(host, node);
  node.stopped = true;
  network_.set_refusing(host, true);
}

void World::start(HostId host) {
  Node& node = nodes_.at(host);
  node.stopped = false;
  network_.set_refusing(host, false);
  begin(host, node);
}

void World::add_binding(HostId host, const std::string& address_of_record, const std::string& contact_uri,
                        std::chrono::seconds expires, int q_thousandths) {
  Node& node = nodes_.at(host);
  node.engine.add_binding(now_, address_of_record, contact_uri, expires, q_thousandths);
  if (node.config.store.is_outside()) stores_.at(node.store).put(node.engine.record_of(address_of_record));
}

void World::change_store(const std::string& name, const StoreChange& change) {
  for (auto& [each, store] : stores_) {
    if (name.empty() || name == each) store.apply(change);
  }
}

HostId World::add_party(const PartySetup& setup) {
  HostId host = network_.add_host(setup.name, setup.sockets);
  network_.set_tls(host, setup.tls);
  Party party({setup.name, setup.address_of_record, setup.sockets.front(), setup.login, setup.tls, setup.rport});
  user_agents_.emplace(host, UserAgent{std::move(party), std::nullopt, {}});
  return host;
}

HostId World::add_agent(const PartySetup& setup, AgentManners manners) {
  HostId host = add_party(setup);
  manners.reliable = is_reliable(setup.sockets.front().transport);
  user_agents_.at(host).automatic.emplace(manners);
  return host;
}

HostId World::find(std::string_view name) const {
  for (std::uint32_t i = 1; i <= network_.host_count(); ++i) {
    if (network_.name(HostId{i}) == name) return HostId{i};
  }
  return {};
}

bool World::has_connection(HostId node, const Endpoint& with) const {
  return std::ranges::any_of(nodes_.at(node).ends, [&](const auto& entry) {
    const EndId there = network_.peer(entry.second);
    return network_.is_open(entry.second) && network_.is_open(there) && network_.address(there) == with;
  });
}

std::vector<HostId> World::nodes() const {
  auto keys = std::views::keys(nodes_);
  return {keys.begin(), keys.end()};
}

// ---- time

std::optional<TimePoint> World::next_time() const {
  std::optional<TimePoint> next;
  auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  consider(network_.next_time());
  consider(resolutions_.next_time());
  consider(store_work_.next_time());
  consider(web_replies_.next_time());
  for (const Late& late : late_) consider(late.when);
  for (const auto& [host, node] : nodes_) {
    if (!node.stopped) consider(node.engine.next_deadline());
  }
  for (const auto& [host, user_agent] : user_agents_) {
    if (user_agent.automatic) consider(user_agent.automatic->next_deadline());
  }
  if (next) next = std::max(*next, now_);
  return next;
}

void World::advance_to(TimePoint time) {
  if (time > now_) events_at_this_instant_ = 0;
  now_ = time;
}

bool World::count_step() {
  if (stuck()) return false;
  ++steps_;
  if (++events_at_this_instant_ <= events_in_one_instant) return true;
  faults_.push_back("the world goes on for ever without time going on");
  return false;
}

bool World::deliver_one() {
  if (stuck()) return false;
  if (auto arrived = network_.pop_due(now_)) {
    const HostId host = std::visit([](const auto& what) { return what.host; }, *arrived);
    if (!observer_ || !hold(host, *arrived)) deliver(*arrived);
    return count_step();
  }
  if (auto resolution = resolutions_.pop_due(now_)) {
    const auto held = observer_ ? observer_->arriving(resolution->host, resolution->answer) : std::nullopt;
    if (held) {
      late_.push_back({*held, resolution->host, *std::move(resolution)});
    } else {
      deliver(*std::move(resolution));
    }
    return count_step();
  }
  if (const auto work = store_work_.pop_due(now_)) {
    deliver(*work);
    return count_step();
  }
  if (auto reply = web_replies_.pop_due(now_)) {
    const Node& node = nodes_.at(reply->host);
    if (node.restarts == reply->restarts && !node.stopped) feed(reply->host, std::move(reply->reply));
    return count_step();
  }
  return false;
}

void World::deliver(const Arrived& arrived) {
  // A restart just now, or while it was held back.
  const auto* opened = std::get_if<ConnectionOpened>(&arrived);
  if (opened && !network_.is_open(opened->end)) return;
  const HostId host = std::visit([](const auto& what) { return what.host; }, arrived);
  if (auto node = nodes_.find(host); node != nodes_.end() && !node->second.stopped) {
    arrive(host, node->second, arrived);
  }
  if (auto user_agent = user_agents_.find(host); user_agent != user_agents_.end()) {
    arrive(host, user_agent->second, arrived);
    send_all(host, user_agent->second);
  }
}

void World::deliver(Resolution resolution) {
  if (nodes_.at(resolution.host).restarts == resolution.restarts) feed(resolution.host, std::move(resolution.answer));
}

// ---- what an observer holds back

namespace {

EndId end_of(const Arrived& arrived) {
  if (const auto* opened = std::get_if<ConnectionOpened>(&arrived)) return opened->end;
  if (const auto* bytes = std::get_if<BytesArrived>(&arrived)) return bytes->end;
  if (const auto* closed = std::get_if<ConnectionClosed>(&arrived)) return closed->end;
  return {};
}

}  // namespace

bool World::hold(HostId host, const Arrived& arrived) {
  std::optional<TimePoint> until = observer_->arriving(host, arrived);
  const EndId end = end_of(arrived);
  for (const Late& late : late_) {
    const auto* earlier = std::get_if<Arrived>(&late.what);
    if (end && earlier && end_of(*earlier) == end) until = std::max(until.value_or(late.when), late.when);
  }
  if (until) late_.push_back({*until, host, arrived});
  return until.has_value();
}

void World::release(HostId host) {
  for (Late& late : late_) {
    if (late.host == host) late.when = std::min(late.when, now_);
  }
}

bool World::deliver_late() {
  auto due = std::ranges::find_if(late_, [&](const Late& late) { return late.when <= now_; });
  if (due == late_.end()) return false;
  auto what = std::move(due->what);
  late_.erase(due);
  std::visit([&](auto& some) { deliver(std::move(some)); }, what);
  return count_step();
}

bool World::expire_one() {
  if (stuck()) return false;
  for (auto& [host, node] : nodes_) {
    auto deadline = node.engine.next_deadline();
    if (!deadline || *deadline > now_ || node.stopped) continue;
    feed(host, DeadlineReached{});
    return count_step();
  }
  for (auto& [host, user_agent] : user_agents_) {
    if (!user_agent.automatic) continue;
    auto deadline = user_agent.automatic->next_deadline();
    if (!deadline || *deadline > now_) continue;
    user_agent.automatic->wake(now_, user_agent.party);
    send_all(host, user_agent);
    return count_step();
  }
  return deliver_late();
}

void World::run_until(TimePoint time) {
  for (auto next = next_time(); next && *next <= time && !stuck(); next = next_time()) {
    advance_to(*next);
    if (!deliver_one()) expire_one();
  }
  advance_to(time);
}

bool World::run_until_idle(TimePoint limit) {
  while (!idle()) {
    auto next = next_time();
    if (!next || *next > limit || stuck()) return false;
    advance_to(*next);
    if (!deliver_one()) expire_one();
  }
  return true;
}

bool World::idle() const {
  return !network_.next_time() && resolutions_.empty() && store_work_.empty() && web_replies_.empty() &&
         late_.empty() &&
         std::ranges::all_of(nodes_, [](const auto& entry) { return entry.second.engine.live().idle(); }) &&
         std::ranges::all_of(
             user_agents_, [](const auto& entry) { return !entry.second.automatic || entry.second.automatic->idle(); });
}

std::vector<std::string> World::leftovers() const {
  std::vector<std::string> found = faults_;
  for (const auto& [host, node] : nodes_) {
    for (const std::string& what : leftovers_of(node.engine.live(), network_.open_connections(host))) {
      found.push_back(network_.name(host) + ' ' + what);
    }
  }
  return found;
}

void World::fault(HostId host, const std::string& what) { faults_.push_back(network_.name(host) + ' ' + what); }

// ---- nodes

void World::feed(HostId host, Input input) {
  Node& node = nodes_.at(host);
  if (observer_) observer_->entering(host, input);
  node.engine.handle(now_, std::move(input));
  drain(host, node);
  if (observer_) observer_->settled(host);
  if (reload_after_ != 0 && ++node.inputs % reload_after_ == 0) reload(host);
}

void World::reconfigure(HostId host, const Config& config) {
  feed(host, ConfigurationChanged(config));
  nodes_.at(host).config = nodes_.at(host).engine.config();
}

void World::reload(HostId host) {
  Node& node = nodes_.at(host);
  const std::string saved = node.engine.save();
  auto loaded = Engine::load(node.engine.config(), saved);
  if (!loaded) return fault(host, "does not take its own save: " + loaded.error());
  if (loaded->save() != saved) fault(host, "saves something else than it was loaded from");
  node.engine = *std::move(loaded);
}

void World::drain(HostId host, Node& node) {
  while (auto output = node.engine.poll()) {
    std::visit(Overloaded{
                   [&](Transmit& transmit_output) { transmit(host, node, std::move(transmit_output)); },
                   [&](const OpenFlow& open) { open_flow(host, node, open); },
                   [&](const CloseFlow& close) { close_flow(node, close); },
                   [&](const DnsQuery& query) { look_up(host, node, query); },
                   [&](StoreRequest& request) { ask_store(host, node, std::move(request)); },
                   [&](const HttpRequest& request) { ask_web(host, node, request); },
                   [&](const RouteAsked& asked) { ask_engine(host, node, asked); },
                   [&](Event& event) {
                     node.events.push_back(std::move(event));
                     node.event_times.push_back(now_);
                   },
               },
               *output);
  }
}

// The listener's socket or, where there is none, the first from which `remote` can be reached.
std::size_t World::socket_of(HostId host, ListenerId listener, Transport transport, const Endpoint& remote) const {
  if (listener) return listener.value - 1;
  const auto& sockets = network_.sockets(host);
  auto fitting = std::ranges::find_if(sockets, [&](const Socket& socket) {
    return socket.transport == transport && socket.address.address.is_v4() == remote.address.is_v4();
  });
  return fitting == sockets.end() ? 0 : static_cast<std::size_t>(fitting - sockets.begin());
}

void World::transmit(HostId host, Node& node, Transmit output) {
  if (!output.hop.flow) {
    std::size_t socket = socket_of(host, output.hop.listener, Transport::Udp, output.hop.remote);
    const Socket& from = network_.sockets(host)[socket];
    if (from.transport != Transport::Udp) {
      fault(host, "sent a datagram from a listener that is none");
    } else if (from.address.address.is_v4() != output.hop.remote.address.is_v4()) {
      fault(host, "sent a datagram from " + from.address.to_string() + " to " + output.hop.remote.to_string());
    } else {
      network_.send_datagram(now_, host, socket, output.hop.remote, std::move(output.bytes));
    }
    return;
  }
  auto end = node.ends.find(output.hop.flow);
  if (end == node.ends.end()) {
    fault(host, "sent on flow " + std::to_string(output.hop.flow.value) + ", which is not open");
    return;
  }
  network_.send_stream(now_, end->second, std::move(output.bytes));
}

void World::open_flow(HostId host, Node& node, const OpenFlow& output) {
  if (is_websocket(output.transport)) fault(host, "opened a WebSocket connection, which only clients do");
  EndId end = network_.open(now_, host, socket_of(host, output.listener, output.transport, output.remote),
                            output.remote, output.transport, output.server_name);
  node.ends.emplace(output.flow, end);
  node.flows.emplace(end, output.flow);
}

void World::close_flow(Node& node, const CloseFlow& output) {
  auto end = node.ends.find(output.flow);
  if (end == node.ends.end()) return;
  network_.close(now_, end->second, output.reason);
  node.flows.erase(end->second);
  node.ends.erase(end);
}

void World::arrive(HostId host, Node& node, const Arrived& arrived) {
  std::visit(
      Overloaded{
          [&](const DatagramArrived& datagram) {
            feed(host, DatagramReceived{listener_id(datagram.socket), datagram.remote, datagram.bytes});
          },
          [&](const DatagramRefused& refused) {
            feed(host, DatagramFailed{listener_id(refused.socket), refused.remote, refused.bytes, "port unreachable"});
          },
          [&](const ConnectionOpened& opened) {
            auto known = node.flows.find(opened.end);
            FlowId flow = known == node.flows.end() ? FlowId{++node.accepted} : known->second;
            node.flows.emplace(opened.end, flow);
            node.ends.emplace(flow, opened.end);
            feed(host,
                 FlowOpened{flow, opened.transport, listener_id(opened.socket), opened.remote, opened.certificate});
          },
          [&](const BytesArrived& bytes) {
            auto flow = node.flows.find(bytes.end);
            if (flow != node.flows.end()) feed(host, StreamReceived{flow->second, bytes.bytes});
          },
          [&](const ConnectionClosed& closed) {
            auto known = node.flows.find(closed.end);
            if (known == node.flows.end()) return;
            FlowId flow = known->second;
            node.ends.erase(flow);
            node.flows.erase(known);
            feed(host, FlowClosed{flow, closed.reason});
          },
      },
      arrived);
}

// ---- parties and agents

void World::hear(HostId host, UserAgent& user_agent, HostId from, const Endpoint& remote, EndId end,
                 const std::string& bytes) {
  auto message = WireMessage::read(bytes);
  if (!message) return;
  Heard heard{from, remote, end, bytes, std::move(*message)};
  user_agent.party.hear(heard);
  if (observer_) observer_->heard(host, heard);
  if (user_agent.automatic) user_agent.automatic->hear(now_, user_agent.party, heard);
}

void World::arrive(HostId host, UserAgent& user_agent, const Arrived& arrived) {
  if (const auto* datagram = std::get_if<DatagramArrived>(&arrived)) {
    hear(host, user_agent, network_.host_at(datagram->remote), datagram->remote, {}, datagram->bytes);
  } else if (const auto* bytes = std::get_if<BytesArrived>(&arrived)) {
    HostId from = network_.host(network_.peer(bytes->end));
    if (is_websocket(network_.transport(bytes->end))) return hear(host, user_agent, from, {}, bytes->end, bytes->bytes);
    std::string& buffer = user_agent.buffers[bytes->end];
    buffer += bytes->bytes;
    for (const std::string& message : cut_stream(buffer)) hear(host, user_agent, from, {}, bytes->end, message);
  }
}

void World::send_all(HostId host, UserAgent& user_agent) {
  if (!user_agent.automatic) return;
  for (const Agent::Outgoing& outgoing : user_agent.automatic->take_outgoing()) {
    if (auto sent = send(host, outgoing.to, outgoing.bytes); !sent) fault(host, sent.error());
  }
}

void World::call(HostId agent, HostId via, const std::string& uri, std::optional<Duration> talk) {
  UserAgent& caller = user_agents_.at(agent);
  caller.automatic->call(now_, caller.party, via, uri, talk);
  send_all(agent, caller);
}

void World::give_up(HostId agent) {
  UserAgent& caller = user_agents_.at(agent);
  caller.automatic->give_up(now_);
  send_all(agent, caller);
}

bool World::change_media(HostId agent, const std::string& direction) {
  UserAgent& user_agent = user_agents_.at(agent);
  const bool done = user_agent.automatic->change_media(now_, user_agent.party, direction);
  send_all(agent, user_agent);
  return done;
}

bool World::transfer(HostId agent, const std::string& target) {
  UserAgent& user_agent = user_agents_.at(agent);
  Agent& automatic = *user_agent.automatic;
  const bool done = target.empty() ? automatic.transfer_attended(now_, user_agent.party)
                                   : automatic.transfer(now_, user_agent.party, target);
  send_all(agent, user_agent);
  return done;
}

void World::enroll(HostId agent, HostId registrar, const std::string& registrar_uri) {
  UserAgent& user_agent = user_agents_.at(agent);
  user_agent.automatic->enroll(now_, user_agent.party, registrar, registrar_uri);
  send_all(agent, user_agent);
}

// Where a party reaches `to`: the first address there of that transport, in the family of the party's own first.
std::expected<Endpoint, std::string> World::address_of(HostId to, Transport transport, HostId from) const {
  bool v4 = network_.sockets(from).front().address.address.is_v4();
  for (const Socket& socket : network_.sockets(to)) {
    if (socket.transport == transport && socket.address.address.is_v4() == v4) return socket.address;
  }
  for (const Socket& socket : network_.sockets(to)) {
    if (network_.accepts(transport, socket.address) && socket.address.address.is_v4() == v4) return socket.address;
  }
  return std::unexpected(network_.name(to) + " has no " + (v4 ? "IPv4" : "IPv6") + " address for " +
                         std::string(via_name(transport)));
}

std::expected<EndId, std::string> World::connect(HostId party, HostId to) {
  // A party without connections of its own may still be asked to open one.
  Transport own = network_.sockets(party).front().transport;
  Transport transport = own == Transport::Udp ? Transport::Tcp : own;
  auto address = address_of(to, transport, party);
  if (!address) return std::unexpected(address.error());
  return network_.open(now_, party, socket_of(party, {}, transport, *address), *address, transport);
}

std::expected<void, std::string> World::open(HostId party, HostId to) {
  auto end = connect(party, to);
  if (!end) return std::unexpected(end.error());
  return {};
}

std::expected<void, std::string> World::close(HostId party, HostId to) {
  EndId end = network_.connection_between(party, to);
  if (!end)
    return std::unexpected("there is no connection between " + network_.name(party) + " and " + network_.name(to));
  network_.close(now_, end, "closed by the other end");
  return {};
}

std::expected<void, std::string> World::send(HostId party, HostId to, const std::string& bytes) {
  Party& sender = user_agents_.at(party).party;
  auto message = WireMessage::read(bytes);
  const Heard* request = message && message->is_response() ? sender.request_answered_by(*message) : nullptr;
  bool goes_back = request && request->from == to;
  EndId end = goes_back ? request->end : EndId{};
  Endpoint remote = goes_back ? request->remote : Endpoint{};
  sender.say(to, bytes);

  bool on_stream = goes_back ? static_cast<bool>(end) : sender.identity().socket.transport != Transport::Udp;
  if (!on_stream) {
    if (!goes_back) {
      auto address = address_of(to, Transport::Udp, party);
      if (!address) return std::unexpected(address.error());
      remote = *address;
    }
    network_.send_datagram(now_, party, socket_of(party, {}, Transport::Udp, remote), remote, bytes);
    return {};
  }
  if (!end || !network_.is_open(end)) end = network_.connection_between(party, to);
  if (!end) {
    auto connected = connect(party, to);
    if (!connected) return std::unexpected(connected.error());
    end = *connected;
  }
  network_.send_stream(now_, end, bytes);
  return {};
}

}  // namespace intermediary::sim
