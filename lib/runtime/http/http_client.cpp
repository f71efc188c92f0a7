#include "runtime/http/http_client.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace http = boost::beast::http;

namespace {

using AsioError = boost::system::error_code;
using TcpSocket = asio::ip::tcp::socket;
using TlsSocket = ssl::stream<TcpSocket>;
using Kind = HttpFailure::Kind;

constexpr auto kept_for = std::chrono::seconds(30);  // a connection without anything to do
constexpr int most_interim_answers = 4;              // 1xx, before the one that counts

// Whom a connection is with. What may not be inside shares none with what may.
struct HostKey {
  bool is_secure = false;
  std::string host;
  std::uint16_t port = 0;
  bool may_be_inside = false;
  friend auto operator<=>(const HostKey&, const HostKey&) = default;
};

struct Link {
  Link(asio::io_context& io, std::shared_ptr<ssl::context> whose) : tls(std::move(whose)), timer(io) {
    if (tls) {
      secure.emplace(io, *tls);
    } else {
      plain.emplace(io);
    }
  }
  TcpSocket& socket() { return secure ? secure->next_layer() : *plain; }
  template <class Do>
  void on_stream(Do what) {
    secure ? what(*secure) : what(*plain);
  }
  void close() {
    AsioError ignored;
    timer.cancel();
    socket().close(ignored);
  }

  std::shared_ptr<ssl::context> tls;  // whose authorities the peer was believed by; it outlives the session
  std::optional<TcpSocket> plain;
  std::optional<TlsSocket> secure;
  asio::steady_timer timer;  // while it is kept
  boost::beast::flat_buffer buffer;
  bool was_used = false;
};
using LinkPtr = std::shared_ptr<Link>;

class Exchange;
using ExchangePtr = std::shared_ptr<Exchange>;

// The connections to one host: those in use are counted, the others kept; who comes too late waits.
struct Host {
  std::size_t in_use = 0;
  std::vector<LinkPtr> kept;
  std::deque<std::weak_ptr<Exchange>> waiting;
  bool is_empty() const { return in_use == 0 && kept.empty() && waiting.empty(); }
};

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9111 §5.2.2: what may not be kept has no age. Nullopt where nothing is said, or what is said cannot be read.
std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control) {
  std::optional<std::chrono::seconds> age;
  while (!cache_control.empty()) {
    const std::size_t comma = std::min(cache_control.find(','), cache_control.size());
    const std::string directive = lowercase(trim(cache_control.substr(0, comma)));
    cache_control.remove_prefix(std::min(comma + 1, cache_control.size()));
    if (directive == "no-store" || directive == "no-cache") return std::chrono::seconds(0);
    constexpr std::string_view name = "max-age=";
    if (!directive.starts_with(name)) continue;
    if (const auto seconds = parse_decimal<std::uint32_t>(std::string_view(directive).substr(name.size()))) {
      age = std::chrono::seconds(*seconds);
    }
  }
  return age;
}

