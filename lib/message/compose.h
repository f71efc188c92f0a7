// Messages of our own: responses to a request, and requests from scratch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "message/message.h"

namespace intermediary {

// RFC 3261 §21 and later RFCs' default phrases; "Unknown" never: the class's generic phrase for codes without one.
std::string_view default_reason(int status);

struct ResponseParts {
  int status = 200;
  std::string_view reason{};  // "" for the default phrase
  std::string_view to_tag{};  // added when the request's To has none (RFC 3261 §8.2.6.2); "" for none (100)
  std::vector<std::pair<std::string_view, std::string>> fields{};  // further lines, in this order
  std::string_view content_type{};
  std::string_view body{};
  Duration
      delay{};  // of a 100: how long the request has waited for it; stands behind its Timestamp (RFC 3261 §8.2.6.1)
};

// RFC 3261 §8.2.6: Via, From, To, Call-ID, CSeq (and Timestamp for 100; Record-Route where the status makes a dialog)
// from the request, byte for byte. Works on a Refused::partial too, with what is there.
std::string make_response(const Message& request, const ResponseParts& parts);

// Writes start line and fields in order, then Content-Length and body.
class RequestWriter {
 public:
  RequestWriter(std::string_view method, std::string_view request_uri);
  RequestWriter& field(std::string_view name, std::string_view value);
  std::string finish(std::string_view body = {}) const;
  std::size_t size() const { return bytes_.size(); }  // so far, without Content-Length and body

 private:
  std::string bytes_;
};

}  // namespace intermediary
