// One TCP connection: opening or accepted, then open, then lingering or gone.
//
// Reads whenever there is something and hands it up as StreamReceived. Writes at once what the kernel takes and keeps
// the rest within limit::queued_bytes_per_flow: a peer that does not read loses its connection. What the engine closes
// is first written to its end, then shut down, and read to its end for a short while, so that a last answer is not lost
// to a reset.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/io.h"
#include "runtime/net/inbox.h"

namespace intermediary {

class TcpFlow : public std::enable_shared_from_this<TcpFlow> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  struct Identity {
    FlowId flow;
    ListenerId listener;
    Endpoint remote;
  };

  // `scratch` is the shard's one buffer to read into. `gone` is called once, when the flow no longer takes bytes for a
  // reason of its own (not by close()).
  TcpFlow(Socket socket, Identity identity, std::span<char> scratch, Inbox& inbox, std::function<void(FlowId)> gone);

  // An accepted connection: tells FlowOpened and starts to read.
  void start();
  // Connects from `source` (port 0, or unspecified: any), and tells FlowOpened or FlowClosed.
  void connect(const IpAddress& source);
  // Queues until flush().
  void send(std::string bytes);
  void flush();
  // It is being opened for bytes that wait, or the kernel takes no more of them for now.
  bool has_unsent() const { return state_ == State::Connecting || !outgoing_.empty(); }
  // The engine's order: writes what is queued, and brings no more news of this flow.
  void close();

 private:
  enum class State : std::uint8_t { Connecting, Open, Closing, Lingering, Gone };

  void opened();
  void ask_for_probes();
  void fail(const std::string& reason);
  void wait_readable();
  void read_once();
  void wait_writable();
  boost::system::error_code write_some();
  void drop_written(std::size_t count);
  void linger();
  void discard();
  void set_deadline(std::chrono::seconds after, std::string reason);

  Socket socket_;
  Identity identity_;
  std::span<char> scratch_;
  Inbox& inbox_;
  std::function<void(FlowId)> gone_;
  boost::asio::steady_timer deadline_;
  State state_ = State::Connecting;
  std::deque<std::string> outgoing_;
  std::size_t written_of_first_ = 0;
  std::size_t outgoing_bytes_ = 0;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
};

}  // namespace intermediary
