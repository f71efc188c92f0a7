#include "runtime/net/stream_flow.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/container/static_vector.hpp>
#include <utility>

#include "base/connection_limits.h"
#include "base/limits.h"
#include "base/overloaded.h"
#include "event/event.h"
#include "runtime/net/sockaddr.h"
#include "transport/proxy_header.h"

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Status = IoResult::Status;

constexpr std::chrono::seconds connect_deadline{10};
constexpr std::chrono::seconds linger_deadline{2};
constexpr std::chrono::seconds probe_after{300};  // of silence; a peer that is gone is found out two minutes later
constexpr std::chrono::seconds probe_interval{30};
constexpr int probe_count = 4;
constexpr std::size_t offered_pieces = 16;  // offered at once

asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint) {
  const SocketAddress address = to_socket_address(endpoint);
  asio::ip::tcp::endpoint result;
  std::copy_n(reinterpret_cast<const char*>(address.data()), address.length, reinterpret_cast<char*>(result.data()));
  return result;
}

}  // namespace

StreamFlow::StreamFlow(Socket socket, Identity identity, Setup setup, const Surroundings& surroundings,
                       std::function<void(FlowId)> gone)
    : socket_(std::move(socket)),
      identity_(identity),
      setup_(std::move(setup)),
      scratch_(surroundings.scratch),
      inbox_(surroundings.inbox),
      handshakes_(surroundings.handshakes),
      gone_(std::move(gone)),
      deadline_(socket_.get_executor()) {}

void StreamFlow::start() { begin_opening(); }

void StreamFlow::connect(const IpAddress& source) {
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
      self->begin_opening();
    }
    self->inbox_.settle();
  });
}

// The engine keeps a connection that a registration lives on, however silent: whether somebody is still there is for
// TCP to find out (RFC 9293 §3.8.4).
void StreamFlow::prepare_socket() {
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.set_option(Idle(static_cast<int>(probe_after.count())), ignored);
  socket_.set_option(Interval(static_cast<int>(probe_interval.count())), ignored);
  socket_.set_option(Count(probe_count), ignored);
}

// ---- the end

// Also called while the shard carries out an output: tells, and leaves the handling to whoever settles.
void StreamFlow::fail(const std::string& reason) {
  if (state_ == State::Gone) return;
  tell_end(reason);
  state_ = State::Gone;
  error_code ignored;
  drop_deadline();
  socket_.close(ignored);
  place_.reset();
  outgoing_.clear();
}

// The end, for a reason that the peer is told: `last_bytes` leave before the connection is closed. None: it was told.
void StreamFlow::finish(const std::string& reason, std::string last_bytes) {
  tell_end(reason);
  has_spoken_ = true;
  if (!last_bytes.empty()) queue(std::move(last_bytes));
  end();
}

// The engine hears of connections that it knows; of others the log.
void StreamFlow::tell_end(const std::string& reason) {
  if (state_ != State::Open && !is_before_open()) return;
  if (state_ == State::Open || is_ours()) {
    inbox_.deliver(FlowClosed{identity_.flow, reason});
  } else {
    ++handshakes_.failed;
    inbox_.note(LogLevel::Info, "handshake-failed listener=" + std::to_string(identity_.listener.value) +
                                    " remote=" + identity_.remote.to_string() + " reason=" + log_value(reason));
  }
  gone_(identity_.flow);
}

void StreamFlow::close() {
  if (is_before_open()) {
    state_ = State::Gone;
    place_.reset();
    error_code ignored;
    drop_deadline();
    socket_.close(ignored);
  } else if (state_ == State::Open) {
    if (web_socket_) queue(web_socket::close_frame(web_socket::normal));
    end();
  }
}

// What we said last is written, and what still comes is read for a while, so that no reset takes it back. Nobody counts
// connections that end so: each is in a place of its source's, or over at once. So is one that was never told anything.
void StreamFlow::end() {
  state_ = State::Closing;
  const bool stays = has_spoken_ && has_place();
  if (stays) set_deadline(linger_deadline, "");
  flush();
  if (!stays) fail("");
}

bool StreamFlow::has_place() {
  if (!place_ && !is_ours()) place_ = handshakes_.place_for(identity_.remote.address);
  return place_ || is_ours();
}

void StreamFlow::linger() {
  state_ = State::Lingering;
  error_code ignored;
  stream_->say_goodbye();
  socket_.shutdown(Socket::shutdown_send, ignored);
  discard();
}

void StreamFlow::discard() {
  error_code error;
  socket_.read_some(asio::buffer(scratch_.data(), scratch_.size()), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) return fail("");
  wait_readable();
}

// ---- reading

void StreamFlow::wait_readable() {
  if (waiting_readable_) return;
  waiting_readable_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_readable_ = false;
    if (!error) self->readable();
  });
}

void StreamFlow::readable() {
  switch (state_) {
    case State::Opening:
      advance();
      break;
    case State::Open:
      read_once();
      if (!outgoing_.empty()) flush();  // TLS may have waited to read before it could write
      break;
    case State::Lingering:
      return discard();
    default:
      return;  // closing: nobody listens, and what is left is discarded later
  }
  inbox_.settle();
  if (state_ == State::Open || state_ == State::Opening) wait_readable();
}

// Once for each wake-up, so that a peer that sends without end leaves the others their turn.
void StreamFlow::read_once() {
  do {
    IoResult result = stream_->read(scratch_);
    read_wants_write_ = result.status == Status::WantsWrite;
    switch (result.status) {
      case Status::Done:
        take({scratch_.data(), result.bytes});
        break;
      case Status::WantsRead:
        return;
      case Status::WantsWrite:
        return wait_writable();
      case Status::Closed:
        stream_->say_goodbye();  // RFC 8446 §6.1, RFC 5246 §7.2.1
        return fail("closed by the peer");
      case Status::Failed:
        return fail(result.reason);
    }
  } while (state_ == State::Open && stream_->has_read_ahead());
}

