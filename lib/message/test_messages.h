// Messages for the tests of this room, and short ways to parse them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "message/message.h"

namespace intermediary::samples {

inline std::string invite() {
  return "INVITE sip:bob@example.com SIP/2.0\r\n"
         "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1;rport\r\n"
         "Max-Forwards: 70\r\n"
         "From: \"Alice\" <sip:alice@example.com>;tag=1928301774\r\n"
         "To: Bob <sip:bob@example.com>\r\n"
         "Call-ID: a84b4c76e66710@192.0.2.10\r\n"
         "CSeq: 314159 INVITE\r\n"
         "Contact: <sip:alice@192.0.2.10>\r\n"
         "Content-Type: application/sdp\r\n"
         "Content-Length: 5\r\n"
         "\r\n"
         "v=0\r\n";
}

inline std::string ringing() {
  return "SIP/2.0 180 Ringing\r\n"
         "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKproxy1;received=192.0.2.99\r\n"
         "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1\r\n"
         "From: \"Alice\" <sip:alice@example.com>;tag=1928301774\r\n"
         "To: Bob <sip:bob@example.com>;tag=b0b\r\n"
         "Call-ID: a84b4c76e66710@192.0.2.10\r\n"
         "CSeq: 314159 INVITE\r\n"
         "Content-Length: 0\r\n"
         "\r\n";
}

// `text` with the one place where `from` stands changed to `to`.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == text.npos) throw std::logic_error("the sample does not hold '" + std::string(from) + "'");
  return text.replace(at, from.size(), to);
}

// The INVITE with further header lines in front of its Content-Length.
inline std::string with_lines(std::string_view lines) {
  return replaced(invite(), "Content-Length", std::string(lines) + "Content-Length");
}

// The INVITE, the one line of that name changed or, for "", taken out.
inline std::string with_line(std::string_view name, std::string_view line) {
  std::string text = invite();
  const std::size_t begin = text.find("\r\n" + std::string(name) + ":") + 2;
  const std::size_t end = text.find("\r\n", begin) + 2;
  return text.replace(begin, end - begin, line.empty() ? std::string() : std::string(line) + "\r\n");
}

inline MessagePtr parse(std::string bytes, Framing framing = Framing::Datagram) {
  auto result = Message::parse(std::move(bytes), framing, Limits{});
  if (result) return *result;
  throw std::logic_error("refused: " + result.error().error.to_string());
}

inline Refused refusal(std::string bytes, Framing framing = Framing::Datagram, const Limits& limits = {}) {
  auto result = Message::parse(std::move(bytes), framing, limits);
  if (!result) return result.error();
  throw std::logic_error("not refused");
}

}  // namespace intermediary::samples
