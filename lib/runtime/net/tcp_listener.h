// One TCP socket that accepts connections and hands them on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <system_error>

#include "runtime/net/inbox.h"

namespace intermediary {

class TcpListener {
 public:
  using Accepted = std::function<void(ListenerId, boost::asio::ip::tcp::socket, const Endpoint& remote)>;

  TcpListener(boost::asio::io_context& io, ListenerId id, Inbox& inbox, Accepted accepted);

  std::error_code open(const Endpoint& bind);
  // REQUIRES: open.
  Endpoint local() const;
  void start();
  // No more connections; those that are there stay.
  void close();

 private:
  void accept();
  void pause(const boost::system::error_code& cause);

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  ListenerId id_;
  Inbox& inbox_;
  Accepted accepted_;
};

}  // namespace intermediary