void StreamFlow::take(std::string_view bytes) {
  if (web_socket_) return take_frames(bytes);
  if (std::exchange(first_read_, false) && looks_like_proxy_header(bytes) && !is_ours()) {
    return fail("a PROXY header from an address that is in no proxy_protocol");
  }
  inbox_.deliver(StreamReceived{identity_.flow, std::string(bytes)});
}

void StreamFlow::take_frames(std::string_view bytes) {
  web_socket_->feed(bytes);
  bool carried = false;
  while (const std::optional<web_socket::Event> event = web_socket_->next()) {
    std::visit(Overloaded{
                   [&](const web_socket::Data& data) {
                     carried = true;
                     inbox_.deliver(StreamReceived{identity_.flow, data.bytes});
                   },
                   [&](const web_socket::Ping& ping) { answer_ping(ping.bytes); },
                   [&](const web_socket::End& end) { finish(end.reason, web_socket::close_frame(end.code)); },
               },
               *event);
    if (state_ != State::Open) return;
  }
  const bool is_another = std::exchange(completed_, web_socket_->completed()) != web_socket_->completed();
  if (is_another && !carried) inbox_.deliver(StreamReceived{identity_.flow, {}});  // Pings and Pongs are uses, too
  guard_message(is_another);
}

// The engine sees messages only when they are whole, so how long one may take is for us to say. What has begun behind
// the end of another has a time of its own.
void StreamFlow::guard_message(bool is_another) {
  const bool within = web_socket_->is_within_message();
  if (within == message_guarded_ && !(within && is_another)) return;
  message_guarded_ = within;
  if (within) {
    set_deadline(setup_.message_deadline, "a WebSocket message that does not end");
  } else {
    drop_deadline();
  }
}

// ---- writing

void StreamFlow::send(std::string bytes) {
  if (state_ != State::Open) return;
  if (outgoing_bytes_ + bytes.size() > limit::queued_bytes_per_flow) {
    return fail("the peer does not read: more than " + std::to_string(limit::queued_bytes_per_flow) + " bytes wait");
  }
  queue(web_socket_ ? web_socket::message_frame(bytes) : std::move(bytes));
}

void StreamFlow::queue(std::string bytes) {
  has_spoken_ = true;
  outgoing_bytes_ += bytes.size();
  outgoing_.push_back(std::move(bytes));
}

// One Pong waits to be written, and the answer to the newest Ping behind it: those between need none (RFC 6455 §5.5.3),
// and a peer that pings and does not read makes nothing grow.
void StreamFlow::answer_ping(std::string_view payload) {
  std::string pong = web_socket::frame(web_socket::Opcode::Pong, payload);
  if (to_end_of_pong_ > 0) {
    newest_pong_ = std::move(pong);
    return;
  }
  queue_pong(std::move(pong));
  flush();
}

void StreamFlow::queue_pong(std::string pong) {
  queue(std::move(pong));
  to_end_of_pong_ = outgoing_bytes_;
}

void StreamFlow::flush() {
  if (waiting_writable_ || (state_ != State::Open && state_ != State::Opening && state_ != State::Closing)) return;
  while (!outgoing_.empty()) {
    IoResult result = write_some();
    switch (result.status) {
      case Status::Done:
        drop_written(result.bytes);
        break;
      case Status::WantsWrite:
        return wait_writable();
      case Status::WantsRead:
        return wait_readable();
      case Status::Closed:
        return fail("closed by the peer");
      case Status::Failed:
        return fail(result.reason);
    }
  }
  if (state_ == State::Closing) linger();
}

IoResult StreamFlow::write_some() {
  boost::container::static_vector<std::string_view, offered_pieces> pieces;
  for (const std::string& bytes : outgoing_) {
    if (pieces.size() == pieces.capacity()) break;
    pieces.push_back(std::string_view(bytes).substr(pieces.empty() ? written_of_first_ : 0));
  }
  return stream_->write(pieces);
}

void StreamFlow::drop_written(std::size_t count) {
  outgoing_bytes_ -= count;
  written_of_first_ += count;
  while (!outgoing_.empty() && written_of_first_ >= outgoing_.front().size()) {
    written_of_first_ -= outgoing_.front().size();
    outgoing_.pop_front();
  }
  if (to_end_of_pong_ == 0) return;
  to_end_of_pong_ -= std::min(count, to_end_of_pong_);
  const bool waits = to_end_of_pong_ == 0 && !newest_pong_.empty() && state_ == State::Open;  // none behind a Close
  if (waits) queue_pong(std::exchange(newest_pong_, {}));
}

void StreamFlow::wait_writable() {
  if (waiting_writable_) return;
  waiting_writable_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_writable_ = false;
    if (!error) self->writable();
  });
}

void StreamFlow::writable() {
  flush();
  if (state_ == State::Opening) advance();
  if (state_ == State::Open && read_wants_write_) read_once();
  inbox_.settle();
}

void StreamFlow::set_deadline(std::chrono::microseconds after, std::string reason) {
  const std::uint64_t number = ++deadlines_;
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this(), number, reason = std::move(reason)](const error_code& error) {
    if (error || number != self->deadlines_) return;  // it may have been on its way already
    self->fail(reason);
    self->inbox_.settle();
  });
}

void StreamFlow::drop_deadline() {
  ++deadlines_;
  deadline_.cancel();
}

}  // namespace intermediary
