#include "runtime/net/web_socket.h"

#include <utility>

#include "base/connection_limits.h"

namespace intermediary::web_socket {
namespace {

constexpr std::uint8_t final_bit = 0x80, reserved_bits = 0x70, opcode_bits = 0x0f, mask_bit = 0x80;
constexpr std::size_t control_bytes = 125;  // §5.5
constexpr std::uint8_t length_of_two = 126, length_of_eight = 127;

std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

std::uint64_t number(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets) value = value << 8 | octet(c);
  return value;
}

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// §7.4: those with a meaning on the wire, and those of applications.
bool may_close_with(std::uint64_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

// How many octets of `rest` are one character (RFC 3629 §4); 0: none.
std::size_t character_length(std::string_view rest) {
  const std::uint8_t first = octet(rest[0]);
  if (first < 0x80) return 1;
  const auto follows = [&](std::size_t at, std::uint8_t least = 0x80, std::uint8_t most = 0xbf) {
    return at < rest.size() && octet(rest[at]) >= least && octet(rest[at]) <= most;
  };
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const std::uint8_t least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
    return follows(1, least, most) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const std::uint8_t least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void Reader::feed(std::string_view bytes) {
  input_.erase(0, std::exchange(at_, 0));
  input_.append(bytes);
}

std::optional<Event> Reader::next() {
  while (!ended_) {
    if (!in_frame_) {
      if (std::optional<Event> wrong = begin_frame()) return wrong;
      if (!in_frame_) return std::nullopt;  // its header is not whole
    }
    if (!take_payload()) return std::nullopt;
    in_frame_ = false;
    if (std::optional<Event> event = end_frame()) return event;
  }
  return std::nullopt;
}

std::optional<Event> Reader::begin_frame() {
  const std::string_view bytes = rest();
  if (bytes.size() < 2) return std::nullopt;
  const std::uint8_t first = octet(bytes[0]), second = octet(bytes[1]);
  Header header{(first & final_bit) != 0, static_cast<Opcode>(first & opcode_bits), {}, 0, 2};
  const std::uint8_t length = second & static_cast<std::uint8_t>(~mask_bit);
  const std::size_t longer = length == length_of_two ? 2 : length == length_of_eight ? 8 : 0;
  if ((second & mask_bit) == 0) return fail(protocol_error, "a WebSocket frame without a mask");  // §5.1
  if (bytes.size() < header.size + longer) return std::nullopt;
  header.length = longer == 0 ? length : number(bytes.substr(2, longer));
  header.size += longer;
  if (longer != 0 && header.length < (longer == 2 ? length_of_two : 0x10000u)) {
    return fail(protocol_error, "a WebSocket frame whose length takes more octets than it needs");
  }
  if (std::optional<Event> wrong = check(header, first)) return wrong;
  if (bytes.size() < header.size + header.mask.size()) return std::nullopt;
  for (std::size_t i = 0; i < header.mask.size(); ++i) header.mask[i] = octet(bytes[header.size + i]);
  header.size += header.mask.size();
  at_ += header.size;
  frame_ = header;
  taken_ = 0;
  in_frame_ = true;
  return std::nullopt;
}

// §5.2, §5.4, §5.5
std::optional<Event> Reader::check(const Header& header, std::uint8_t first) {
  const std::uint8_t opcode = first & opcode_bits;
  if ((first & reserved_bits) != 0) return fail(protocol_error, "a WebSocket frame with a reserved bit");
  if (!is_known(opcode)) return fail(protocol_error, "a WebSocket frame of an unknown kind");
  if (header.opcode >= Opcode::Close) {
    if (!header.final) return fail(protocol_error, "a WebSocket control frame in pieces");
    if (header.length > control_bytes) return fail(protocol_error, "a WebSocket control frame that is too long");
    return std::nullopt;
  }
  if ((header.opcode == Opcode::Continuation) != fragmented_) {
    return fail(protocol_error,
                fragmented_ ? "a WebSocket message within another" : "a WebSocket frame that continues nothing");
  }
  if (header.length > limit::web_socket_message_bytes - message_.size()) {
    return fail(too_big,
                "a WebSocket message of more than " + std::to_string(limit::web_socket_message_bytes) + " bytes");
  }
  if (!fragmented_) text_ = header.opcode == Opcode::Text;
  return std::nullopt;
}

// True when it is all there.
bool Reader::take_payload() {
  const std::string_view bytes = rest().substr(0, frame_.length - taken_);
  std::string& target = is_control() ? control_ : message_;
  target.reserve(target.size() + bytes.size());
  for (const char c : bytes) target += static_cast<char>(octet(c) ^ frame_.mask[taken_++ % frame_.mask.size()]);
  at_ += bytes.size();
  return taken_ == frame_.length;
}

std::optional<Event> Reader::end_frame() {
  if (!is_control()) fragmented_ = !frame_.final;
  if (!fragmented_) ++completed_;
  if (!is_control()) {
    return frame_.final ? end_message() : std::nullopt;
  }
  std::string payload = std::exchange(control_, {});
  switch (frame_.opcode) {
    case Opcode::Ping:
      return Ping{std::move(payload)};
    case Opcode::Close:
      return close_of(payload);
    default:
      return std::nullopt;  // a Pong: heard, and nothing to do (§5.5.3)
  }
}

std::optional<Event> Reader::end_message() {
  std::string message = std::exchange(message_, {});
  if (text_ && !is_utf8(message)) return fail(not_utf8, "a WebSocket text message that is not UTF-8");
  return Data{std::move(message)};
}

// §5.5.1: nothing, or a code and a reason.
End Reader::close_of(std::string_view payload) {
  ended_ = true;
  if (payload.empty()) return {normal, "closed by the peer"};
  if (payload.size() < 2) return fail(protocol_error, "a WebSocket Close of one octet");
  const std::uint64_t code = number(payload.substr(0, 2));
  if (!may_close_with(code)) return fail(protocol_error, "a WebSocket Close with code " + std::to_string(code));
  if (!is_utf8(payload.substr(2))) return fail(not_utf8, "a WebSocket Close whose reason is not UTF-8");
  return {static_cast<std::uint16_t>(code), "closed by the peer: " + std::to_string(code)};
}

End Reader::fail(std::uint16_t code, std::string reason) {
  ended_ = true;
  return {code, std::move(reason)};
}

std::string frame(Opcode opcode, std::string_view payload) {
  std::string bytes(1, static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode)));
  const std::uint64_t length = payload.size();
  int octets = 0;
  if (length < length_of_two) {
    bytes += static_cast<char>(length);
  } else {
    octets = length < 0x10000 ? 2 : 8;
    bytes += static_cast<char>(octets == 2 ? length_of_two : length_of_eight);
  }
  for (int i = octets - 1; i >= 0; --i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  bytes.append(payload);
  return bytes;
}

std::string message_frame(std::string_view message) {
  return frame(is_utf8(message) ? Opcode::Text : Opcode::Binary, message);
}

std::string close_frame(std::uint16_t code) {
  const char octets[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return frame(Opcode::Close, {octets, sizeof(octets)});
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace intermediary::web_socket
