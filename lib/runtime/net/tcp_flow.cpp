#include "runtime/net/tcp_flow.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/container/static_vector.hpp>
#include <utility>

#include "base/limits.h"
#include "runtime/net/sockaddr.h"

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds connect_deadline{10};
constexpr std::chrono::seconds linger_deadline{2};
constexpr std::chrono::seconds probe_after{300};  // of silence; a peer that is gone is found out two minutes later
constexpr std::chrono::seconds probe_interval{30};
constexpr int probe_count = 4;
constexpr std::size_t gathered_buffers = 16;  // written with one system call

asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint) {
  const SocketAddress address = to_socket_address(endpoint);
  asio::ip::tcp::endpoint result;
  std::copy_n(reinterpret_cast<const char*>(address.data()), address.length, reinterpret_cast<char*>(result.data()));
  return result;
}

bool would_block(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

TcpFlow::TcpFlow(Socket socket, Identity identity, std::span<char> scratch, Inbox& inbox,
                 std::function<void(FlowId)> gone)
    : socket_(std::move(socket)),
      identity_(identity),
      scratch_(scratch),
      inbox_(inbox),
      gone_(std::move(gone)),
      deadline_(socket_.get_executor()) {}

void TcpFlow::start() { opened(); }

void TcpFlow::connect(const IpAddress& source) {
  const asio::ip::tcp::endpoint remote = to_asio(identity_.remote);
  error_code error;
  socket_.open(remote.protocol(), error);
  if (!error && !source.is_unspecified() && source.family() == identity_.remote.address.family()) {
    socket_.bind(to_asio({source, 0}), error);
  }
  if (error) return fail(error.message());
  set_deadline(connect_deadline, "no connection within " + std::to_string(connect_deadline.count()) + " s");
  socket_.async_connect(remote, [self = shared_from_this()](const error_code& result) {
    if (self->state_ != State::Connecting) return;
    if (result) {
      self->fail(result.message());
    } else {
      self->opened();
    }
    self->inbox_.settle();
  });
}

void TcpFlow::opened() {
  deadline_.cancel();
  state_ = State::Open;
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  ask_for_probes();
  inbox_.deliver(FlowOpened{identity_.flow, Transport::Tcp, identity_.listener, identity_.remote});
  wait_readable();
}

// The engine keeps a connection that a registration lives on, however silent: whether somebody is still there is for
// TCP to find out (RFC 9293 §3.8.4).
void TcpFlow::ask_for_probes() {
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  error_code ignored;
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.set_option(Idle(static_cast<int>(probe_after.count())), ignored);
  socket_.set_option(Interval(static_cast<int>(probe_interval.count())), ignored);
  socket_.set_option(Count(probe_count), ignored);
}

// Also called while the shard carries out an output: tells, and leaves the handling to whoever settles.
void TcpFlow::fail(const std::string& reason) {
  if (state_ == State::Gone) return;
  const bool told = state_ == State::Connecting || state_ == State::Open;
  state_ = State::Gone;
  error_code ignored;
  deadline_.cancel();
  socket_.close(ignored);
  outgoing_.clear();
  if (!told) return;
  inbox_.deliver(FlowClosed{identity_.flow, reason});
  gone_(identity_.flow);
}

void TcpFlow::wait_readable() {
  if (waiting_readable_) return;
  waiting_readable_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_readable_ = false;
    if (error) return;
    if (self->state_ == State::Lingering) return self->discard();
    if (self->state_ != State::Open) return;  // closing: nobody listens, and what is left is discarded later
    self->read_once();
    self->inbox_.settle();
    if (self->state_ == State::Open) self->wait_readable();
  });
}

// Once for each wake-up, so that a peer that sends without end leaves the others their turn.
void TcpFlow::read_once() {
  error_code error;
  const std::size_t count = socket_.read_some(asio::buffer(scratch_.data(), scratch_.size()), error);
  if (would_block(error)) return;
  if (error == asio::error::eof) return fail("closed by the peer");
  if (error) return fail(error.message());
  inbox_.deliver(StreamReceived{identity_.flow, {scratch_.data(), count}});
}

void TcpFlow::send(std::string bytes) {
  if (state_ != State::Open) return;
  if (outgoing_bytes_ + bytes.size() > limit::queued_bytes_per_flow) {
    return fail("the peer does not read: more than " + std::to_string(limit::queued_bytes_per_flow) + " bytes wait");
  }
  outgoing_bytes_ += bytes.size();
  outgoing_.push_back(std::move(bytes));
}

void TcpFlow::flush() {
  if (waiting_writable_ || (state_ != State::Open && state_ != State::Closing)) return;
  while (!outgoing_.empty()) {
    const error_code error = write_some();
    if (would_block(error)) return wait_writable();
    if (error) return fail(error.message());
  }
  if (state_ == State::Closing) linger();
}

error_code TcpFlow::write_some() {
  boost::container::static_vector<asio::const_buffer, gathered_buffers> buffers;
  for (const std::string& bytes : outgoing_) {
    if (buffers.size() == buffers.capacity()) break;
    const std::size_t skip = buffers.empty() ? written_of_first_ : 0;
    buffers.emplace_back(bytes.data() + skip, bytes.size() - skip);
  }
  error_code error;
  drop_written(socket_.write_some(buffers, error));
  return error;
}

void TcpFlow::drop_written(std::size_t count) {
  outgoing_bytes_ -= count;
  written_of_first_ += count;
  while (!outgoing_.empty() && written_of_first_ >= outgoing_.front().size()) {
    written_of_first_ -= outgoing_.front().size();
    outgoing_.pop_front();
  }
}

void TcpFlow::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    if (error) return;
    self->waiting_writable_ = false;
    self->flush();
    self->inbox_.settle();
  });
}

void TcpFlow::close() {
  if (state_ == State::Connecting) {
    state_ = State::Gone;
    error_code ignored;
    deadline_.cancel();
    socket_.close(ignored);
  } else if (state_ == State::Open) {
    state_ = State::Closing;
    set_deadline(linger_deadline, "");
    flush();
  }
}

void TcpFlow::linger() {
  state_ = State::Lingering;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  discard();
}

void TcpFlow::discard() {
  error_code error;
  socket_.read_some(asio::buffer(scratch_.data(), scratch_.size()), error);
  if (error && !would_block(error)) return fail("");
  wait_readable();
}

void TcpFlow::set_deadline(std::chrono::seconds after, std::string reason) {
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this(), reason = std::move(reason)](const error_code& error) {
    if (error) return;
    self->fail(reason);
    self->inbox_.settle();
  });
}

}  // namespace intermediary
