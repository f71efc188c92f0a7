// One UDP socket, read and written in batches.
//
// Asio says when it is ready; recvmmsg and sendmmsg move up to a batch with one system call. What cannot be sent comes
// back as DatagramFailed: refused by the kernel, or unreachable by ICMP (RFC 3261 §18.4). When the kernel's buffer is
// full, datagrams wait here, within a limit. What comes from a link-local address is dropped (base/link_local.h).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <deque>
#include <string>
#include <system_error>
#include <vector>

#include "base/limits.h"
#include "runtime/net/inbox.h"
#include "runtime/net/sockaddr.h"

namespace intermediary {

class UdpListener {
 public:
  UdpListener(boost::asio::io_context& io, ListenerId id, const Limits& limits, Inbox& inbox);

  std::error_code open(const Endpoint& bind);
  // REQUIRES: open.
  Endpoint local() const;
  void start();
  // Queues until flush().
  void send(const Endpoint& remote, std::string bytes);
  void flush();
  // Datagrams wait for the kernel to take more.
  bool has_unsent() const { return !outgoing_.empty(); }

 private:
  struct Datagram {
    Endpoint remote;
    std::string bytes;
  };

  void ask_for_receive_buffer();
  void wait_readable();
  void wait_writable();
  void read_batches();
  // How many were read.
  std::size_t read_batch();
  void refuse_link_local(const Endpoint& remote);
  void read_errors();
  // False when the kernel takes no more for now.
  bool send_batch();
  void fail_first(int error);

  boost::asio::ip::udp::socket socket_;
  ListenerId id_;
  std::size_t datagram_bytes_;
  Inbox& inbox_;
  std::vector<char> receive_buffer_;
  std::deque<Datagram> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  bool waiting_writable_ = false;
  bool told_of_link_local_ = false;
};

}  // namespace intermediary
