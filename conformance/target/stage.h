// The sockets of one scenario's parties: datagrams and connections of real addresses on this machine. One thread, that
// of the io_context; nothing is called after close().
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "sim/network.h"

namespace intermediary::conformance {

class Stage {
 public:
  // A datagram, or a message off a connection: whose socket it came to, and from where.
  using Received = std::function<void(std::size_t place, const Endpoint& from, sim::EndId end, std::string bytes)>;

  Stage(boost::asio::io_context& io, Received received) : io_(io), received_(std::move(received)) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() { close(); }

  // Opens a place for datagrams, connections or both, and says where it is; `port` 0 for any. An error is one line.
  std::expected<Endpoint, std::string> open(std::size_t place, const Endpoint& where, bool datagrams, bool connections);
  // Who is there: a socket of a place, or a connection that a place has opened.
  std::optional<std::size_t> place_at(const Endpoint& where) const;

  void send(std::size_t place, const Endpoint& to, const std::string& bytes);
  // A connection of `place`; what is sent on it before it stands waits.
  sim::EndId connect(std::size_t place, const Endpoint& to);
  void send(sim::EndId end, const std::string& bytes);
  bool is_open(sim::EndId end) const;
  void close(sim::EndId end);
  // The latest connection of a place, whoever opened it, that goes to or came from that address.
  sim::EndId connection_of(std::size_t place, const IpAddress& with) const;
  // From now on nobody is there: connections are reset, datagrams bounce. open_again() takes it back.
  void refuse(std::size_t place);
  std::expected<void, std::string> open_again(std::size_t place);
  void close();

 private:
  struct Datagrams;
  struct Listener;
  struct Connection;
  struct Door {
    std::size_t place = 0;
    Endpoint local;
    bool datagrams = false, connections = false;
    std::shared_ptr<Datagrams> udp;
    std::shared_ptr<Listener> tcp;
  };

  std::expected<void, std::string> open(Door& door);
  void begin(std::shared_ptr<Connection> connection);

  boost::asio::io_context& io_;
  Received received_;
  std::vector<Door> doors_;
  std::map<sim::EndId, std::shared_ptr<Connection>> connections_;
  std::uint64_t last_end_ = 0;
};

boost::asio::ip::udp::endpoint udp_endpoint(const Endpoint& endpoint);
// REQUIRES: IPv4.
template <class AsioEndpoint>
Endpoint endpoint_of(const AsioEndpoint& endpoint) {
  const auto bytes = endpoint.address().to_v4().to_bytes();
  return {IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), endpoint.port()};
}

}  // namespace intermediary::conformance
