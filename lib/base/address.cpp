#include "base/address.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "base/text.h"

namespace intermediary {
namespace {

using V4Octets = std::array<std::uint8_t, 4>;
using V6Octets = std::array<std::uint8_t, 16>;
using V6Groups = std::array<std::uint16_t, 8>;

// A number without leading zeros: some readers take "010" for eight, so nobody may rely on it.
template <class Integer>
std::optional<Integer> parse_plain_decimal(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_decimal<Integer>(text);
}

// One to three digits from `at` on, 256 where there is no octet. No leading zeros: some readers take "010" for eight.
unsigned take_octet(const char*& at, const char* end) {
  constexpr unsigned none = 256;
  const auto digit = [&] { return at == end ? none : static_cast<unsigned>(static_cast<unsigned char>(*at)) - '0'; };
  unsigned octet = digit();
  if (octet > 9) return none;
  ++at;
  for (unsigned next = digit(); next <= 9; next = digit()) {
    if (octet == 0) return none;
    octet = octet * 10 + next;
    if (octet > 255) return none;
    ++at;
  }
  return octet;
}

std::optional<V4Octets> parse_v4(std::string_view text) {
  V4Octets octets{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i != 0 && (at == end || *at++ != '.')) return std::nullopt;
    const unsigned octet = take_octet(at, end);
    if (octet > 255) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(octet);
  }
  if (at != end) return std::nullopt;
  return octets;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  std::uint16_t group = 0;
  if (text.empty() || text.size() > 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), group, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return group;
}

// The groups on one side of "::"; an IPv4 address may stand last and counts for two (RFC 4291 §2.2).
std::optional<std::vector<std::uint16_t>> parse_groups(std::string_view text, bool v4_may_end_it) {
  std::vector<std::uint16_t> groups;
  if (text.empty()) return groups;
  while (groups.size() <= V6Groups().size()) {
    const auto colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && v4_may_end_it && part.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(part);
      if (!v4) return std::nullopt;
      groups.push_back(static_cast<std::uint16_t>((*v4)[0] << 8 | (*v4)[1]));
      groups.push_back(static_cast<std::uint16_t>((*v4)[2] << 8 | (*v4)[3]));
      return groups;
    }
    const auto group = parse_group(part);
    if (!group) return std::nullopt;
    groups.push_back(*group);
    if (last) return groups;
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

V6Octets to_octets(std::span<const std::uint16_t> head, std::span<const std::uint16_t> tail) {
  V6Octets octets{};
  const auto write = [&](std::size_t index, std::uint16_t group) {
    octets[2 * index] = static_cast<std::uint8_t>(group >> 8);
    octets[2 * index + 1] = static_cast<std::uint8_t>(group & 0xff);
  };
  for (std::size_t i = 0; i < head.size(); ++i) write(i, head[i]);
  for (std::size_t i = 0; i < tail.size(); ++i) write(V6Groups().size() - tail.size() + i, tail[i]);
  return octets;
}

std::optional<V6Octets> parse_v6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto groups = parse_groups(text, true);
    if (!groups || groups->size() != V6Groups().size()) return std::nullopt;
    return to_octets(*groups, {});
  }
  const auto head = parse_groups(text.substr(0, gap), false);
  const auto tail = parse_groups(text.substr(gap + 2), true);
  if (!head || !tail || head->size() + tail->size() >= V6Groups().size()) return std::nullopt;
  return to_octets(*head, *tail);
}

std::string v4_text(const std::uint8_t* octets) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(octets[i]);
  }
  return text;
}

std::string hex_text(std::uint16_t group) {
  std::array<char, 4> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16).ptr;
  return std::string(digits.data(), end);
}

struct Run {
  std::size_t begin = 0;
  std::size_t length = 0;
};

// RFC 5952 §4.2: the longest run of at least two zero groups, the first of equal ones.
Run longest_zero_run(const V6Groups& groups) {
  Run best;
  Run current;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != 0) {
      current = {};
      continue;
    }
    if (current.length == 0) current.begin = i;
    ++current.length;
    if (current.length > best.length) best = current;
  }
  return best.length >= 2 ? best : Run{};
}

// RFC 5952 §4; an IPv4-mapped address in mixed notation (§5).
std::string v6_text(const V6Octets& octets) {
  static constexpr V6Octets mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(octets.begin(), octets.begin() + 12, mapped.begin())) return "::ffff:" + v4_text(&octets[12]);
  V6Groups groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<std::uint16_t>(octets[2 * i] << 8 | octets[2 * i + 1]);
  }
  const Run zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < groups.size();) {
    if (zeros.length > 0 && i == zeros.begin) {
      text += "::";
      i += zeros.length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += hex_text(groups[i++]);
  }
  return text;
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  IpAddress address;
  address.family_ = Family::V6;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (!bracketed) {
    if (const auto octets = parse_v4(text)) return v4(*octets);
    if (!text.contains(':')) return std::nullopt;
  }
  if (const auto octets = parse_v6(bracketed ? text.substr(1, text.size() - 2) : text)) return v6(*octets);
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets_.begin(), octets_.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return octets_.back() == 1 && std::all_of(octets_.begin(), octets_.end() - 1, [](std::uint8_t o) { return o == 0; });
}

std::string_view IpAddress::octets() const {
  return {reinterpret_cast<const char*>(octets_.data()), is_v4() ? std::size_t{4} : std::size_t{16}};
}

std::string IpAddress::to_string() const { return is_v4() ? v4_text(octets_.data()) : v6_text(octets_); }

std::string IpAddress::to_host() const { return is_v4() ? to_string() : "[" + to_string() + "]"; }

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const auto port = parse_plain_decimal<std::uint16_t>(text.substr(colon + 1));
  const auto address = IpAddress::parse(host);
  if (!address || !port) return std::nullopt;
  if (!address->is_v4() && host.front() != '[') return std::nullopt;
  return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const { return address.to_host() + ":" + std::to_string(port); }

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto network = IpAddress::parse(text.substr(0, slash));
  if (!network) return std::nullopt;
  const auto width = static_cast<std::uint8_t>(8 * network->octets().size());
  if (slash == std::string_view::npos) return Cidr{*network, width};
  const auto bits = parse_plain_decimal<std::uint8_t>(text.substr(slash + 1));
  if (!bits || *bits > width) return std::nullopt;
  const std::string_view octets = network->octets();
  for (std::size_t bit = *bits; bit < width; ++bit) {
    if ((static_cast<std::uint8_t>(octets[bit / 8]) >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return Cidr{*network, *bits};
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.family() != network.family()) return false;
  const std::string_view ours = network.octets();
  const std::string_view theirs = address.octets();
  const std::size_t whole = bits / 8u;
  if (ours.substr(0, whole) != theirs.substr(0, whole)) return false;
  const unsigned rest = bits % 8u;
  if (rest == 0) return true;
  const auto difference = static_cast<std::uint8_t>(ours[whole] ^ theirs[whole]);
  return (difference >> (8 - rest)) == 0;
}

std::string Cidr::to_string() const { return network.to_string() + "/" + std::to_string(bits); }

}  // namespace intermediary
