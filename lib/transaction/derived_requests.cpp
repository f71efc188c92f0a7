// The two requests that a client transaction makes by itself, from the one it sent.
#include "message/compose.h"
#include "message/values.h"
#include "transaction/machines.h"

namespace intermediary {

namespace {

MessagePtr read_back(std::string_view sent) {
  Limits generous;
  generous.datagram_bytes = generous.stream_message_bytes = std::size_t{1} << 20;
  auto parsed = Message::parse(std::string(sent), Framing::Datagram, generous);
  return parsed ? *parsed : nullptr;
}

std::string derive(std::string_view sent, std::string_view method, std::string_view to) {
  const MessagePtr request = read_back(sent);
  if (!request) return {};
  const TopVia& via = request->top_via();
  RequestWriter writer(method, request->request_uri());
  writer.field("Via", request->bytes().substr(via.begin, via.end - via.begin));
  for (const Field& field : request->fields()) {
    if (field.name == FieldName::Route) writer.field("Route", request->value(field));
  }
  writer.field("From", request->value(FieldName::From));
  writer.field("To", to.empty() ? request->value(FieldName::To) : to);
  writer.field("Call-ID", request->call_id());
  writer.field("CSeq", std::to_string(request->cseq().number) + " " + std::string(method));
  writer.field("Max-Forwards", std::to_string(limit::max_forwards_default));
  return writer.finish();
}

}  // namespace

std::string make_ack(std::string_view invite, const Message& response) {
  return derive(invite, "ACK", response.value(FieldName::To));
}

std::string make_cancel(std::string_view request) { return derive(request, "CANCEL", {}); }

}  // namespace intermediary
