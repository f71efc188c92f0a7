#include "runtime/net/tls_contexts.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "base/text.h"
#include "event/event.h"
#include "runtime/net/certificate_names.h"
#include "runtime/net/tls_stream.h"

namespace intermediary {
namespace {

using Error = std::unexpected<std::string>;

constexpr long ticket_seconds = 3600;

// Whether the certificate is for that name: by a DNS name (RFC 6125), or by the domain of a SIP URI (RFC 5922 §7.1).
bool names(const LoadedCertificate& certificate, std::string_view name) {
  if (X509_check_host(certificate.leaf.get(), name.data(), name.size(), 0, nullptr) == 1) return true;
  const auto all = names_in(*certificate.leaf);
  return all && std::ranges::any_of(all->uris, [&](const std::string& uri) {
           return equals_ignoring_case(uri, "sip:" + std::string(name));
         });
}

std::expected<void, std::string> show(SSL_CTX* context, const LoadedCertificate& certificate) {
  if (SSL_CTX_use_cert_and_key(context, certificate.leaf.get(), certificate.key.get(), certificate.chain.get(), 1) ==
      1) {
    return {};
  }
  return Error("certificate '" + certificate.name + "': " + openssl_reason());
}

ContextPtr make_context(const SSL_METHOD* method, X509_STORE* authorities) {
  ContextPtr context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A message says where it ends: a connection that just stops cuts nothing off unseen.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set1_cert_store(context.get(), authorities);
  return context;
}

// A ticket would bring back who showed a certificate an hour ago: where certificates count, each connection shows its
// own. Elsewhere one ticket each, under keys that end with the snapshot.
void set_tickets(SSL_CTX* context, std::uint32_t listener, bool certificates_count) {
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(&listener), sizeof(listener));
  SSL_CTX_set_timeout(context, ticket_seconds);
  SSL_CTX_set_num_tickets(context, certificates_count ? 0 : 1);
  if (certificates_count) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
}

int verify_mode(ListenerConfig::ClientCertificate wanted) {
  switch (wanted) {
    case ListenerConfig::ClientCertificate::Unasked:
      return SSL_VERIFY_NONE;
    case ListenerConfig::ClientCertificate::Asked:
      return SSL_VERIFY_PEER;
    case ListenerConfig::ClientCertificate::Required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER;
}

}  // namespace

bool speaks_tls(const Config& config) {
  return std::ranges::any_of(config.listeners, [](const ListenerConfig& each) { return is_secure(each.transport); });
}

std::expected<std::shared_ptr<const TlsContexts>, std::string> TlsContexts::load(const Config& config) {
  const std::shared_ptr<TlsContexts> contexts(new TlsContexts);
  if (auto done = contexts->read(config); !done) return Error(std::move(done.error()));
  return contexts;
}

std::expected<void, std::string> TlsContexts::read(const Config& config) {
  for (const CertificateConfig& each : config.certificates) {
    auto loaded = load_certificate(each);
    if (!loaded) return Error(std::move(loaded.error()));
    certificates_.push_back(std::make_unique<LoadedCertificate>(std::move(*loaded)));
  }
  auto authorities = load_authorities(config.authorities_file);
  if (!authorities) return Error(std::move(authorities.error()));
  authorities_ = std::move(*authorities);
  authorities_file_ = config.authorities_file;
  auto client = make_client(nullptr);
  if (!client) return Error(std::move(client.error()));
  client_ = std::move(*client);
  for (const ListenerConfig& listener : config.listeners) {
    sides_.emplace_back();
    if (!is_secure(listener.transport)) continue;
    auto side = make_side(listener, static_cast<std::uint32_t>(sides_.size()));
    if (!side) return Error("listener '" + listener.name + "': " + side.error());
    sides_.back() = std::make_unique<Side>(std::move(*side));
    for (Served& served : sides_.back()->served) {
      SSL_CTX_set_tlsext_servername_callback(served.context.get(), &TlsContexts::choose);
      SSL_CTX_set_tlsext_servername_arg(served.context.get(), sides_.back().get());
    }
  }
  return {};
}

std::expected<TlsContexts::Side, std::string> TlsContexts::make_side(const ListenerConfig& listener,
                                                                     std::uint32_t id) const {
  Side side;
  if (listener.certificates.empty()) return Error("no certificate is named");
  for (const std::string& name : listener.certificates) {
    const LoadedCertificate* certificate = find(name);
    if (!certificate) return Error("there is no certificate '" + name + "'");
    auto context = make_server(listener, id, *certificate);
    if (!context) return Error(std::move(context.error()));
    side.served.push_back({certificate, std::move(*context)});
  }
  auto client = make_client(side.served.front().certificate);
  if (!client) return Error(std::move(client.error()));
  side.client = std::move(*client);
  return side;
}

std::expected<ContextPtr, std::string> TlsContexts::make_server(const ListenerConfig& listener, std::uint32_t id,
                                                                const LoadedCertificate& certificate) const {
  ContextPtr context = make_context(TLS_server_method(), authorities_.get());
  if (auto shown = show(context.get(), certificate); !shown) return Error(std::move(shown.error()));
  const bool certificates_count = listener.client_certificate != ListenerConfig::ClientCertificate::Unasked;
  SSL_CTX_set_verify(context.get(), verify_mode(listener.client_certificate), nullptr);
  if (certificates_count && !authorities_file_.empty()) {
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(authorities_file_.c_str()));
  }
  set_tickets(context.get(), id, certificates_count);
  return context;
}

std::expected<ContextPtr, std::string> TlsContexts::make_client(const LoadedCertificate* certificate) const {
  ContextPtr context = make_context(TLS_client_method(), authorities_.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (certificate) {
    if (auto shown = show(context.get(), *certificate); !shown) return Error(std::move(shown.error()));
  }
  return context;
}

const LoadedCertificate* TlsContexts::find(const std::string& name) const {
  for (const auto& each : certificates_) {
    if (each->name == name) return each.get();
  }
  return nullptr;
}

// The client has said which server it looks for (RFC 6066 §3).
int TlsContexts::choose(SSL* session, int*, void* argument) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  for (const Served& served : static_cast<const Side*>(argument)->served) {
    if (!names(*served.certificate, name)) continue;
    SSL_set_SSL_CTX(session, served.context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::unique_ptr<ByteStream> TlsContexts::serve(ListenerId listener, int descriptor) const {
  SslPtr session(SSL_new(sides_.at(listener.value - 1)->served.front().context.get()));
  SSL_set_accept_state(session.get());
  return make_tls_stream(std::move(session), descriptor, shared_from_this());
}

std::unique_ptr<ByteStream> TlsContexts::connect(ListenerId listener, const std::string& server_name,
                                                 int descriptor) const {
  const bool known = listener && listener.value <= sides_.size() && sides_[listener.value - 1];
  SslPtr session(SSL_new(known ? sides_[listener.value - 1]->client.get() : client_.get()));
  SSL_set_connect_state(session.get());
  if (!server_name.empty() && !IpAddress::parse(server_name)) {
    SSL_set_tlsext_host_name(session.get(), server_name.c_str());
  }
  return make_tls_stream(std::move(session), descriptor, shared_from_this());
}

std::vector<std::string> TlsContexts::warnings() const {
  std::vector<std::string> lines;
  for (const auto& each : certificates_) {
    const std::string problem = problem_with_age(*each, 7);
    if (problem.empty()) continue;
    lines.push_back("certificate-expiry name=" + log_value(each->name) + " reason=" + log_value(problem));
  }
  return lines;
}

}  // namespace intermediary
