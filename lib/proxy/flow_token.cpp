#include "proxy/flow_token.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/base64url.h"

namespace intermediary {
namespace {

// This, and then base64url of what the token holds and an 8-octet proof of it:
//   of datagrams      'd', 4 octets listener, 2 octets port, 4 or 16 octets address
//   of a connection   'c', 8 octets start, 8 octets flow
constexpr std::string_view prefix = "ft-";
constexpr std::size_t proof_bytes = 8;
constexpr std::size_t before_address = 1 + 4 + 2;

std::string proof_of(const FlowTokenKey& key, std::string_view held) {
  std::string proof;
  append_number(proof, KeyedHash(key.key).field("flow token").field(held).finish(), proof_bytes);
  return proof;
}

template <std::size_t size>
std::array<std::uint8_t, size> octets_of(std::string_view bytes) {
  std::array<std::uint8_t, size> octets{};
  std::ranges::copy(bytes.substr(0, size), octets.begin());
  return octets;
}

std::expected<Hop, FlowTokenFault> read_datagrams(std::string_view held) {
  const std::string_view address = held.substr(std::min(held.size(), before_address));
  if (address.size() != 4 && address.size() != 16) return std::unexpected(FlowTokenFault::Forged);
  Hop hop;
  hop.listener = ListenerId{static_cast<std::uint32_t>(read_number(held.substr(1, 4)))};
  hop.remote.port = static_cast<std::uint16_t>(read_number(held.substr(5, 2)));
  hop.remote.address =
      address.size() == 4 ? IpAddress::v4(octets_of<4>(address)) : IpAddress::v6(octets_of<16>(address));
  return hop;
}

std::expected<Hop, FlowTokenFault> read_connection(const FlowTokenKey& key, std::string_view held) {
  if (held.size() != 17) return std::unexpected(FlowTokenFault::Forged);
  if (read_number(held.substr(1, 8)) != key.start) return std::unexpected(FlowTokenFault::Outlived);
  Hop hop;
  hop.transport = Transport::Tcp;
  hop.flow = FlowId{read_number(held.substr(9, 8))};
  return hop;
}

}  // namespace

std::string flow_token(const FlowTokenKey& key, const Hop& flow) {
  assert(flow.flow || flow.transport == Transport::Udp);
  std::string held;
  if (flow.flow) {
    held += 'c';
    append_number(held, key.start, 8);
    append_number(held, flow.flow.value, 8);
  } else {
    held += 'd';
    append_number(held, flow.listener.value, 4);
    append_number(held, flow.remote.port, 2);
    held += flow.remote.address.octets();
  }
  return std::string(prefix) + to_base64url(held + proof_of(key, held));
}

bool is_flow_token(std::string_view user) { return user.starts_with(prefix); }

std::expected<Hop, FlowTokenFault> read_flow_token(const FlowTokenKey& key, std::string_view user) {
  const auto bytes = from_base64url(user.substr(prefix.size()));
  if (!bytes || bytes->size() <= proof_bytes) return std::unexpected(FlowTokenFault::Forged);
  const std::string_view held = std::string_view(*bytes).substr(0, bytes->size() - proof_bytes);
  if (proof_of(key, held) != std::string_view(*bytes).substr(held.size())) {
    return std::unexpected(FlowTokenFault::Forged);
  }
  return held.front() == 'c' ? read_connection(key, held) : read_datagrams(held);
}

}  // namespace intermediary
