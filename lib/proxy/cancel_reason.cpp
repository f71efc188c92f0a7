#include "proxy/cancel_reason.h"

#include "message/compose.h"
#include "message/values.h"

namespace intermediary {

std::string completed_elsewhere_reason() { return "SIP;cause=200;text=\"Call completed elsewhere\""; }

std::string timed_out_reason() { return answered_reason(408); }

std::string answered_reason(int status) {
  return "SIP;cause=" + std::to_string(status) + ";text=" + quoted(default_reason(status));
}

std::string reason_of(const Message& cancel) {
  std::string all;
  for (const Field& field : cancel.fields()) {
    if (field.name != FieldName::Reason) continue;
    if (!all.empty()) all += ", ";
    all += unfold(cancel.value(field));
  }
  return all;
}

}  // namespace intermediary
