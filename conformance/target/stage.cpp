#include "conformance/target/stage.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <ranges>

#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

// Of one connection, between two messages; and connections that one scenario's parties have taken.
constexpr std::size_t most_pending = std::size_t{1024} * 1024;
constexpr std::size_t most_connections = 256;

asio::ip::address_v4 address_of(const IpAddress& address) {
  asio::ip::address_v4::bytes_type bytes;
  std::ranges::copy(address.octets() | std::views::transform([](char c) { return static_cast<unsigned char>(c); }),
                    bytes.begin());
  return asio::ip::address_v4(bytes);
}

}  // namespace

udp::endpoint udp_endpoint(const Endpoint& endpoint) { return {address_of(endpoint.address), endpoint.port}; }

struct Stage::Datagrams : std::enable_shared_from_this<Datagrams> {
  explicit Datagrams(asio::io_context& io) : socket(io) {}

  void read() {
    socket.async_receive_from(asio::buffer(buffer), from,
                              [self = shared_from_this()](const error_code& error, std::size_t size) {
                                if (!self->received || error == asio::error::operation_aborted) return;
                                const auto receive = self->received;  // close() within takes the member away
                                if (!error) receive(endpoint_of(self->from), std::string(self->buffer.data(), size));
                                if (self->received) self->read();
                              });
  }
  void close() {
    received = nullptr;
    error_code ignored;
    socket.close(ignored);
  }

  udp::socket socket;
  std::array<char, 65536> buffer{};
  udp::endpoint from;
  std::function<void(const Endpoint&, std::string)> received;
};

struct Stage::Connection : std::enable_shared_from_this<Connection> {
  Connection(tcp::socket its_socket, std::size_t its_place) : socket(std::move(its_socket)), place(its_place) {}

  void read() {
    socket.async_read_some(asio::buffer(buffer),
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             if (!self->open) return;
                             if (error) return self->close();
                             self->pending += std::string_view(self->buffer.data(), size);
                             for (std::string& message : sim::cut_stream(self->pending)) {
                               const auto receive = self->received;  // close() within takes the member away
                               if (receive) receive(std::move(message));
                             }
                             if (self->pending.size() > most_pending) return self->close();
                             if (self->open) self->read();
                           });
  }
  void write() {
    if (outgoing.empty() || writing || !connected) return;
    writing = true;
    auto bytes = std::make_shared<std::string>(std::exchange(outgoing, {}));
    asio::async_write(socket, asio::buffer(*bytes),
                      [self = shared_from_this(), bytes](const error_code& error, std::size_t) {
                        self->writing = false;
                        if (error) return self->close();
                        self->write();
                      });
  }
  void close() {
    open = false;
    received = nullptr;
    error_code ignored;
    socket.close(ignored);
  }

  tcp::socket socket;
  std::size_t place;
  Endpoint remote, local;
  bool connected = false, open = true, writing = false;
  std::array<char, 16384> buffer{};
  std::string pending, outgoing;
  std::function<void(std::string)> received;
};

struct Stage::Listener : std::enable_shared_from_this<Listener> {
  explicit Listener(asio::io_context& io) : acceptor(io) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      if (!self->accepted || error == asio::error::operation_aborted) return;
      const auto accept_it = self->accepted;
      if (!error) accept_it(std::move(socket));
      if (self->accepted) self->accept();
    });
  }
  void close() {
    accepted = nullptr;
    error_code ignored;
    acceptor.close(ignored);
  }

  tcp::acceptor acceptor;
  std::function<void(tcp::socket)> accepted;
};

std::expected<Endpoint, std::string> Stage::open(std::size_t place, const Endpoint& where, bool datagrams,
                                                 bool connections) {
  Door door{place, where, datagrams, connections, nullptr, nullptr};
  // A port that the system chose for datagrams may be somebody's for connections.
  for (int attempts = where.port == 0 ? 20 : 1; attempts > 0; --attempts) {
    door.local = where;
    auto opened = open(door);
    if (!opened && attempts == 1) return std::unexpected(opened.error());
    if (opened) break;
  }
  doors_.push_back(std::move(door));
  return doors_.back().local;
}

