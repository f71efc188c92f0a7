// What we answer ourselves, as a plain value: the caller puts it on the wire (message/compose.h) and adds the To tag.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"

namespace intermediary {

struct UaAnswer {
  int status = 200;
  std::string reason;                                            // "" for the default phrase
  std::vector<std::pair<std::string_view, std::string>> fields;  // in this order
  std::string content_type;
  std::string body;
  std::string detail;         // of a refusal: the cause in one line for people, for the log and never for the peer
  std::vector<Event> events;  // what changed
  bool with_copy = false;     // the caller adds a protected copy of the whole (ua/protected_copy.h)

  bool is_refusal() const { return status >= 300; }
};

// A refusal with its cause.
inline UaAnswer refuse(int status, std::string detail) {
  UaAnswer answer;
  answer.status = status;
  answer.detail = std::move(detail);
  return answer;
}

}  // namespace intermediary
