#include "conformance/target/probe.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <random>

#include "base/text.h"
#include "base/utf8.h"
#include "conformance/target/stage.h"
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
constexpr std::string_view no_sip = "what answers there is not SIP";

// What to send from an address over a transport.
using Request = std::function<std::string(const Endpoint& here, Transport transport)>;

std::string written(const std::string& method, const std::string& uri, const std::string& of, const Endpoint& here,
                    Transport transport) {
  std::random_device random;
  const std::string id = std::to_string(random());
  const std::string via = "SIP/2.0/" + std::string(via_name(transport)) + ' ' + here.to_string();
  sim::WireMessage request;
  request.start_line = method + ' ' + uri + " SIP/2.0";
  request.add("Via", via + ";branch=z9hG4bK-probe-" + id + ";rport");
  request.add("Max-Forwards", "70");
  request.add("From", '<' + (of.empty() ? "sip:probe@" + here.address.to_host() : of) + ">;tag=" + id);
  request.add("To", '<' + (of.empty() ? uri : of) + '>');
  request.add("Call-ID", id + "@probe");
  request.add("CSeq", "1 " + method);
  return request.to_bytes();
}

// Waits for one operation at most that long; then it is over in any case.
template <class Socket, class Start>
error_code wait(asio::io_context& io, Socket& socket, Start start) {
  error_code result = asio::error::timed_out;
  start([&result](const error_code& error) { result = error; });
  io.restart();
  io.run_for(patience);
  if (result != asio::error::timed_out) return result;
  error_code ignored;
  socket.cancel(ignored);
  io.restart();
  io.run();
  return asio::error::timed_out;
}

std::expected<std::string, std::string> answer_over_udp(const Endpoint& target, const Request& request) {
  asio::io_context io;
  udp::socket socket(io, udp::v4());
  error_code error;
  socket.connect(udp_endpoint(target), error);
  if (error) return std::unexpected(error.message());
  const std::string bytes = request(endpoint_of(socket.local_endpoint(error)), Transport::Udp);
  std::string buffer(65536, '\0');
  for (int attempt = 0; attempt < attempts; ++attempt) {
    socket.send(asio::buffer(bytes), 0, error);
    std::size_t size = 0;
    error = wait(io, socket, [&](auto done) {
      socket.async_receive(asio::buffer(buffer), [&size, done](const error_code& failure, std::size_t count) {
        size = count;
        done(failure);
      });
    });
    if (!error) return buffer.substr(0, size);
    if (error == asio::error::connection_refused) return std::unexpected("nobody listens there for UDP");
  }
  return std::unexpected("no answer over UDP within " + std::to_string(attempts) + " s");
}

std::expected<std::string, std::string> answer_over_tcp(const Endpoint& target, const Request& request) {
  asio::io_context io;
  tcp::socket socket(io);
  const tcp::endpoint address(udp_endpoint(target).address(), target.port);
  error_code error = wait(io, socket, [&](auto done) { socket.async_connect(address, done); });
  if (error == asio::error::connection_refused) return std::unexpected("nobody listens there for TCP");
  if (error == asio::error::timed_out) return std::unexpected("no connection over TCP within 1 s");
  if (error) return std::unexpected("over TCP: " + error.message());
  const std::string bytes = request(endpoint_of(socket.local_endpoint(error)), Transport::Tcp);
  asio::write(socket, asio::buffer(bytes), error);
  std::string text, buffer(65536, '\0');
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::size_t size = 0;
    error = wait(io, socket, [&](auto done) {
      socket.async_read_some(asio::buffer(buffer), [&size, done](const error_code& failure, std::size_t count) {
        size = count;
        done(failure);
      });
    });
    text += buffer.substr(0, size);
    const auto messages = sim::cut_stream(text);
    if (!messages.empty()) return messages.front();
    if (error && error != asio::error::timed_out) break;
  }
  if (!text.empty()) return std::unexpected(std::string(no_sip));
  if (error && error != asio::error::timed_out) return std::unexpected("it closes the connection over TCP");
  return std::unexpected("no answer over TCP within " + std::to_string(attempts) + " s");
}

std::expected<sim::WireMessage, std::string> ask(const Target& target, Transport transport, const Request& request) {
  const auto answer = transport == Transport::Udp ? answer_over_udp(target.endpoint, request)
                                                  : answer_over_tcp(target.endpoint, request);
  if (!answer) return std::unexpected(answer.error());
  auto message = sim::WireMessage::read(*answer);
  if (!message || !message->is_response()) return std::unexpected(std::string(no_sip));
  return std::move(*message);
}

}  // namespace

std::string options_request(const Target& target, const Endpoint& here, Transport transport) {
  return written("OPTIONS", "sip:" + target.endpoint.to_string(), "", here, transport);
}

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

std::expected<void, std::string> check_local(const IpAddress& address) {
  asio::io_context io;
  udp::socket socket(io, udp::v4());
  error_code error;
  socket.bind(udp_endpoint({address, 0}), error);
  if (error) return std::unexpected(address.to_host() + ": " + error.message());
  return {};
}

std::expected<std::string, std::string> probe(const Target& target) {
  std::string name;
  for (const Transport transport : target.transports) {
    const auto answer = ask(target, transport,
                            [&](const Endpoint& here, Transport over) { return options_request(target, here, over); });
    if (!answer) {
      return std::unexpected("nothing answers OPTIONS at " + target.endpoint.to_string() + ": " + answer.error());
    }
    name = printable(answer->has("Server") ? answer->value("Server") : answer->value("User-Agent"));
  }
  return name;
}

std::expected<void, std::string> probe_registrar(const Target& target) {
  const std::string user = "sip:nobody-in-particular@" + target.domain;
  const auto answer = ask(target, *target.transports.begin(), [&](const Endpoint& here, Transport over) {
    return written("REGISTER", "sip:" + target.domain, user, here, over);
  });
  if (answer && answer->status() / 100 == 2) return {};
  return std::unexpected(target.endpoint.to_string() + " is no registrar that takes any user of " + target.domain +
                         " without credentials: a REGISTER of " + user + " is answered " +
                         (answer ? printable(answer->start_line) : "by nobody (" + answer.error() + ')'));
}

}  // namespace intermediary::conformance
