#include "runtime/control/http_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "base/percent.h"
#include "runtime/writable.h"

namespace intermediary {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t most_connections = 64;
constexpr std::uint32_t most_header_bytes = 8192;
constexpr std::uint64_t most_body_bytes = 65536;        // read, and looked at by nobody
constexpr auto patience = std::chrono::seconds(5);      // for a whole request, and for an answer to be taken
constexpr auto pause = std::chrono::milliseconds(200);  // after a failure to accept: no descriptor is left
constexpr auto idle = std::chrono::seconds(60);         // between two

constexpr const char* something_else = "something else stands there";

std::string cannot_make(const std::string& path, const std::string& reason) {
  return "cannot make the control socket '" + path + "': " + reason;
}

using GenericSocket = asio::generic::stream_protocol::socket;
using ErrorCode = boost::system::error_code;

}  // namespace

struct HttpServer::Implementation : std::enable_shared_from_this<Implementation> {
  Implementation(asio::io_context& io, Handler handler) : io(io), handler(std::move(handler)) {}

  asio::io_context& io;
  Handler handler;
  std::optional<asio::ip::tcp::acceptor> tcp;
  std::optional<asio::local::stream_protocol::acceptor> local;
  IpAddress address;  // of the port
  std::string socket_path;
  std::size_t connections = 0;
  asio::steady_timer rest{io};
  bool closed = false;

  template <class Acceptor>
  void accept(Acceptor& acceptor);
  void serve(GenericSocket socket);
};

namespace {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(GenericSocket socket, std::shared_ptr<HttpServer::Implementation> server)
      : socket_(std::move(socket)), server_(std::move(server)), timer_(server_->io) {
    ++server_->connections;
  }
  ~Connection() { --server_->connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(most_header_bytes);
    parser_->body_limit(most_body_bytes);
    limit(first_ ? std::chrono::steady_clock::duration(patience) : std::chrono::steady_clock::duration(idle));
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->has_read(error); });
  }

 private:
  void limit(std::chrono::steady_clock::duration how_long) {
    timer_.expires_after(how_long);
    timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
      const auto self = weak.lock();
      if (!error && self) self->close();
    });
  }

  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  void has_read(const ErrorCode& error) {
    if (error == http::error::end_of_stream || error == asio::error::operation_aborted || server_->closed) {
      return close();
    }
    if (error && error.category() != beast::http::make_error_code(http::error::bad_method).category()) return close();
    is_head_ = false;
    if (error) return write({400, "text/plain", "no request of HTTP: " + error.message() + "\n"}, false);
    const auto& request = parser_->get();
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = target.find('?');
    auto path = percent_decoded(target.substr(0, mark));
    if (!path || !path->starts_with('/')) return write({400, "text/plain", "no path\n"}, false);
    ServedRequest asked{std::string(request.method_string()), *std::move(path),
                        mark == std::string_view::npos ? std::string() : std::string(target.substr(mark + 1))};
    const bool keep = request.keep_alive();
    is_head_ = request.method() == http::verb::head;
    timer_.cancel();
    server_->handler(asked,
                     [self = shared_from_this(), keep](ServedReply reply) { self->write(std::move(reply), keep); });
  }

  void write(ServedReply reply, bool keep) {
    response_.emplace();
    response_->result(static_cast<unsigned>(reply.status));
    response_->set(http::field::content_type, reply.type);
    response_->set(http::field::cache_control, "no-store");
    response_->keep_alive(keep);
    if (is_head_) {  // RFC 9110 §9.3.2: what GET would say, without its content
      response_->content_length(reply.body.size());
    } else {
      response_->body() = std::move(reply.body);
      response_->prepare_payload();
    }
    limit(patience);
    http::async_write(socket_, *response_, [self = shared_from_this(), keep](const ErrorCode& error, std::size_t) {
      self->first_ = false;
      error || !keep ? self->close() : self->read();
    });
  }

  GenericSocket socket_;
  std::shared_ptr<HttpServer::Implementation> server_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  bool first_ = true;
  bool is_head_ = false;
};

}  // namespace

template <class Acceptor>
void HttpServer::Implementation::accept(Acceptor& acceptor) {
  acceptor.async_accept([self = shared_from_this(), &acceptor](const ErrorCode& error, auto socket) {
    if (self->closed || error == asio::error::operation_aborted) return;
    if (!error) {
      if (self->connections < most_connections) {
        std::make_shared<Connection>(GenericSocket(std::move(socket)), self)->read();
      }
      return self->accept(acceptor);
    }
    self->rest.expires_after(pause);
    self->rest.async_wait([self, &acceptor](const ErrorCode&) {
      if (!self->closed) self->accept(acceptor);
    });
  });
}

HttpServer::HttpServer(std::shared_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

HttpServer::~HttpServer() {
  implementation_->closed = true;
  implementation_->rest.cancel();
  ErrorCode ignored;
  if (implementation_->tcp) implementation_->tcp->close(ignored);
  if (implementation_->local) {
    implementation_->local->close(ignored);
    ::unlink(implementation_->socket_path.c_str());
  }
}

Endpoint HttpServer::local() const { return {implementation_->address, implementation_->tcp->local_endpoint().port()}; }

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::on_port(asio::io_context& io, const Endpoint& bind,
                                                                            Handler handler) {
  auto server = std::make_shared<Implementation>(io, std::move(handler));
  server->address = bind.address;
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(bind.address.to_string()), bind.port);
  ErrorCode error;
  server->tcp.emplace(io);
  asio::ip::tcp::acceptor& acceptor = *server->tcp;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected("cannot listen on http:" + bind.to_string() + ": " + error.message());
  server->accept(acceptor);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(server)));
}

std::string HttpServer::problem_with_socket(const std::string& path) {
  struct stat state{};
  if (::lstat(path.c_str(), &state) == 0) return S_ISSOCK(state.st_mode) ? "" : cannot_make(path, something_else);
  const int reason = why_not_writable(path);
  return reason == 0 ? "" : cannot_make(path, std::generic_category().message(reason));
}

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::on_socket(asio::io_context& io,
                                                                              const std::string& path,
                                                                              Handler handler) {
  const auto cannot = [&](const std::string& reason) { return std::unexpected(cannot_make(path, reason)); };
  const asio::local::stream_protocol::endpoint endpoint(path);
  struct stat state{};
  if (::lstat(path.c_str(), &state) == 0) {
    if (!S_ISSOCK(state.st_mode)) return cannot(something_else);
    asio::local::stream_protocol::socket probe(io);
    ErrorCode in_use;
    probe.connect(endpoint, in_use);
    if (!in_use) return cannot("another process listens on it");
    ::unlink(path.c_str());
  }
  auto server = std::make_shared<Implementation>(io, std::move(handler));
  server->socket_path = path;
  ErrorCode error;
  server->local.emplace(io);
  asio::local::stream_protocol::acceptor& acceptor = *server->local;
  const mode_t before = ::umask(S_IXUSR | S_IXGRP | S_IRWXO);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  ::umask(before);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    server->local.reset();
    return cannot(error.message());
  }
  server->accept(acceptor);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(server)));
}

}  // namespace intermediary
