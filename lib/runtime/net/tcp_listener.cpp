#include "runtime/net/tcp_listener.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <utility>

#include "runtime/net/sockaddr.h"

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds pause_without_descriptors{100};

template <class AsioEndpoint>
Endpoint from_asio(const AsioEndpoint& endpoint) {
  sockaddr_storage storage{};
  const auto* bytes = reinterpret_cast<const char*>(endpoint.data());
  std::copy_n(bytes, endpoint.size(), reinterpret_cast<char*>(&storage));
  return to_endpoint(storage);
}

}  // namespace

TcpListener::TcpListener(asio::io_context& io, ListenerId id, Inbox& inbox, Accepted accepted)
    : acceptor_(io), pause_(io), id_(id), inbox_(inbox), accepted_(std::move(accepted)) {}

std::error_code TcpListener::open(const Endpoint& bind) {
  using asio::ip::tcp;
  const bool v4 = bind.address.is_v4();
  error_code error;
  acceptor_.open(v4 ? tcp::v4() : tcp::v6(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);  // connections of before linger
  if (!error && !v4) acceptor_.set_option(asio::ip::v6_only(true), error);
  if (error) return error;
  const SocketAddress address = to_socket_address(bind);
  if (::bind(acceptor_.native_handle(), address.data(), address.length) != 0) return {errno, std::generic_category()};
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

Endpoint TcpListener::local() const { return from_asio(acceptor_.local_endpoint()); }

void TcpListener::start() { accept(); }

void TcpListener::close() {
  error_code ignored;
  pause_.cancel();
  acceptor_.close(ignored);
}

void TcpListener::accept() {
  acceptor_.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error == asio::error::connection_aborted) return accept();
    if (error) return pause(error);
    error_code gone;
    const asio::ip::tcp::endpoint remote = socket.remote_endpoint(gone);
    if (!gone) {
      accepted_(id_, std::move(socket), from_asio(remote));
      inbox_.settle();
    }
    accept();
  });
}

// Out of descriptors or memory: to ask again at once would only spin.
void TcpListener::pause(const error_code& cause) {
  inbox_.note(LogLevel::Warning,
              "accept-failed listener=" + std::to_string(id_.value) + " reason=" + log_value(cause.message()));
  pause_.expires_after(pause_without_descriptors);
  pause_.async_wait([this](const error_code& error) {
    if (!error) accept();
  });
}

}  // namespace intermediary
