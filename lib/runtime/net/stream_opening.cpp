// What comes before a connection is open: PROXY header, TLS, the first bytes that tell SIP from a WebSocket, its
// upgrade.
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/connection_limits.h"
#include "event/event.h"
#include "runtime/net/stream_flow.h"
#include "transport/proxy_header.h"

namespace intermediary {
namespace {

using Status = IoResult::Status;

// No SIP method begins so, and no other of HTTP becomes a WebSocket (RFC 6455 §4.1).
constexpr std::string_view http_start = "GET ";

}  // namespace

void StreamFlow::begin_opening() {
  state_ = State::Opening;
  prepare_socket();
  stream_ = setup_.make_stream(socket_.native_handle());
  const bool at_once =
      !setup_.proxy_header && !is_secure(setup_.transport) && !setup_.web_socket && !is_websocket(setup_.transport);
  if (at_once) return opened();
  // A balancer's own address says nothing of its clients: they are counted when they are known.
  if (!setup_.proxy_header && !is_ours() && !admit(identity_.remote.address)) return;
  expect_handshake();
  stage_ = setup_.proxy_header ? Stage::ProxyHeader : Stage::Tls;
  advance();
  if (state_ == State::Opening) wait_readable();
}

bool StreamFlow::admit(const IpAddress& source) {
  place_ = handshakes_.admit(source);
  if (!place_) fail("too many handshakes under way");
  return place_ != nullptr;
}

void StreamFlow::expect_handshake() {
  set_deadline(limit::handshake_deadline,
               "no handshake within " + std::to_string(limit::handshake_deadline.count()) + " s");
}

void StreamFlow::advance() {
  while (state_ == State::Opening && advance_once()) {
  }
}

bool StreamFlow::advance_once() {
  switch (stage_) {
    case Stage::ProxyHeader:
      return take_proxy_header();
    case Stage::Tls:
      return !is_secure(setup_.transport) ? go_to(Stage::FirstBytes) : shake_hands();
    case Stage::FirstBytes:
      return look_at_first_bytes();
    case Stage::Upgrade:
      return take_upgrade();
    case Stage::Done:
      opened();
      return false;
  }
  return false;
}

bool StreamFlow::go_to(Stage stage) {
  stage_ = stage;
  return true;
}

// Whether to go on; else the socket is waited for, or all is over.
bool StreamFlow::goes_on(const IoResult& result) {
  switch (result.status) {
    case Status::Done:
      return true;
    case Status::WantsRead:
      break;
    case Status::WantsWrite:
      wait_writable();
      break;
    case Status::Closed:
      fail("closed by the peer");
      break;
    case Status::Failed:
      if (stage_ != Stage::Tls) {
        fail(result.reason);
      } else {
        finish(result.reason, {});  // the peer was told why (RFC 8446 §6.2), and a reset would take it back
      }
      break;
  }
  return false;
}

// Octet for octet as many as the header must have: what is behind it belongs to TLS.
bool StreamFlow::take_proxy_header() {
  const auto header = read_proxy_header(early_);
  if (!header) {
    fail(std::string(header.error()));
    return false;
  }
  if (header->needs == 0) {
    early_.clear();
    if (header->source) identity_.remote = *header->source;
    return admit(identity_.remote.address) && go_to(Stage::Tls);
  }
  const std::span<char> room = scratch_.first(std::min(header->needs, scratch_.size()));
  const IoResult result = make_plain_stream(socket_.native_handle())->read(room);
  early_.append(room.data(), result.bytes);
  return goes_on(result);
}

bool StreamFlow::shake_hands() {
  if (!goes_on(stream_->shake_hands())) return false;
  auto peer = stream_->peer();
  if (!peer) {
    fail(peer.error());
    return false;
  }
  certificate_ = std::move(*peer);
  return go_to(Stage::FirstBytes);
}

bool StreamFlow::look_at_first_bytes() {
  if (is_websocket(setup_.transport)) return go_to(Stage::Upgrade);
  if (!setup_.web_socket) return go_to(Stage::Done);
  const std::string_view start = std::string_view(early_).substr(0, http_start.size());
  if (start == http_start) {
    setup_.transport = is_secure(setup_.transport) ? Transport::Wss : Transport::Ws;
    expect_handshake();
    return go_to(Stage::Upgrade);
  }
  if (!http_start.starts_with(start)) return go_to(Stage::Done);
  // Who speaks SIP may take its time before the first message, as on any connection.
  if (!std::exchange(silent_, true)) set_deadline(setup_.silence, "no message on a new connection");
  return read_early();
}

bool StreamFlow::take_upgrade() {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  UpgradeVerdict verdict = check_upgrade(early_, setup_.upgrade, now);
  switch (verdict.kind) {
    case UpgradeVerdict::Kind::NeedsMore:
      return read_early();
    case UpgradeVerdict::Kind::Refused:
      finish(verdict.reason, std::move(verdict.response));
      return false;
    case UpgradeVerdict::Kind::Accepted:
      note_user(verdict.user);
      early_.erase(0, verdict.consumed);
      web_socket_.emplace();
      queue(std::move(verdict.response));
      flush();
      return go_to(Stage::Done);
  }
  return false;
}

void StreamFlow::note_user(const HandshakeUser& user) {
  if (user.by.empty()) return;
  inbox_.note(LogLevel::Debug, "handshake-authenticated flow=" + std::to_string(identity_.flow.value) +
                                   " remote=" + identity_.remote.to_string() + " user=" + log_value(user.name) +
                                   " by=" + std::string(user.by));
}

bool StreamFlow::read_early() {
  const IoResult result = stream_->read(scratch_);
  early_.append(scratch_.data(), result.bytes);
  return goes_on(result);
}

void StreamFlow::opened() {
  drop_deadline();
  place_.reset();
  state_ = State::Open;
  inbox_.deliver(FlowOpened{identity_.flow, setup_.transport, identity_.listener, identity_.remote,
                            std::exchange(certificate_, std::nullopt)});
  if (const std::string early = std::exchange(early_, {}); !early.empty()) take(early);
  if (state_ == State::Open && stream_->has_read_ahead()) read_once();
  if (state_ == State::Open) wait_readable();
}

}  // namespace intermediary
