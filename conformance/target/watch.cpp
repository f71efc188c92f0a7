#include "conformance/target/watch.h"

#include "conformance/target/probe.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;

constexpr auto between = 500ms;
// Counted, not measured: where this machine is busy, nobody asks that often either.
constexpr int most_unanswered = 8;

}  // namespace

Watch::Watch(boost::asio::io_context& io, const Target& target)
    : target_(target),
      stage_(io,
             [this](std::size_t, const Endpoint&, sim::EndId, const std::string&) {
               unanswered_ = 0;
               last_answer_ = std::chrono::steady_clock::now();
             }),
      timer_(io),
      last_answer_(std::chrono::steady_clock::now()) {}

void Watch::begin(std::function<void()> gone) {
  gone_ = std::move(gone);
  const IpAddress address = target_.local.value_or(IpAddress::v4({127, 0, 0, 1}));
  const auto opened = stage_.open(0, {address, 0}, true, false);
  if (!opened) return;  // then nobody watches
  here_ = *opened;
  ask();
}

void Watch::end() {
  gone_ = nullptr;
  timer_.cancel();
  stage_.close();
}

void Watch::ask() {
  if (unanswered_ >= most_unanswered) {
    const auto gone = std::exchange(gone_, nullptr);
    end();
    return gone();
  }
  ++unanswered_;
  const bool is_udp = target_.transports.contains(Transport::Udp);
  const std::string request = options_request(target_, here_, is_udp ? Transport::Udp : Transport::Tcp);
  if (is_udp) {
    stage_.send(0, target_.endpoint, request);
  } else {
    if (!stage_.is_open(connection_)) connection_ = stage_.connect(0, target_.endpoint);
    stage_.send(connection_, request);
  }
  timer_.expires_after(between);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && gone_) ask();
  });
}

}  // namespace intermediary::conformance
