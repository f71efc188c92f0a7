#include "sim/replay/capture.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace intermediary::sim {
namespace {

constexpr std::uint8_t protocol_tcp = 6, protocol_udp = 17;
constexpr std::uint8_t flag_fin = 0x01, flag_syn = 0x02, flag_psh = 0x08, flag_ack = 0x10;
constexpr std::size_t segment_bytes = 1400;
constexpr std::size_t largest_datagram = 65000;  // more does not fit into one packet with its headers

void put16(std::string& to, std::uint64_t value) {
  to += static_cast<char>(value >> 8 & 0xff);
  to += static_cast<char>(value & 0xff);
}
void put32(std::string& to, std::uint64_t value) {
  put16(to, value >> 16);
  put16(to, value);
}
void put32_low_first(std::string& to, std::uint64_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8) to += static_cast<char>(value & 0xff);
}

// RFC 1071.
std::uint16_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
    sum += i % 2 == 0 ? octet << 8 : octet;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

void set16(std::string& in, std::size_t at, std::uint16_t value) {
  in[at] = static_cast<char>(value >> 8);
  in[at + 1] = static_cast<char>(value & 0xff);
}

class Capture {
 public:
  explicit Capture(WallTime wall_at_zero) : wall_at_zero_(wall_at_zero) {
    put32_low_first(file_, 0xa1b23c4d);  // nanoseconds
    put32_low_first(file_, 2 | 4 << 16);
    put32_low_first(file_, 0);
    put32_low_first(file_, 0);
    put32_low_first(file_, 65535);
    put32_low_first(file_, 101);  // LINKTYPE_RAW: IPv4 or IPv6
  }

  void add(const Transmission& sent) {
    time_ = sent.time;
    if (sent.source.address.is_v4() != sent.destination.address.is_v4()) return;
    if (sent.transport == Transport::Udp) return add_datagram(sent);
    Connection& connection = connection_of(sent);
    if (sent.kind == Transmission::Kind::Open) return;  // the handshake is there
    if (sent.kind == Transmission::Kind::Close) return finish(connection, sent);
    for (std::string_view rest = sent.bytes; !rest.empty(); rest.remove_prefix(std::min(segment_bytes, rest.size()))) {
      add_segment(connection, sent.source, flag_psh | flag_ack, rest.substr(0, segment_bytes));
    }
  }

  std::string take() { return std::move(file_); }

 private:
  struct Connection {
    Endpoint one, other;
    std::map<Endpoint, std::uint32_t> sent{};  // the next sequence number of each side
  };

  static std::pair<Endpoint, Endpoint> ends_of(const Transmission& sent) {
    return {std::min(sent.source, sent.destination), std::max(sent.source, sent.destination)};
  }

  void add_datagram(const Transmission& sent) {
    const std::string_view bytes = std::string_view(sent.bytes).substr(0, largest_datagram);
    std::string datagram;
    put16(datagram, sent.source.port);
    put16(datagram, sent.destination.port);
    put16(datagram, 8 + bytes.size());
    put16(datagram, 0);
    datagram += bytes;
    std::uint16_t sum =
        checksum(pseudo_header(sent.source, sent.destination, protocol_udp, datagram.size()) + datagram);
    if (sum == 0) sum = 0xffff;  // RFC 768: 0 says that there is none
    set16(datagram, 6, sum);
    add_packet(sent.source, sent.destination, protocol_udp, datagram);
  }

  // The first that is seen of a connection opens it.
  Connection& connection_of(const Transmission& sent) {
    const auto [found, is_new] = connections_.try_emplace(ends_of(sent));
    Connection& connection = found->second;
    if (!is_new) return connection;
    const bool from_opener = sent.kind == Transmission::Kind::Open || sent.source.port > sent.destination.port;
    connection.one = from_opener ? sent.source : sent.destination;
    connection.other = from_opener ? sent.destination : sent.source;
    add_segment(connection, connection.one, flag_syn, {});
    if (sent.fate == Fate::Refused) return connection;
    add_segment(connection, connection.other, flag_syn | flag_ack, {});
    add_segment(connection, connection.one, flag_ack, {});
    return connection;
  }

  void finish(Connection& connection, const Transmission& sent) {
    add_segment(connection, sent.source, flag_fin | flag_ack, {});
    add_segment(connection, sent.destination, flag_fin | flag_ack, {});
    add_segment(connection, sent.source, flag_ack, {});
    connections_.erase(ends_of(sent));
  }

  void add_segment(Connection& connection, const Endpoint& from, std::uint8_t flags, std::string_view bytes) {
    const Endpoint& to = from == connection.one ? connection.other : connection.one;
    std::string segment;
    put16(segment, from.port);
    put16(segment, to.port);
    put32(segment, connection.sent[from]);
    put32(segment, (flags & flag_ack) != 0 ? connection.sent[to] : 0);
    put16(segment, 5 << 12 | flags);  // five words of header
    put16(segment, 65535);
    put32(segment, 0);
    segment += bytes;
    set16(segment, 16, checksum(pseudo_header(from, to, protocol_tcp, segment.size()) + segment));
    connection.sent[from] += static_cast<std::uint32_t>(bytes.size()) + ((flags & (flag_syn | flag_fin)) != 0 ? 1 : 0);
    add_packet(from, to, protocol_tcp, segment);
  }

  // RFC 768, RFC 9293 §3.1, RFC 8200 §8.1: what the checksum covers besides.
  static std::string pseudo_header(const Endpoint& from, const Endpoint& to, std::uint8_t protocol,
                                   std::size_t length) {
    std::string header(from.address.octets());
    header += to.address.octets();
    if (from.address.is_v4()) {
      put16(header, protocol);
      put16(header, length);
    } else {
      put32(header, length);
      put32(header, protocol);
    }
    return header;
  }

  void add_packet(const Endpoint& from, const Endpoint& to, std::uint8_t protocol, const std::string& contents) {
    std::string packet;
    if (from.address.is_v4()) {
      put16(packet, 0x4500);
      put16(packet, 20 + contents.size());
      put16(packet, ++packets_);
      put16(packet, 0);
      put16(packet, 64 << 8 | protocol);
      put16(packet, 0);
      packet += from.address.octets();
      packet += to.address.octets();
      set16(packet, 10, checksum(packet));
    } else {
      put32(packet, 0x60000000);
      put16(packet, contents.size());
      put16(packet, protocol << 8 | 64);
      packet += from.address.octets();
      packet += to.address.octets();
    }
    packet += contents;
    const std::chrono::nanoseconds time = wall_at_zero_.time_since_epoch() + time_.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    put32_low_first(file_, static_cast<std::uint64_t>(seconds.count()));
    put32_low_first(file_, static_cast<std::uint64_t>((time - seconds).count()));
    put32_low_first(file_, packet.size());
    put32_low_first(file_, packet.size());
    file_ += packet;
  }

  WallTime wall_at_zero_;
  TimePoint time_{};
  std::string file_;
  std::uint64_t packets_ = 0;
  std::map<std::pair<Endpoint, Endpoint>, Connection> connections_;
};

}  // namespace

std::string capture_of(const std::vector<Transmission>& transcript, WallTime wall_at_zero) {
  Capture capture(wall_at_zero);
  for (const Transmission& sent : transcript) capture.add(sent);
  return capture.take();
}

}  // namespace intermediary::sim
