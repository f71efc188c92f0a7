#include "conformance/target/probe.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <random>

#include "base/text.h"
#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr int attempts = 4;
constexpr auto patience = 1s;

template <class AsioEndpoint>
Endpoint endpoint_of(const AsioEndpoint& endpoint) {
  const auto bytes = endpoint.address().to_v4().to_bytes();
  return {IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), endpoint.port()};
}

std::string options(const Endpoint& target, const Endpoint& here, Transport transport) {
  std::random_device random;
  const std::string id = std::to_string(random());
  const std::string via = "SIP/2.0/" + std::string(via_name(transport)) + ' ' + here.to_string();
  sim::WireMessage request;
  request.start_line = "OPTIONS sip:" + target.to_string() + " SIP/2.0";
  request.add("Via", via + ";branch=z9hG4bK-probe-" + id + ";rport");
  request.add("Max-Forwards", "70");
  request.add("From", "<sip:probe@" + here.address.to_host() + ">;tag=" + id);
  request.add("To", "<sip:" + target.to_string() + '>');
  request.add("Call-ID", id + "@probe");
  request.add("CSeq", "1 OPTIONS");
  return request.to_bytes();
}

// Waits for one operation at most that long.
template <class Start>
error_code wait(asio::io_context& io, Start start) {
  error_code result = asio::error::timed_out;
  start([&result](const error_code& error) { result = error; });
  io.restart();
  io.run_for(patience);
  return result;
}

std::expected<std::string, std::string> answer_over_udp(const Endpoint& target) {
  asio::io_context io;
  udp::socket socket(io, udp::v4());
  error_code error;
  socket.connect(udp_endpoint(target), error);
  if (error) return std::unexpected(error.message());
  const std::string request = options(target, endpoint_of(socket.local_endpoint(error)), Transport::Udp);
  std::string buffer(65536, '\0');
  for (int attempt = 0; attempt < attempts; ++attempt) {
    socket.send(asio::buffer(request), 0, error);
    std::size_t size = 0;
    error = wait(io, [&](auto done) {
      socket.async_receive(asio::buffer(buffer), [&size, done](const error_code& failure, std::size_t count) {
        size = count;
        done(failure);
      });
    });
    if (!error) return buffer.substr(0, size);
    socket.cancel(error);
    io.restart();
    io.run();
    if (error == asio::error::connection_refused) return std::unexpected("nobody listens there for UDP");
  }
  return std::unexpected("no answer over UDP within " + std::to_string(attempts) + " s");
}

std::expected<std::string, std::string> answer_over_tcp(const Endpoint& target) {
  asio::io_context io;
  tcp::socket socket(io);
  const auto address = udp_endpoint(target).address();
  if (const error_code error = wait(io, [&](auto done) { socket.async_connect({address, target.port}, done); })) {
    const bool refused = error == asio::error::connection_refused;
    return std::unexpected(refused ? "nobody listens there for TCP" : "over TCP: " + error.message());
  }
  error_code error;
  const std::string request = options(target, endpoint_of(socket.local_endpoint(error)), Transport::Tcp);
  asio::write(socket, asio::buffer(request), error);
  std::string text, buffer(65536, '\0');
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::size_t size = 0;
    error = wait(io, [&](auto done) {
      socket.async_read_some(asio::buffer(buffer), [&size, done](const error_code& failure, std::size_t count) {
        size = count;
        done(failure);
      });
    });
    text += buffer.substr(0, size);
    const auto messages = sim::cut_stream(text);
    if (!messages.empty()) return messages.front();
    if (error && error != asio::error::timed_out) return std::unexpected("over TCP: " + error.message());
    socket.cancel(error);
    io.restart();
    io.run();
  }
  return std::unexpected("no answer over TCP within " + std::to_string(attempts) + " s");
}

}  // namespace

std::expected<Endpoint, std::string> resolve_target(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string host = text.substr(0, colon);
  std::optional<std::uint16_t> port = 5060;
  if (colon != std::string::npos) port = parse_decimal<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (text.find('[') != std::string::npos || std::ranges::count(text, ':') > 1) {
    return std::unexpected("'" + text + "': IPv6 targets are not asked yet");
  }
  if (host.empty() || !port || *port == 0) return std::unexpected("'" + text + "' is not HOST:PORT");
  asio::io_context io;
  tcp::resolver resolver(io);
  error_code error;
  const auto found = resolver.resolve(tcp::v4(), host, std::to_string(*port), error);
  if (error || found.empty()) return std::unexpected("'" + host + "' has no IPv4 address: " + error.message());
  return endpoint_of(found.begin()->endpoint());
}

std::expected<IpAddress, std::string> local_address_towards(const Endpoint& target) {
  asio::io_context io;
  udp::socket socket(io, udp::v4());
  error_code error;
  socket.connect(udp_endpoint(target), error);
  if (error) return std::unexpected("no way to " + target.to_string() + ": " + error.message());
  return endpoint_of(socket.local_endpoint(error)).address;
}

std::expected<std::string, std::string> probe(const Target& target) {
  std::string name;
  for (const Transport transport : target.transports) {
    const auto answer =
        transport == Transport::Udp ? answer_over_udp(target.endpoint) : answer_over_tcp(target.endpoint);
    const std::string where = target.endpoint.to_string();
    if (!answer) return std::unexpected("nothing answers OPTIONS at " + where + ": " + answer.error());
    const auto message = sim::WireMessage::read(*answer);
    if (!message || !message->is_response()) return std::unexpected("what answers at " + where + " is not SIP");
    name = message->has("Server") ? message->value("Server") : message->value("User-Agent");
  }
  return name;
}

}  // namespace intermediary::conformance
