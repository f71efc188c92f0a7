#include "transport/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/connection_limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

using Result = std::expected<ProxyHeader, std::string_view>;

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t text_least = 15;   // "PROXY UNKNOWN\r\n"
constexpr std::size_t text_least4 = 32;  // "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"
constexpr std::size_t text_least6 = 22;  // "PROXY TCP6 :: :: 1 1\r\n"
constexpr std::size_t text_most = 107;
constexpr std::size_t binary_fixed = 16;  // up to and with the length of the rest

std::uint8_t octet(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t two_octets(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

template <std::size_t size>
std::array<std::uint8_t, size> octets_at(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, size> octets{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, octets.begin());
  return octets;
}

// What both begin with, so far as it is there.
bool agree(std::string_view bytes, std::string_view start) {
  const std::size_t length = std::min(bytes.size(), start.size());
  return bytes.substr(0, length) == start.substr(0, length);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_decimal<std::uint16_t>(text);
}

std::optional<IpAddress> address_of(std::string_view text, IpAddress::Family family) {
  if (text.starts_with('[')) return std::nullopt;
  const std::optional<IpAddress> address = IpAddress::parse(text);
  return address && address->family() == family ? address : std::nullopt;
}

// A balancer that listens for both families on one socket has IPv4 clients in IPv6 (RFC 4291 §2.5.5.2).
IpAddress by_own_family(const IpAddress& address) {
  constexpr std::string_view prefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  const std::string_view octets = address.octets();
  return octets.starts_with(prefix) ? IpAddress::v4(octets_at<4>(octets, prefix.size())) : address;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// "TCP4 192.0.2.7 192.0.2.1 40000 5060": whose, to whom. Behind "UNKNOWN" may stand anything, and it says nothing.
Result read_line(std::string_view line) {
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return ProxyHeader{};
  if (protocol != "TCP4" && protocol != "TCP6") return std::unexpected("a PROXY header that is not for TCP4 or TCP6");
  const auto family = protocol == "TCP4" ? IpAddress::Family::V4 : IpAddress::Family::V6;
  const auto source = address_of(take_word(line), family);
  const auto destination = address_of(take_word(line), family);
  const auto source_port = port_of(take_word(line));
  const auto destination_port = port_of(line);
  if (!source || !destination) return std::unexpected("a PROXY header with a bad address");
  if (!source_port || !destination_port) return std::unexpected("a PROXY header with a bad port");
  return ProxyHeader{0, Endpoint{by_own_family(*source), *source_port}};
}

// How long at least, by as much as is there.
std::size_t least_of(std::string_view bytes) {
  const std::string_view protocol = bytes.substr(std::min(text_start.size(), bytes.size()));
  if (protocol.starts_with("TCP4")) return text_least4;
  return protocol.starts_with("TCP6") ? text_least6 : text_least;
}

Result read_text(std::string_view bytes) {
  const std::size_t end = bytes.find('\r');
  if (end == std::string_view::npos) {
    if (bytes.size() + 2 > text_most) return std::unexpected("a PROXY header without an end");
    return ProxyHeader{std::max(least_of(bytes), bytes.size() + 2) - bytes.size(), {}};
  }
  if (end + 1 == bytes.size()) return ProxyHeader{1, {}};
  if (bytes[end + 1] != '\n' || end + 2 != bytes.size()) return std::unexpected("a PROXY header with a bad line end");
  return read_line(bytes.substr(text_start.size(), end - text_start.size()));
}

Result read_addresses(std::string_view bytes) {
  constexpr std::uint8_t tcp_over_ipv4 = 0x11, tcp_over_ipv6 = 0x21;
  constexpr std::size_t length4 = 12, length6 = 36;  // two addresses, two ports
  const std::size_t room = bytes.size() - binary_fixed;
  switch (octet(bytes, 13)) {
    case tcp_over_ipv4:
      if (room < length4) return std::unexpected("a PROXY header too short for its addresses");
      return ProxyHeader{
          0, Endpoint{IpAddress::v4(octets_at<4>(bytes, binary_fixed)), two_octets(bytes, binary_fixed + 8)}};
    case tcp_over_ipv6:
      if (room < length6) return std::unexpected("a PROXY header too short for its addresses");
      return ProxyHeader{0, Endpoint{by_own_family(IpAddress::v6(octets_at<16>(bytes, binary_fixed))),
                                     two_octets(bytes, binary_fixed + 32)}};
    default:
      return std::unexpected("a PROXY header that is not for TCP over IPv4 or IPv6");
  }
}

Result read_binary(std::string_view bytes) {
  constexpr std::uint8_t local = 0x20, proxied = 0x21;  // version 2 and the command
  if (bytes.size() < binary_fixed) return ProxyHeader{binary_fixed - bytes.size(), {}};
  const std::uint8_t command = octet(bytes, 12);
  if (command != local && command != proxied) return std::unexpected("a PROXY header of unknown version or command");
  const std::size_t whole = binary_fixed + two_octets(bytes, 14);
  if (whole > limit::proxy_header_bytes) return std::unexpected("a PROXY header that is too long");
  if (bytes.size() < whole) return ProxyHeader{whole - bytes.size(), {}};
  if (bytes.size() > whole) return std::unexpected("more than a PROXY header");
  return command == local ? Result(ProxyHeader{}) : read_addresses(bytes);
}

}  // namespace

Result read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return ProxyHeader{text_least, {}};  // the shorter of the two
  if (agree(bytes, binary_start)) return read_binary(bytes);
  if (agree(bytes, text_start)) return read_text(bytes);
  return std::unexpected("no PROXY header");
}

bool looks_like_proxy_header(std::string_view first) {
  return first.starts_with(text_start) || first.starts_with(binary_start);
}

}  // namespace intermediary