std::string type_of(std::string_view content_type) {
  return lowercase(trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

struct HttpClient::Implementation : std::enable_shared_from_this<Implementation> {
  explicit Implementation(Surroundings surroundings) : around(std::move(surroundings)) {}

  void begin(HttpRequest request);
  std::expected<std::shared_ptr<ssl::context>, std::string> context();
  void release(const HostKey& key, LinkPtr link, bool keep);
  void keep(const HostKey& key, const LinkPtr& link);
  void drop(const HostKey& key, const Link* link);
  void start_waiting(const HostKey& key);
  void tell(QueryId query, HttpResult result) const;
  void close();

  Surroundings around;
  std::string authorities_file;
  std::shared_ptr<ssl::context> tls;  // of them, once an https server was asked
  std::map<HostKey, Host> hosts;
  std::map<QueryId, ExchangePtr> exchanges;
  bool closed = false;
  bool asking = false;  // within ask()
};

namespace {

// One order, from its connection to its answer.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<HttpClient::Implementation> client, HttpRequest request)
      : client_(std::move(client)),
        query_(request.query),
        order_(std::move(request.order)),
        key_{order_.url.is_secure, order_.url.host, order_.url.port, order_.may_be_inside},
        deadline_(client_->around.io) {}

  const HostKey& key() const { return key_; }

  void wait_at_most() {
    deadline_.expires_after(order_.timeout);
    deadline_.async_wait([self = shared_from_this()](const AsioError& error) {
      if (!error) self->fail(Kind::TimedOut, "no answer in time");
    });
  }

  // It has its place among the connections of its host.
  void start() {
    holds_place_ = true;
    Host& host = client_->hosts[key_];
    ++host.in_use;
    if (host.kept.empty()) return find_addresses();
    link_ = std::move(host.kept.back());
    host.kept.pop_back();
    link_->timer.cancel();
    AsioError ignored;
    link_->socket().cancel(ignored);  // the wait for its end
    write();
  }

  void abandon() {
    is_over_ = true;
    deadline_.cancel();
    if (link_) link_->close();
  }

  void fail(Kind kind, std::string reason) { finish(std::unexpected(HttpFailure{kind, std::move(reason)}), false); }

 private:
  void finish(HttpResult result, bool keep) {
    if (is_over_) return;
    is_over_ = true;
    deadline_.cancel();
    const auto self = shared_from_this();
    client_->exchanges.erase(query_);
    if (holds_place_) client_->release(key_, std::move(link_), keep);
    client_->tell(query_, std::move(result));
  }

  // ---- where it is

  void find_addresses() {
    if (const auto literal = IpAddress::parse(key_.host)) return take_addresses({*literal});
    if (!client_->around.dns) return fail(Kind::NoAddress, "no name server can be asked");
    client_->around.dns->find_addresses(
        key_.host, [self = shared_from_this()](std::expected<std::vector<IpAddress>, std::string> found) {
          if (self->is_over_) return;
          if (!found) return self->fail(Kind::NoAddress, self->key_.host + ": " + found.error());
          self->take_addresses(*std::move(found));
        });
  }

  void take_addresses(std::vector<IpAddress> found) {
    for (const IpAddress& address : found) {
      if (order_.may_be_inside || !is_inside(address)) addresses_.push_back(address);
    }
    if (addresses_.empty()) {
      const std::string where = found.empty() ? "it has no address" : found.front().to_string() + " is inside";
      return fail(found.empty() ? Kind::NoAddress : Kind::Forbidden,
                  key_.host + ": " + where + (found.empty() ? "" : ", where this may not lead"));
    }
    connect();
  }

  void connect() {
    const IpAddress address = addresses_.front();
    addresses_.pop_front();
    std::shared_ptr<ssl::context> tls;
    if (key_.is_secure) {
      auto context = client_->context();
      if (!context) return fail(Kind::Untrusted, context.error());
      tls = *std::move(context);
    }
    link_ = std::make_shared<Link>(client_->around.io, std::move(tls));
    AsioError error;
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address.to_string(), error), key_.port);
    link_->socket().async_connect(endpoint, [self = shared_from_this(), link = link_](const AsioError& failed) {
      if (self->is_over_) return;
      if (!failed) return self->secure();
      if (!self->addresses_.empty()) return self->connect();
      self->fail(Kind::Unreachable, "no connection: " + failed.message());
    });
  }

  // RFC 9110 §4.3.4; a name is shown as well (RFC 6066 §3).
  void secure() {
    link_->socket().set_option(asio::ip::tcp::no_delay(true), ignored_);
    if (!link_->secure) return write();
    SSL* session = link_->secure->native_handle();
    X509_VERIFY_PARAM* wanted = SSL_get0_param(session);
    const bool is_address = IpAddress::parse(key_.host).has_value();
    const bool set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, key_.host.c_str()) == 1
                                : X509_VERIFY_PARAM_set1_host(wanted, key_.host.c_str(), key_.host.size()) == 1 &&
                                      SSL_set_tlsext_host_name(session, key_.host.c_str()) == 1;
    if (!set) return fail(Kind::Untrusted, "its name cannot be asked for");
    // Each handler keeps the connection that it is about: what is broken off ends later, and looks into it.
    link_->secure->async_handshake(
        ssl::stream_base::client, [self = shared_from_this(), link = link_](const AsioError& error) {
          if (self->is_over_) return;
          if (!error) return self->write();
          const long verdict = SSL_get_verify_result(self->link_->secure->native_handle());
          if (verdict == X509_V_OK) return self->fail(Kind::Unreachable, "no TLS: " + error.message());
          self->fail(Kind::Untrusted, std::string("its certificate: ") + X509_verify_cert_error_string(verdict));
        });
  }

  // ---- what is said

  void write() {
    request_ = {};
    request_.version(11);
    request_.method_string(order_.method);
    request_.target(order_.url.target);
    for (const auto& [name, value] : order_.fields) request_.set(name, value);
    request_.set(http::field::host, order_.url.authority());
    request_.set(http::field::accept_encoding, "identity");
    if (!order_.content_type.empty()) {
      request_.set(http::field::content_type, order_.content_type);
      request_.body() = order_.body;
    }
    request_.prepare_payload();
    link_->on_stream([&](auto& stream) {
      http::async_write(stream, request_,
                        [self = shared_from_this(), link = link_](const AsioError& error, std::size_t) {
                          if (self->is_over_) return;
                          if (error) return self->broke_off(error);
                          self->read();
                        });
    });
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(limit::http_header_bytes);
    parser_->body_limit(order_.most_bytes);
    link_->on_stream([&](auto& stream) {
      http::async_read(stream, link_->buffer, *parser_,
                       [self = shared_from_this(), link = link_](const AsioError& error, std::size_t) {
                         if (!self->is_over_) self->has_read(error);
                       });
    });
  }

  // RFC 9112 §9.3.1, §9.5: a connection that was kept may have been closed meanwhile.
  void broke_off(const AsioError& error) {
    const bool answered = parser_ && parser_->got_some();
    if (!link_->was_used || answered || order_.method != "GET") {
      return fail(Kind::Unreachable, "the connection broke off: " + error.message());
    }
    link_->close();
    link_.reset();
    find_addresses();
  }

  void has_read(const AsioError& error) {
    // A server that ends TLS without saying so has said all that the body's length promised.
    if (error == http::error::body_limit || error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
      return fail(Kind::TooLarge, "its answer is larger than it may be");
    }
    const bool is_http = error.category() == http::make_error_code(http::error::bad_method).category();
    if (error && is_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      return fail(Kind::Malformed, "its answer is no HTTP: " + error.message());
    }
    if (error) return broke_off(error);
    auto& response = parser_->get();
    if (response.result_int() / 100 == 1) {
      if (response.result_int() == 101 || ++interim_ > most_interim_answers) {
        return fail(Kind::Malformed, "it answers with " + std::to_string(response.result_int()));
      }
      return read();
    }
    if (const auto coding = response.find(http::field::content_encoding);
        coding != response.end() && !equals_ignoring_case(view_of(coding->value()), "identity")) {
      return fail(Kind::Malformed, "its answer is encoded, which was not asked for");
    }
    HttpAnswer answer;
    answer.status = static_cast<int>(response.result_int());
    answer.content_type = type_of(view_of(response[http::field::content_type]));
    answer.max_age = max_age_of(view_of(response[http::field::cache_control]));
    answer.body = std::move(response.body());
    const bool keep = response.keep_alive() && link_->buffer.size() == 0;
    link_->was_used = true;
    finish(std::move(answer), keep);
  }

  std::shared_ptr<HttpClient::Implementation> client_;
  QueryId query_;
  HttpOrder order_;
  HostKey key_;
  asio::steady_timer deadline_;
  std::deque<IpAddress> addresses_;
  LinkPtr link_;
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::string_body>> parser_;
  AsioError ignored_;
  int interim_ = 0;
  bool holds_place_ = false;
  bool is_over_ = false;
};

}  // namespace

