#include "runtime/net/web_socket_upgrade.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/connection_limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

namespace http = boost::beast::http;
using Request = http::request<http::empty_body>;

constexpr std::string_view subprotocol = "sip";  // RFC 7118 §4.1

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

UpgradeVerdict refuse(http::status status, const std::string& reason, std::string_view more_fields = {}) {
  const std::string body = reason + '\n';
  std::string response = "HTTP/1.1 " + std::to_string(static_cast<unsigned>(status)) + ' ';
  response.append(view(http::obsolete_reason(status))).append("\r\n").append(more_fields);
  response += "Connection: close\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body;
  return {UpgradeVerdict::Kind::Refused, std::move(response), 0, reason, {}};
}

// The only value of a field; nullopt where there is none, or several.
std::optional<std::string_view> only(const Request& request, http::field name) {
  const auto [first, last] = request.equal_range(name);
  if (std::distance(first, last) != 1) return std::nullopt;
  return trim(view(first->value()));
}

// Whether one of the comma-separated values of a field fits.
template <class Fits>
bool lists(const Request& request, http::field name, Fits fits) {
  const auto [first, last] = request.equal_range(name);
  return std::any_of(first, last, [&](const auto& field) {
    std::string_view rest = view(field.value());
    for (;;) {
      const std::size_t comma = rest.find(',');
      if (fits(trim(rest.substr(0, comma)))) return true;
      if (comma == std::string_view::npos) return false;
      rest.remove_prefix(comma + 1);
    }
  });
}

bool lists_word(const Request& request, http::field name, std::string_view word) {
  return lists(request, name, [&](std::string_view value) { return equals_ignoring_case(value, word); });
}

// §4.2.1: the base64 of 16 octets.
bool is_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") && std::ranges::all_of(key.substr(0, 22), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '+' || c == '/';
         });
}

// §4.2.2 step 5
std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * (SHA_DIGEST_LENGTH + 2) / 3 + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
  return {encoded.begin(), encoded.begin() + length};
}

bool has_body(const Request& request) {
  return request.count(http::field::transfer_encoding) != 0 ||
         lists(request, http::field::content_length, [](std::string_view length) { return length != "0"; });
}

bool may_come_from(const Request& request, std::span<const std::string> origins) {
  if (origins.empty()) return true;
  const auto origin = only(request, http::field::origin);
  return origin && std::ranges::any_of(origins, [&](const auto& each) { return equals_ignoring_case(each, *origin); });
}

std::vector<std::string_view> all(const Request& request, http::field name) {
  std::vector<std::string_view> values;
  const auto [first, last] = request.equal_range(name);
  for (auto field = first; field != last; ++field) values.push_back(trim(view(field->value())));
  return values;
}

// Without users there is nothing to challenge for, and a 401 has a challenge (RFC 9110 §15.5.2).
UpgradeVerdict refuse_stranger(const std::string& reason, const DigestRealm* users) {
  if (!users) return refuse(http::status::forbidden, reason);
  return refuse(http::status::unauthorized, reason,
                "WWW-Authenticate: Basic realm=\"" + users->realm + "\", charset=\"UTF-8\"\r\n");
}

UpgradeVerdict check(const Request& request, std::size_t size, const UpgradeRules& rules, WallTime now) {
  if (request.method() != http::verb::get) {
    return refuse(http::status::method_not_allowed, "only GET, to become a WebSocket", "Allow: GET\r\n");
  }
  if (request.version() < 11) return refuse(http::status::bad_request, "HTTP older than 1.1");
  if (!only(request, http::field::host)) return refuse(http::status::bad_request, "no Host, or several");
  if (has_body(request)) return refuse(http::status::bad_request, "a GET with a body");
  if (!lists_word(request, http::field::upgrade, "websocket") ||
      !lists_word(request, http::field::connection, "upgrade")) {
    return refuse(http::status::upgrade_required, "this is a WebSocket for SIP",
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (only(request, http::field::sec_websocket_version) != "13") {
    return refuse(http::status::upgrade_required, "a WebSocket version other than 13",
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  const auto key = only(request, http::field::sec_websocket_key);
  if (!key || !is_key(*key)) return refuse(http::status::bad_request, "no Sec-WebSocket-Key, or a bad one");
  if (!may_come_from(request, rules.origins)) return refuse(http::status::forbidden, "this Origin may not connect");
  const auto is_ours = [](std::string_view value) { return value == subprotocol; };
  if (!lists(request, http::field::sec_websocket_protocol, is_ours)) {
    return refuse(http::status::bad_request, "the subprotocol 'sip' is not offered");
  }
  std::expected<HandshakeUser, std::string> user;
  if (rules.auth) {
    user = who_opens(*rules.auth, rules.users,
                     {all(request, http::field::cookie), all(request, http::field::authorization)}, now);
    if (!user) return refuse_stranger(user.error(), rules.users);
  }
  return {UpgradeVerdict::Kind::Accepted,
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
              accept_of(*key) + "\r\nSec-WebSocket-Protocol: " + std::string(subprotocol) + "\r\n\r\n",
          size,
          {},
          *std::move(user)};
}

}  // namespace

UpgradeRules upgrade_rules(const Config& config, const ListenerConfig& listener) {
  UpgradeRules rules{.origins = listener.origins};
  if (listener.handshake_auth.empty()) return rules;
  rules.auth = &*std::ranges::find(config.handshake_auth, listener.handshake_auth, &HandshakeAuth::name);
  if (!rules.auth->auth.empty()) rules.users = &*std::ranges::find(config.auth, rules.auth->auth, &DigestRealm::name);
  return rules;
}

UpgradeVerdict check_upgrade(std::string_view bytes, const UpgradeRules& rules, WallTime now) {
  constexpr std::string_view end = "\r\n\r\n";
  const std::size_t found = bytes.substr(0, limit::upgrade_request_bytes).find(end);
  if (found == std::string_view::npos) {
    if (bytes.size() < limit::upgrade_request_bytes) return {};
    return refuse(http::status::request_header_fields_too_large, "an HTTP request that is too long");
  }
  const std::size_t size = found + end.size();
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limit::upgrade_request_bytes));
  boost::beast::error_code error;
  const std::size_t taken = parser.put(boost::asio::buffer(bytes.data(), size), error);
  if (error || !parser.is_header_done() || taken != size) {
    return refuse(http::status::bad_request, "no HTTP request" + (error ? ": " + error.message() : std::string()));
  }
  return check(parser.get(), size, rules, now);
}

}  // namespace intermediary