std::expected<void, std::string> Stage::open(Door& door) {
  const auto failed = [&](const error_code& error) {
    if (door.udp) door.udp->close();
    return std::unexpected("cannot listen at " + door.local.to_string() + ": " + error.message());
  };
  error_code error;
  if (door.datagrams) {
    door.udp = std::make_shared<Datagrams>(io_);
    door.udp->socket.open(udp::v4(), error);
    if (!error) door.udp->socket.bind(udp_endpoint(door.local), error);
    if (error) return failed(error);
    door.local.port = door.udp->socket.local_endpoint(error).port();
    door.udp->received = [this, place = door.place](const Endpoint& from, std::string bytes) {
      received_(place, from, {}, std::move(bytes));
    };
    door.udp->read();
  }
  if (!door.connections) return {};
  door.tcp = std::make_shared<Listener>(io_);
  tcp::acceptor& acceptor = door.tcp->acceptor;
  acceptor.open(tcp::v4(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind({address_of(door.local.address), door.local.port}, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed(error);
  door.local.port = acceptor.local_endpoint(error).port();
  door.tcp->accepted = [this, place = door.place](tcp::socket socket) {
    auto connection = std::make_shared<Connection>(std::move(socket), place);
    connection->connected = true;
    error_code gone;
    const auto remote = connection->socket.remote_endpoint(gone);
    if (gone || connections_.size() >= most_connections) return;
    connection->remote = endpoint_of(remote);
    begin(std::move(connection));
  };
  door.tcp->accept();
  return {};
}

void Stage::begin(std::shared_ptr<Connection> connection) {
  const sim::EndId end{++last_end_};
  connection->received = [this, end, place = connection->place, from = connection->remote](std::string bytes) {
    received_(place, from, end, std::move(bytes));
  };
  if (connection->connected) connection->read();
  connections_.emplace(end, std::move(connection));
}

std::optional<std::size_t> Stage::place_at(const Endpoint& where) const {
  for (const Door& door : doors_) {
    if (door.local == where) return door.place;
  }
  for (const auto& [end, connection] : connections_) {
    if (connection->local == where) return connection->place;
  }
  return std::nullopt;
}

void Stage::send(std::size_t place, const Endpoint& to, const std::string& bytes) {
  for (const Door& door : doors_) {
    if (door.place != place || !door.udp) continue;
    error_code ignored;  // what is lost is seen by what does not come
    door.udp->socket.send_to(asio::buffer(bytes), udp_endpoint(to), 0, ignored);
    return;
  }
}

sim::EndId Stage::connect(std::size_t place, const Endpoint& to) {
  auto connection = std::make_shared<Connection>(tcp::socket(io_), place);
  connection->remote = to;
  error_code error;
  connection->socket.open(tcp::v4(), error);
  for (const Door& door : doors_) {
    if (door.place != place || error) continue;
    connection->socket.bind({address_of(door.local.address), 0}, error);
    if (!error) connection->local = endpoint_of(connection->socket.local_endpoint(error));
    break;
  }
  begin(connection);
  connection->socket.async_connect({address_of(to.address), to.port}, [connection](const error_code& failure) {
    if (!connection->open) return;
    if (failure) return connection->close();
    connection->connected = true;
    connection->read();
    connection->write();
  });
  return sim::EndId{last_end_};
}

void Stage::send(sim::EndId end, const std::string& bytes) {
  const auto& connection = connections_.at(end);
  if (!connection->open) return;
  connection->outgoing += bytes;
  connection->write();
}

bool Stage::is_open(sim::EndId end) const {
  const auto found = connections_.find(end);
  return found != connections_.end() && found->second->open;
}

void Stage::close(sim::EndId end) {
  if (const auto found = connections_.find(end); found != connections_.end()) found->second->close();
}

sim::EndId Stage::connection_of(std::size_t place, const IpAddress& with) const {
  for (const auto& [end, connection] : connections_ | std::views::reverse) {
    if (connection->place == place && connection->open && connection->remote.address == with) return end;
  }
  return {};
}

void Stage::refuse(std::size_t place) {
  for (Door& door : doors_) {
    if (door.place != place) continue;
    if (door.udp) std::exchange(door.udp, nullptr)->close();
    if (door.tcp) std::exchange(door.tcp, nullptr)->close();
  }
}

std::expected<void, std::string> Stage::open_again(std::size_t place) {
  for (Door& door : doors_) {
    if (door.place != place || door.udp || door.tcp) continue;
    if (auto opened = open(door); !opened) return opened;
  }
  return {};
}

void Stage::close() {
  for (Door& door : doors_) {
    if (door.udp) door.udp->close();
    if (door.tcp) door.tcp->close();
  }
  for (auto& [end, connection] : connections_) connection->close();
}

}  // namespace intermediary::conformance