void HttpClient::Implementation::begin(HttpRequest request) {
  const QueryId query = request.query;
  auto exchange = std::make_shared<Exchange>(shared_from_this(), std::move(request));
  exchanges.emplace(query, exchange);
  exchange->wait_at_most();
  Host& host = hosts[exchange->key()];
  if (host.in_use < limit::http_connections_per_host) return exchange->start();
  host.waiting.push_back(exchange);
}

std::expected<std::shared_ptr<ssl::context>, std::string> HttpClient::Implementation::context() {
  if (tls) return tls;
  auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
  AsioError error;
  SSL_CTX_set_min_proto_version(made->native_handle(), TLS1_2_VERSION);
  X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(made->native_handle()), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  made->set_verify_mode(ssl::verify_peer, error);
  if (authorities_file.empty()) {
    made->set_default_verify_paths(error);
  } else {
    made->load_verify_file(authorities_file, error);
  }
  if (error) {
    const std::string whose = authorities_file.empty() ? "those of the system" : "'" + authorities_file + "'";
    return std::unexpected("the authorities, " + whose + ", cannot be read: " + error.message());
  }
  return tls = std::move(made);
}

void HttpClient::Implementation::release(const HostKey& key, LinkPtr link, bool may_keep) {
  const auto found = hosts.find(key);
  if (found == hosts.end()) return;
  --found->second.in_use;
  const bool is_trusted = link && (!link->secure || link->tls == tls);  // also by the authorities of now
  if (is_trusted && may_keep && found->second.kept.size() < limit::http_idle_connections) {
    keep(key, link);
  } else if (link) {
    link->close();
  }
  start_waiting(key);
}

