// Limits of connections until they are open, and of what TLS and WebSocket let peers make grow: see limits.h.
#pragma once

#include <chrono>
#include <cstddef>

namespace intermediary::limit {

// From a connection's beginning to the end of its handshakes: PROXY header, TLS, WebSocket.
inline constexpr std::chrono::seconds handshake_deadline{5};
inline constexpr std::size_t handshakes = 1024;  // under way at one time, of all sources together
inline constexpr std::size_t proxy_header_bytes = 1024;
inline constexpr std::size_t upgrade_request_bytes = std::size_t{8} * 1024;
inline constexpr std::size_t session_cookies = 4;  // of the name that counts, that one upgrade request is asked about
inline constexpr std::size_t web_socket_message_bytes = std::size_t{64} * 1024;  // a frame, and a message of several
inline constexpr std::chrono::seconds web_socket_message_deadline{15};           // from its first byte to its last
inline constexpr std::size_t certificate_names = 128;                            // in a peer's certificate
inline constexpr std::size_t certificate_name_bytes = 1024;

}  // namespace intermediary::limit
