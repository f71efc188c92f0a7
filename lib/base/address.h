// Internet addresses and endpoints as values, with their text forms (RFC 3261 §25.1 IPv4address, IPv6reference).
// Parsing takes literals only and never asks a resolver.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

class IpAddress {
 public:
  enum class Family : std::uint8_t { V4, V6 };

  constexpr IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(std::array<std::uint8_t, 16> octets);

  // "192.0.2.1", "2001:db8::1" or "[2001:db8::1]".
  static std::optional<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::V4; }
  bool is_unspecified() const;
  bool is_loopback() const;
  // 4 or 16 octets in network order.
  std::string_view octets() const;

  // Without brackets: "2001:db8::1".
  std::string to_string() const;
  // As a host of a URI or Via: "[2001:db8::1]", "192.0.2.1".
  std::string to_host() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> octets_{};
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:5060", "[2001:db8::1]:5060"; the port is required.
  static std::optional<Endpoint> parse(std::string_view text);
  std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// An address prefix, "10.0.0.0/8" or a single address. Bits set behind the prefix are an error, not ignored: who writes
// "10.0.0.1/8" may mean something else than everything under 10.
struct Cidr {
  IpAddress network;
  std::uint8_t bits = 0;

  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;

  friend auto operator<=>(const Cidr&, const Cidr&) = default;
};

}  // namespace intermediary
