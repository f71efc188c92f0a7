#include "message/message.h"

#include "message/message_parser.h"

namespace intermediary {

std::expected<MessagePtr, Refused> Message::parse(std::string bytes, Framing framing, const Limits& limits) {
  return MessageParser(std::move(bytes), framing, limits).run();
}

std::string_view Message::method_text() const {
  if (method_ != Method::Other) return intermediary::method_text(method_);
  return is_response() ? cseq_.method : start_line().substr(0, start_line().find(' '));
}

std::string_view Message::reason() const {
  constexpr std::size_t reason_at = std::string_view("SIP/2.0 200 ").size();
  return is_response() && start_line_end_ > reason_at ? start_line().substr(reason_at) : std::string_view();
}

std::string_view Message::value(FieldName name) const {
  const Field* field = find(name);
  return field == nullptr ? std::string_view() : value(*field);
}

}  // namespace intermediary
