#include "runtime/net/udp_listener.h"

#include <netinet/ip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/link_local.h"
#include "runtime/net/icmp.h"

namespace intermediary {
namespace {

constexpr std::size_t batch_size = 32;
constexpr std::size_t batches_per_turn = 8;  // then the other sockets have theirs
constexpr int receive_buffer_bytes = 8 * 1024 * 1024;
constexpr std::size_t waiting_bytes = std::size_t{4} * 1024 * 1024;  // until the kernel takes more

struct Batch {
  std::array<mmsghdr, batch_size> headers{};
  std::array<iovec, batch_size> vectors{};
  std::array<SocketAddress, batch_size> addresses{};

  void set(std::size_t index, char* bytes, std::size_t count) {
    vectors[index] = {bytes, count};
    msghdr& header = headers[index].msg_hdr;
    header.msg_iov = &vectors[index];
    header.msg_iovlen = 1;
    header.msg_name = addresses[index].data();
    header.msg_namelen = addresses[index].length;
  }
};

std::string error_text(int error) { return std::generic_category().message(error); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

std::optional<sock_extended_err> extended_error(msghdr& header) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control; control = CMSG_NXTHDR(&header, control)) {
    const bool v4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR;
    const bool v6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(control), sizeof(error));
    return error;
  }
  return std::nullopt;
}

void set_option(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof(value));
}

}  // namespace

UdpListener::UdpListener(boost::asio::io_context& io, ListenerId id, const Limits& limits, Inbox& inbox)
    : socket_(io), id_(id), datagram_bytes_(limits.datagram_bytes), inbox_(inbox) {}

// Without SO_REUSEADDR: on UDP it would let a second process take half of our datagrams unseen.
std::error_code UdpListener::open(const Endpoint& bind) {
  using boost::asio::ip::udp;
  boost::system::error_code error;
  const bool v4 = bind.address.is_v4();
  socket_.open(v4 ? udp::v4() : udp::v6(), error);
  if (error) return error;
  const int descriptor = socket_.native_handle();
  if (!v4) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set_option(descriptor, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
  socket_.non_blocking(true, error);
  if (error) return error;
  const SocketAddress address = to_socket_address(bind);
  if (::bind(descriptor, address.data(), address.length) != 0) return {errno, std::generic_category()};
  ask_for_receive_buffer();
  // One byte more than a datagram may have shows which one was longer.
  receive_buffer_.resize(batch_size * (datagram_bytes_ + 1));
  return {};
}

// A burst must find room while we work. The kernel gives at most net.core.rmem_max, unless we are privileged.
void UdpListener::ask_for_receive_buffer() {
  const int descriptor = socket_.native_handle();
  set_option(descriptor, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  set_option(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes);
  int granted = 0;
  socklen_t length = sizeof(granted);
  getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &granted, &length);
  if (granted >= receive_buffer_bytes) return;
  inbox_.note(LogLevel::Info, "small-receive-buffer listener=" + std::to_string(id_.value) +
                                  " bytes=" + std::to_string(granted) +
                                  " wanted=" + std::to_string(receive_buffer_bytes) + " raise=net.core.rmem_max");
}

Endpoint UdpListener::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  getsockname(const_cast<boost::asio::ip::udp::socket&>(socket_).native_handle(), reinterpret_cast<sockaddr*>(&storage),
              &length);
  return to_endpoint(storage);
}

void UdpListener::start() { wait_readable(); }

void UdpListener::wait_readable() {
  socket_.async_wait(boost::asio::ip::udp::socket::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;  // the socket is being closed
    read_batches();
    inbox_.settle();
    wait_readable();
  });
}

void UdpListener::read_batches() {
  for (std::size_t turn = 0; turn < batches_per_turn; ++turn) {
    const std::size_t count = read_batch();
    if (count == 0 && turn == 0) read_errors();  // woken for nothing else: unread errors would wake us for ever
    if (count < batch_size) return;
  }
}

