// What carries bytes over one connected, non-blocking socket: the socket itself, or TLS on it.
//
// Nothing here waits: what cannot be done now says for what the socket has to become ready, and is asked again then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "transport/certificate.h"

namespace intermediary {

struct IoResult {
  enum class Status : std::uint8_t { Done, WantsRead, WantsWrite, Closed, Failed };
  Status status = Status::Done;
  std::size_t bytes = 0;
  std::string reason{};  // Failed: one line
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Done: bytes may flow.
  virtual IoResult shake_hands() { return {}; }
  // REQUIRES from here on: hands were shaken.
  virtual IoResult read(std::span<char> target) = 0;
  // Writes some of them, in order. What was not written has to be offered again, the same.
  virtual IoResult write(std::span<const std::string_view> pieces) = 0;
  // There is more to read than the socket will tell.
  virtual bool has_read_ahead() const { return false; }
  // Tells the peer that nothing more will come, as far as that goes without waiting.
  virtual void say_goodbye() {}
  // Who the peer is, where it showed a certificate; the error says what is wrong with the certificate.
  virtual std::expected<std::optional<CertificateNames>, std::string> peer() const { return std::nullopt; }
};

std::unique_ptr<ByteStream> make_plain_stream(int descriptor);

}  // namespace intermediary
