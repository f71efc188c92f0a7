// The TLS side of a configuration, with its files read: one snapshot that never changes. A reload makes another one;
// connections keep theirs, by a reference.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "engine/config.h"
#include "runtime/net/byte_stream.h"
#include "runtime/net/tls_files.h"

namespace intermediary {

// Whether any of its listeners does.
bool speaks_tls(const Config& config);

class TlsContexts : public std::enable_shared_from_this<TlsContexts> {
 public:
  // Reads every file that the configuration names. The error names the certificate, the file and the cause.
  static std::expected<std::shared_ptr<const TlsContexts>, std::string> load(const Config& config);

  // TLS over an accepted connection. REQUIRES: a listener of transport TLS or WSS.
  std::unique_ptr<ByteStream> serve(ListenerId listener, int descriptor) const;
  // TLS over a connection to a server of that name (SNI, RFC 6066 §3; "": none); where it asks for a certificate, it
  // gets the first one of `listener`. The server's chain must lead to an authority.
  std::unique_ptr<ByteStream> connect(ListenerId listener, const std::string& server_name, int descriptor) const;

  std::size_t certificates() const { return certificates_.size(); }
  // What an operator should know: certificates that have expired, or will within a week. A line each.
  std::vector<std::string> warnings() const;

 private:
  // One listener's: a context for each certificate that it may show, the first by default.
  struct Served {
    const LoadedCertificate* certificate;
    ContextPtr context;
  };
  struct Side {
    std::vector<Served> served;
    ContextPtr client;
  };

  TlsContexts() = default;
  std::expected<void, std::string> read(const Config& config);
  std::expected<Side, std::string> make_side(const ListenerConfig& listener, std::uint32_t id) const;
  std::expected<ContextPtr, std::string> make_server(const ListenerConfig& listener, std::uint32_t id,
                                                     const LoadedCertificate& certificate) const;
  std::expected<ContextPtr, std::string> make_client(const LoadedCertificate* certificate) const;
  const LoadedCertificate* find(const std::string& name) const;
  static int choose(SSL* session, int* alert, void* side);

  std::vector<std::unique_ptr<LoadedCertificate>> certificates_;
  StorePtr authorities_;
  std::string authorities_file_;
  std::vector<std::unique_ptr<Side>> sides_;  // by listener; null where it speaks no TLS
  ContextPtr client_;                         // without a certificate
};

}  // namespace intermediary
