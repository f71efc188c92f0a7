// WebSocket frames as bytes (RFC 6455 §5), the server's side: what clients send is taken apart, what we send is framed.
//
// Pure. Frames and the messages that they make are at most limit::web_socket_message_bytes; extensions are never
// agreed on, so a reserved bit is an error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace intermediary {

namespace web_socket {

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

// RFC 6455 §7.4.1
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t no_status = 1005;  // never on the wire
inline constexpr std::uint16_t not_utf8 = 1007;
inline constexpr std::uint16_t too_big = 1009;

// One whole message, of text or binary: RFC 7118 §4.2 makes no difference.
struct Data {
  std::string bytes;
};
// To be answered with a Pong of the same bytes (§5.5.3).
struct Ping {
  std::string bytes;
};
// The peer is about to go, or is wrong in a way that ends the connection: to be answered with a Close of that code.
struct End {
  std::uint16_t code = normal;
  std::string reason;  // one line for people
};
using Event = std::variant<Data, Ping, End>;

class Reader {
 public:
  void feed(std::string_view bytes);
  // What comes next, until there is nothing whole; behind an End there is nothing.
  std::optional<Event> next();
  // Something has begun whose end is to come.
  bool is_within_message() const { return !ended_ && (in_frame_ || fragmented_ || !rest().empty()); }
  // How many messages have ended, and how many control frames that were not within one.
  std::uint64_t completed() const { return completed_; }
  // Bytes that are kept, of what has not been given yet.
  std::size_t held() const { return input_.size() + message_.size() + control_.size(); }

 private:
  struct Header {
    bool final = false;
    Opcode opcode = Opcode::Text;
    std::array<std::uint8_t, 4> mask{};
    std::uint64_t length = 0;
    std::size_t size = 0;  // of itself
  };

  std::optional<Event> begin_frame();
  std::optional<Event> check(const Header& header, std::uint8_t first);
  bool take_payload();
  std::optional<Event> end_frame();
  std::optional<Event> end_message();
  End close_of(std::string_view payload);
  End fail(std::uint16_t code, std::string reason);
  std::string_view rest() const { return std::string_view(input_).substr(at_); }
  bool is_control() const { return frame_.opcode >= Opcode::Close; }

  std::string input_;  // not looked at yet, from at_ on
  std::size_t at_ = 0;
  Header frame_;
  std::uint64_t taken_ = 0;  // of its payload
  bool in_frame_ = false;
  bool fragmented_ = false;  // a message has begun whose last frame is to come
  bool text_ = false;        // that message
  std::string message_;
  std::string control_;
  std::uint64_t completed_ = 0;
  bool ended_ = false;
};

// A frame of ours: unmasked, final (§5.1).
std::string frame(Opcode opcode, std::string_view payload);
// `message` as the one frame that carries it: text where it is UTF-8, else binary (RFC 7118 §4.2).
std::string message_frame(std::string_view message);
std::string close_frame(std::uint16_t code);

bool is_utf8(std::string_view bytes);

}  // namespace web_socket

}  // namespace intermediary