std::size_t UdpListener::read_batch() {
  Batch batch;
  const std::size_t stride = datagram_bytes_ + 1;
  for (std::size_t i = 0; i < batch_size; ++i) {
    batch.addresses[i].length = sizeof(sockaddr_storage);
    batch.set(i, receive_buffer_.data() + i * stride, stride);
  }
  const auto attempt = [&] {
    return recvmmsg(socket_.native_handle(), batch.headers.data(), batch_size, MSG_DONTWAIT, nullptr);
  };
  int count = attempt();
  if (count < 0 && !would_block(errno)) {
    read_errors();
    count = attempt();
  }
  if (count < 0) return 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const char* bytes = static_cast<const char*>(batch.vectors[i].iov_base);
    const Endpoint remote = to_endpoint(batch.addresses[i].storage);
    if (is_link_local(remote.address)) {
      refuse_link_local(remote);
      continue;
    }
    inbox_.deliver(DatagramReceived{id_, remote, {bytes, batch.headers[i].msg_len}});
  }
  return static_cast<std::size_t>(count);
}

// Once for each listener: whoever sends the next one must not fill the log.
void UdpListener::refuse_link_local(const Endpoint& remote) {
  if (std::exchange(told_of_link_local_, true)) return;
  inbox_.note(LogLevel::Warning, "link-local-peer listener=" + std::to_string(id_.value) + " remote=" +
                                     remote.to_string() + " reason=\"it cannot be answered without its interface\"");
}

// An ICMP error makes the next call on the socket fail, once, whatever datagram that is about; so both directions come
// here and then ask again.
void UdpListener::read_errors() {
  for (std::size_t i = 0; i < batch_size * batches_per_turn; ++i) {
    SocketAddress remote;
    std::array<char, 2048> quoted;  // routers quote up to 576 or 1280 bytes of the packet (RFC 1812, RFC 4443)
    iovec vector{quoted.data(), quoted.size()};
    alignas(cmsghdr) std::array<char, 512> control{};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_name = remote.data();
    header.msg_namelen = sizeof(remote.storage);
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket_.native_handle(), &header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0) return;
    const std::optional<sock_extended_err> error = extended_error(header);
    if (!error || !is_failure_to_send(*error)) continue;
    inbox_.deliver(DatagramFailed{id_,
                                  to_endpoint(remote.storage),
                                  {quoted.data(), static_cast<std::size_t>(size)},
                                  error_text(static_cast<int>(error->ee_errno))});
  }
}

void UdpListener::send(const Endpoint& remote, std::string bytes) {
  if (outgoing_bytes_ + bytes.size() > waiting_bytes) {
    inbox_.deliver(DatagramFailed{id_, remote, std::move(bytes), "too many datagrams wait to be sent"});
    return;
  }
  outgoing_bytes_ += bytes.size();
  outgoing_.push_back({remote, std::move(bytes)});
}

void UdpListener::flush() {
  if (waiting_writable_) return;
  while (!outgoing_.empty()) {
    if (!send_batch()) return wait_writable();
  }
}

bool UdpListener::send_batch() {
  Batch batch;
  const std::size_t count = std::min(batch_size, outgoing_.size());
  for (std::size_t i = 0; i < count; ++i) {
    batch.addresses[i] = to_socket_address(outgoing_[i].remote);
    batch.set(i, outgoing_[i].bytes.data(), outgoing_[i].bytes.size());
  }
  const int descriptor = socket_.native_handle();
  const auto attempt = [&] {
    return sendmmsg(descriptor, batch.headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
  };
  int sent = attempt();
  if (sent < 0 && !would_block(errno)) {
    read_errors();
    sent = attempt();
  }
  if (sent < 0 && would_block(errno)) return false;
  if (sent < 0) {
    fail_first(errno);
    return true;
  }
  for (int i = 0; i < sent; ++i) {
    outgoing_bytes_ -= outgoing_.front().bytes.size();
    outgoing_.pop_front();
  }
  return true;
}

void UdpListener::fail_first(int error) {
  Datagram& first = outgoing_.front();
  outgoing_bytes_ -= first.bytes.size();
  inbox_.deliver(DatagramFailed{id_, first.remote, std::move(first.bytes), error_text(error)});
  outgoing_.pop_front();
}

void UdpListener::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(boost::asio::ip::udp::socket::wait_write, [this](const boost::system::error_code& error) {
    if (error) return;
    waiting_writable_ = false;
    flush();
    inbox_.settle();
  });
}

}  // namespace intermediary
