// One connection: being connected, opening (its handshakes), then open, then lingering or gone. TCP, TLS and WebSocket
// on either are the same here but for three steps: what has to come before it is open, how bytes are read and written
// (byte_stream.h), and whether they are WebSocket frames (web_socket.h).
//
// Reads whenever there is something and hands it up as StreamReceived: a piece of the stream, or exactly one WebSocket
// message. Writes at once what the kernel takes and keeps the rest within limit::queued_bytes_per_flow: a peer that
// does not read loses its connection. What the engine closes is first written to its end, then shut down, and read to
// its end for a short while, so that a last answer is not lost to a reset; meanwhile it has a place among the
// handshakes. What was never told anything is closed at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/connection_limits.h"
#include "engine/io.h"
#include "runtime/net/byte_stream.h"
#include "runtime/net/handshakes.h"
#include "runtime/net/inbox.h"
#include "runtime/net/web_socket.h"
#include "runtime/net/web_socket_upgrade.h"

namespace intermediary {

class StreamFlow : public std::enable_shared_from_this<StreamFlow> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  struct Identity {
    FlowId flow;
    ListenerId listener;
    Endpoint remote;
  };

  // What has to come before it is open, in the order in which it comes.
  struct Setup {
    Transport transport = Transport::Tcp;  // Tls and Wss: `make_stream` gives TLS
    std::function<std::unique_ptr<ByteStream>(int descriptor)> make_stream = make_plain_stream;
    bool proxy_header = false;            // the peer is a balancer and says for whom it connects
    bool web_socket = false;              // Tcp and Tls: may turn out to be a WebSocket, by its first bytes
    UpgradeRules upgrade{};               // who may open a WebSocket
    std::chrono::microseconds silence{};  // how long it may say nothing before the first of those bytes
    std::chrono::microseconds message_deadline = limit::web_socket_message_deadline;
  };

  // What the flows of a shard share.
  struct Surroundings {
    std::span<char> scratch;  // to read into
    Inbox& inbox;
    Handshakes& handshakes;
  };

  // `gone` is called once, when the flow no longer takes bytes for a reason of its own (not by close()).
  StreamFlow(Socket socket, Identity identity, Setup setup, const Surroundings& surroundings,
             std::function<void(FlowId)> gone);

  // An accepted connection: tells FlowOpened when it is whole, and reads. One that never is, is only noted.
  void start();
  // Connects from `source` (port 0, or unspecified: any), and tells FlowOpened or FlowClosed.
  void connect(const IpAddress& source);
  // Queues until flush().
  void send(std::string bytes);
  void flush();
  // It is being opened for bytes that wait, or the kernel takes no more of them for now.
  bool has_unsent() const { return (is_ours() && is_before_open()) || !outgoing_.empty(); }
  // The engine's order: writes what is queued, and brings no more news of this flow.
  void close();

 private:
  enum class State : std::uint8_t { Connecting, Opening, Open, Closing, Lingering, Gone };
  enum class Stage : std::uint8_t { ProxyHeader, Tls, FirstBytes, Upgrade, Done };

  // ---- stream_opening.cpp
  void begin_opening();
  void expect_handshake();
  bool admit(const IpAddress& source);
  void advance();
  // Each: whether to go on at once. If not, the socket is waited for, or the connection is open, or has failed.
  bool advance_once();
  bool take_proxy_header();
  bool shake_hands();
  bool look_at_first_bytes();
  bool take_upgrade();
  void note_user(const HandshakeUser& user);
  bool read_early();
  bool goes_on(const IoResult& result);
  bool go_to(Stage stage);
  void opened();

  // ---- stream_flow.cpp
  bool is_ours() const { return (identity_.flow.value & engine_flow_bit) != 0; }
  bool is_before_open() const { return state_ == State::Connecting || state_ == State::Opening; }
  void prepare_socket();
  void fail(const std::string& reason);
  void finish(const std::string& reason, std::string last_bytes);
  void tell_end(const std::string& reason);
  void end();
  bool has_place();
  void wait_readable();
  void readable();
  void read_once();
  void take(std::string_view bytes);
  void take_frames(std::string_view bytes);
  void guard_message(bool is_another);
  void wait_writable();
  void writable();
  IoResult write_some();
  void drop_written(std::size_t count);
  void queue(std::string bytes);
  void answer_ping(std::string_view payload);
  void queue_pong(std::string pong);
  void linger();
  void discard();
  void set_deadline(std::chrono::microseconds after, std::string reason);
  void drop_deadline();

  Socket socket_;
  Identity identity_;
  Setup setup_;
  std::span<char> scratch_;
  Inbox& inbox_;
  Handshakes& handshakes_;
  std::function<void(FlowId)> gone_;
  boost::asio::steady_timer deadline_;
  std::uint64_t deadlines_ = 0;  // that were set or dropped: one that is over counts no more
  State state_ = State::Connecting;
  Stage stage_ = Stage::Done;
  std::unique_ptr<ByteStream> stream_;
  std::optional<web_socket::Reader> web_socket_;
  std::optional<CertificateNames> certificate_;
  Handshakes::Place place_;  // while it is opening, and while it ends
  std::string early_;        // what came while it was opening, not used up
  std::deque<std::string> outgoing_;
  std::size_t written_of_first_ = 0;
  std::size_t outgoing_bytes_ = 0;
  std::size_t to_end_of_pong_ = 0;  // bytes to write until the Pong in outgoing_ has left; 0: none is there
  std::string newest_pong_;         // that waits for it; or ""
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool read_wants_write_ = false;
  bool message_guarded_ = false;
  std::uint64_t completed_ = 0;  // of the WebSocket, when last looked
  bool has_spoken_ = false;      // the peer was sent something
  bool first_read_ = true;
  bool silent_ = false;  // it has been given its time to be
};

}  // namespace intermediary