// Until it is used again, has nothing to do for too long, or the server says anything: there is nothing that it could
// say but that it is over.
void HttpClient::Implementation::keep(const HostKey& key, const LinkPtr& link) {
  hosts[key].kept.push_back(link);
  const std::weak_ptr<Implementation> client = weak_from_this();
  const auto end = [client, key, raw = link.get()](const AsioError& error) {
    const auto self = client.lock();
    if (self && error != asio::error::operation_aborted) self->drop(key, raw);
  };
  link->timer.expires_after(kept_for);
  link->timer.async_wait(end);
  link->socket().async_wait(TcpSocket::wait_read, end);
}

void HttpClient::Implementation::drop(const HostKey& key, const Link* link) {
  const auto found = hosts.find(key);
  if (found == hosts.end()) return;
  std::erase_if(found->second.kept, [&](const LinkPtr& kept) {
    if (kept.get() != link) return false;
    kept->close();
    return true;
  });
  if (found->second.is_empty()) hosts.erase(found);
}

void HttpClient::Implementation::start_waiting(const HostKey& key) {
  const auto found = hosts.find(key);
  if (found == hosts.end()) return;
  Host& host = found->second;
  while (!host.waiting.empty() && host.in_use < limit::http_connections_per_host) {
    const ExchangePtr next = host.waiting.front().lock();
    host.waiting.pop_front();
    if (next) return next->start();
  }
  if (host.is_empty()) hosts.erase(found);
}

void HttpClient::Implementation::tell(QueryId query, HttpResult result) const {
  if (closed) return;
  around.replied(HttpReplied{query, std::move(result)});
  if (!asking) around.settled();
}

void HttpClient::Implementation::close() {
  closed = true;
  for (const auto& [query, exchange] : std::exchange(exchanges, {})) exchange->abandon();
  for (const auto& [key, host] : std::exchange(hosts, {})) {
    for (const LinkPtr& link : host.kept) link->close();
  }
}

HttpClient::HttpClient(Surroundings surroundings)
    : implementation_(std::make_shared<Implementation>(std::move(surroundings))) {}

HttpClient::~HttpClient() { implementation_->close(); }

void HttpClient::trust(std::string authorities_file) {
  implementation_->authorities_file = std::move(authorities_file);
  implementation_->tls.reset();
  // Whoever was trusted before proves himself anew; so does who is being asked now, when he has answered (release()).
  for (auto& [key, host] : implementation_->hosts) {
    for (const LinkPtr& link : std::exchange(host.kept, {})) link->close();
  }
  std::erase_if(implementation_->hosts, [](const auto& entry) { return entry.second.is_empty(); });
}

void HttpClient::ask(HttpRequest request) {
  implementation_->asking = true;
  implementation_->begin(std::move(request));
  implementation_->asking = false;
}

}  // namespace intermediary
