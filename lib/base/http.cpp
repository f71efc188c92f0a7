#include "base/http.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

constexpr std::uint16_t usual_port(bool is_secure) { return is_secure ? 443 : 80; }

bool is_host_char(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

// What may stand in a request line: printable ASCII, and no blank that would end it (RFC 9112 §3).
bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '#' && c != '"' && c != '<'; });
}

// The host in front of `rest`, which is left behind it; an address of IPv6 stands in brackets.
std::optional<std::string> take_host(std::string_view& rest) {
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const auto address = IpAddress::parse(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
    return address ? std::optional(address->to_string()) : std::nullopt;
  }
  const std::size_t end = std::min(rest.find_first_of(":/?"), rest.size());
  const std::string_view host = rest.substr(0, end);
  rest.remove_prefix(end);
  constexpr std::size_t most = 253;
  if (host.empty() || host.size() > most || !std::ranges::all_of(host, is_host_char)) return std::nullopt;
  return lowercase(host);
}

IpAddress v4_in(std::string_view octets) {
  std::array<std::uint8_t, 4> four{};
  std::ranges::transform(octets.substr(0, 4), four.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return IpAddress::v4(four);
}

bool is_in(const IpAddress& address, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view text) { return Cidr::parse(text)->contains(address); });
}

bool is_inside_v4(const IpAddress& address) {
  return is_in(address, {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                         "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                         "203.0.113.0/24", "224.0.0.0/3"});
}

}  // namespace

std::expected<HttpUrl, std::string> HttpUrl::parse(std::string_view text) {
  const auto wrong = [](std::string reason) { return std::unexpected(std::move(reason)); };
  if (text.size() > limit::url_bytes) return wrong("it is longer than " + std::to_string(limit::url_bytes) + " bytes");
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return wrong("a URL begins with 'https://' or 'http://'");
  HttpUrl url;
  url.is_secure = equals_ignoring_case(text.substr(0, scheme), "https");
  if (!url.is_secure && !equals_ignoring_case(text.substr(0, scheme), "http")) {
    return wrong("its scheme is neither 'https' nor 'http'");
  }
  std::string_view rest = text.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.contains('@')) return wrong("a user in it would be sent in plain sight: use a header field");
  auto host = take_host(rest);
  if (!host) return wrong("it names no host");
  url.host = *std::move(host);
  url.port = usual_port(url.is_secure);
  if (rest.starts_with(':')) {
    const std::string_view digits = rest.substr(1, rest.find_first_of("/?#") - 1);
    const auto port = parse_decimal<std::uint16_t>(digits);
    if (!port || *port == 0) return wrong("'" + std::string(digits) + "' is no port");
    url.port = *port;
    rest.remove_prefix(digits.size() + 1);
  }
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return wrong("behind its host stands no path");
  if (!is_target(rest)) return wrong("its path has a fragment, or what must be escaped");
  url.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
  return url;
}

std::string HttpUrl::authority() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  return port == usual_port(is_secure) ? name : name + ":" + std::to_string(port);
}

std::string HttpUrl::to_string() const { return (is_secure ? "https://" : "http://") + authority() + target; }

bool is_inside(const IpAddress& address) {
  if (address.is_v4()) return is_inside_v4(address);
  // RFC 4291 §2.5.5.2, RFC 6052 §2.1, RFC 3056 §2.
  constexpr std::size_t last_four = 12, behind_prefix = 2;
  if (is_in(address, {"::ffff:0:0/96", "64:ff9b::/96"})) return is_inside_v4(v4_in(address.octets().substr(last_four)));
  if (is_in(address, {"2002::/16"})) return is_inside_v4(v4_in(address.octets().substr(behind_prefix)));
  // Teredo (RFC 4380) hides its IPv4 address; nobody serves HTTP there.
  return !is_in(address, {"2000::/3"}) || is_in(address, {"2001::/23", "2001:db8::/32", "3fff::/20"});
}

}  // namespace intermediary
