#include "transport/stun.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace intermediary {
namespace {

constexpr std::size_t header_bytes = 20;
constexpr std::uint16_t binding_request = 0x0001;
constexpr std::uint16_t binding_response = 0x0101;
constexpr std::uint16_t binding_error = 0x0111;
constexpr std::uint32_t magic_cookie = 0x2112a442;

constexpr std::uint16_t error_code = 0x0009;
constexpr std::uint16_t unknown_attributes = 0x000a;
constexpr std::uint16_t xor_mapped_address = 0x0020;
constexpr std::uint16_t first_optional = 0x8000;  // from here on an attribute may be passed over

// Those that RFC 5389 §18.2 says must be understood: they say nothing that counts here, and get no error.
constexpr auto understood = std::to_array<std::uint16_t>(
    {0x0001, 0x0006, 0x0008, error_code, unknown_attributes, 0x0014, 0x0015, xor_mapped_address});

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (const char octet : bytes.substr(at, count)) value = value << 8 | static_cast<std::uint8_t>(octet);
  return value;
}

std::uint16_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number_at(bytes, at, 2));
}

void append(std::string& bytes, std::uint32_t value, std::size_t count) {
  for (std::size_t i = count; i > 0; --i) bytes += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
}

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

// The attributes that must be understood and are not; nullopt where the last one does not end with the message.
std::optional<std::vector<std::uint16_t>> unknown_in(std::string_view attributes) {
  std::vector<std::uint16_t> unknown;
  for (std::size_t at = 0; at < attributes.size();) {
    if (attributes.size() - at < 4) return std::nullopt;
    const std::uint16_t type = word_at(attributes, at);
    const std::size_t size = padded(word_at(attributes, at + 2));
    if (size > attributes.size() - at - 4) return std::nullopt;
    if (type < first_optional && std::ranges::find(understood, type) == understood.end()) unknown.push_back(type);
    at += 4 + size;
  }
  return unknown;
}

// The header of an answer: with the request's magic cookie and transaction id (RFC 5389 §7.3.1.1).
std::string answer_with(std::uint16_t type, std::string_view request, std::string_view attributes) {
  std::string answer;
  append(answer, type, 2);
  append(answer, static_cast<std::uint32_t>(attributes.size()), 2);
  answer.append(request.substr(4, header_bytes - 4)).append(attributes);
  return answer;
}

// RFC 5389 §15.2: the port under the first half of the cookie, the address under cookie and transaction id.
std::string mapped_address(std::string_view request, const Endpoint& source) {
  const std::string_view address = source.address.octets();
  std::string attribute;
  append(attribute, xor_mapped_address, 2);
  append(attribute, static_cast<std::uint32_t>(4 + address.size()), 2);
  append(attribute, source.address.is_v4() ? 1 : 2, 2);
  append(attribute, source.port ^ (magic_cookie >> 16), 2);
  for (std::size_t i = 0; i < address.size(); ++i) attribute += static_cast<char>(address[i] ^ request[4 + i]);
  return attribute;
}

// RFC 5389 §15.6, §15.9: 420 without a phrase, and which they were.
std::string unknown_attribute_error(const std::vector<std::uint16_t>& unknown) {
  std::string attributes;
  append(attributes, error_code, 2);
  append(attributes, 4, 2);
  append(attributes, 4 << 8 | 20, 4);
  append(attributes, unknown_attributes, 2);
  append(attributes, static_cast<std::uint32_t>(2 * unknown.size()), 2);
  for (const std::uint16_t type : unknown) append(attributes, type, 2);
  attributes.resize(padded(attributes.size()));
  return attributes;
}

}  // namespace

std::expected<std::string, std::string_view> answer_stun(std::string_view request, const Endpoint& source) {
  if (request.size() < header_bytes) return std::unexpected("shorter than a STUN header");
  if (number_at(request, 4, 4) != magic_cookie) return std::unexpected("no magic cookie");
  const std::size_t length = word_at(request, 2);
  if (length % 4 != 0 || length != request.size() - header_bytes) return std::unexpected("its length is wrong");
  if (word_at(request, 0) != binding_request) return std::unexpected("no Binding Request");
  const auto unknown = unknown_in(request.substr(header_bytes));
  if (!unknown) return std::unexpected("an attribute is cut off");
  if (unknown->empty()) return answer_with(binding_response, request, mapped_address(request, source));
  return answer_with(binding_error, request, unknown_attribute_error(*unknown));
}

}  // namespace intermediary
