// The port to HTTP servers: what an engine asks for, and what it is told.
//
// Whoever asks says how long it may take, how much may come, and whether the answer may come from inside: an address
// that only this network can reach. That is judged by the addresses that a name has when it is connected to, never by
// the name. No redirection is followed: a 3xx is an answer like any other.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace intermediary {

// An http or https URL without user and fragment (RFC 9110 §4.2), taken apart.
struct HttpUrl {
  bool is_secure = false;
  std::string host;  // in lower case; an address of IPv6 without brackets
  std::uint16_t port = 80;
  std::string target;  // path and query, from '/' on

  // The error is one line for people.
  static std::expected<HttpUrl, std::string> parse(std::string_view text);
  // "localhost:8080", "[2001:db8::1]"; the port only where it is not the usual one.
  std::string authority() const;
  std::string to_string() const;

  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpOrder {
  std::string method = "GET";
  HttpUrl url;
  HttpFields fields{};         // beside Host, Content-Type, Content-Length and Connection
  std::string content_type{};  // of `body`; "": there is none
  std::string body{};
  Duration timeout = std::chrono::seconds(1);  // of all of it
  std::uint64_t most_bytes = 65536;            // of the answer's body
  bool may_be_inside = false;                  // see is_inside()

  friend bool operator==(const HttpOrder&, const HttpOrder&) = default;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type{};                     // in lower case, without parameters
  std::optional<std::chrono::seconds> max_age{};  // of Cache-Control; 0 for what may not be kept (RFC 9111 §5.2.2)
  std::string body{};

  friend bool operator==(const HttpAnswer&, const HttpAnswer&) = default;
};

struct HttpFailure {
  enum class Kind : std::uint8_t {
    NoAddress,    // the host's name has none
    Forbidden,    // it has only such as may not be asked
    Unreachable,  // no connection, or it broke off
    Untrusted,    // the server did not prove to be that host
    Malformed,    // what came is no HTTP
    TooLarge,
    TimedOut,
    Busy,  // too many requests are under way
  };
  Kind kind = Kind::Unreachable;
  std::string reason;  // one line for people

  friend bool operator==(const HttpFailure&, const HttpFailure&) = default;
};

using HttpResult = std::expected<HttpAnswer, HttpFailure>;

// Not of the public Internet: loopback, private, link-local, of a provider's NAT, of documentation, multicast, or IPv4
// in the clothes of IPv6 that stands for one of these (RFC 6890, RFC 4193, RFC 6598).
bool is_inside(const IpAddress& address);

}  // namespace intermediary
