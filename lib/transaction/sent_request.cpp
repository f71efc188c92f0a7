#include "transaction/sent_request.h"

#include "base/limits.h"
#include "base/text.h"
#include "message/compose.h"
#include "message/lines.h"
#include "message/quick_values.h"

namespace intermediary {

namespace {

void read_via(SentRequest& request, const std::string& bytes, std::string_view value) {
  const auto begin = static_cast<std::size_t>(value.data() - bytes.data());
  TopVia via;
  if (scan_via(bytes, begin, begin + value.size(), via)) return;
  request.via = std::string_view(bytes).substr(via.begin, via.end - via.begin);
  request.branch = via.branch;
}

void read_field(SentRequest& request, const std::string& bytes, FieldName name, std::string_view value) {
  switch (name) {
    case FieldName::Via:
      if (request.via.empty()) read_via(request, bytes, value);
      break;
    case FieldName::Route:
      request.routes.push_back(value);
      break;
    case FieldName::From:
      request.from = value;
      break;
    case FieldName::To:
      request.to = value;
      break;
    case FieldName::CallId:
      request.call_id = value;
      break;
    case FieldName::CSeq:
      request.cseq = value.substr(0, value.find_first_not_of("0123456789"));
      break;
    default:
      break;
  }
}

// All but the method and the To are the request's own; Routes too (§9.1, §17.1.1.3).
std::string derive(const SentRequest& request, std::string_view method, std::string_view to,
                   std::string_view reason = {}) {
  RequestWriter writer(method, request.uri);
  writer.field("Via", request.via);
  for (const std::string_view route : request.routes) writer.field("Route", route);
  writer.field("From", request.from);
  writer.field("To", to);
  writer.field("Call-ID", request.call_id);
  writer.field("CSeq", std::string(request.cseq) + " " + std::string(method));
  writer.field("Max-Forwards", std::to_string(limit::max_forwards_default));
  if (!reason.empty()) writer.field("Reason", reason);
  return writer.finish();
}

}  // namespace

std::optional<SentRequest> read_sent(const std::string& bytes) {
  const char* const limit = bytes.data() + bytes.size();
  Line line = scan_line(bytes.data(), limit, false);
  const std::string_view start(bytes.data(), line.end);
  const std::size_t method_end = start.find(' ');
  if (!line.complete || method_end == start.npos || start.starts_with("SIP/")) return std::nullopt;
  SentRequest request;
  request.method = start.substr(0, method_end);
  request.uri = start.substr(method_end + 1, start.find(' ', method_end + 1) - method_end - 1);
  while (line.complete) {
    const NamePart part = scan_name(line.end + 2, limit);
    if (part.value == nullptr) break;
    line = scan_line(part.value, limit, true);
    read_field(request, bytes, part.name, trim({part.value, line.end}));
  }
  return request;
}

std::string make_ack(const SentRequest& invite, std::string_view to) { return derive(invite, "ACK", to); }

std::string make_cancel(const SentRequest& request, std::string_view reason) {
  return derive(request, "CANCEL", request.to, reason);
}

}  // namespace intermediary
