// TLS on a socket, by OpenSSL (RFC 5246, RFC 8446).
#pragma once

#include <memory>

#include "runtime/net/byte_stream.h"
#include "runtime/net/openssl_pointers.h"

namespace intermediary {

// `session` knows its role (SSL_set_accept_state, SSL_set_connect_state) and not yet its socket. `keeps` lives as long
// as the stream.
std::unique_ptr<ByteStream> make_tls_stream(SslPtr session, int descriptor, std::shared_ptr<const void> keeps);

}  // namespace intermediary
