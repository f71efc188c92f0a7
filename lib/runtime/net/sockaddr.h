// Endpoints as the kernel takes them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/address.h"

namespace intermediary {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Endpoint& endpoint);
// REQUIRES: AF_INET or AF_INET6. The interface of a link-local address is lost: see base/link_local.h. An IPv4 address
// mapped into IPv6 stays what it is: our sockets never make one.
Endpoint to_endpoint(const sockaddr_storage& storage);

}  // namespace intermediary
