// Header fields as a message holds them: a name that we know, and where the bytes stand.
#pragma once

#include <cstdint>
#include <string_view>

namespace intermediary {

// The fields that this library looks at by name; every other field is Other and passes untouched.
enum class FieldName : std::uint8_t {
  Other,
  Accept,
  AcceptContact,
  Allow,
  Authorization,
  CallId,
  Contact,
  ContentEncoding,
  ContentLength,
  ContentType,
  CSeq,
  Date,
  Event,
  Expires,
  From,
  MaxBreadth,
  MaxForwards,
  MinExpires,
  Path,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyRequire,
  RAck,
  Reason,
  RecordRoute,
  ReferTo,
  RejectContact,
  RequestDisposition,
  Require,
  RetryAfter,
  Route,
  RSeq,
  ServiceRoute,
  SessionExpires,
  Subject,
  Supported,
  To,
  Unsupported,
  UserAgent,
  Via,
  Warning,
  WwwAuthenticate,
};

// From a field name as it stands in a message, long or compact (RFC 3261 §7.3.3), without case.
FieldName field_name(std::string_view text);
// The canonical long form; "" for Other.
std::string_view field_text(FieldName name);
// May stand only once in a message (RFC 3261 §7.3.1, table 2): a second one is 400.
bool is_single_instance(FieldName name);
// Its value is a comma list, so that several lines are one list (RFC 3261 §7.3.1).
bool is_list(FieldName name);

// One header field. Offsets are into Message::bytes(). The value is trimmed, and may still contain folds (CRLF SP).
struct Field {
  FieldName name = FieldName::Other;
  bool folded = false;
  std::uint16_t name_bytes = 0;
  std::uint32_t begin = 0;        // first byte of the name
  std::uint32_t value_begin = 0;  // first byte of the trimmed value
  std::uint32_t value_end = 0;    // one past the trimmed value
  std::uint32_t end = 0;          // one past the line's CRLF
};

enum class Method : std::uint8_t {
  Other,
  Ack,
  Bye,
  Cancel,
  Info,
  Invite,
  Message,
  Notify,
  Options,
  Prack,
  Publish,
  Refer,
  Register,
  Subscribe,
  Update,
};

// Methods are case-sensitive (RFC 3261 §7.1).
Method parse_method(std::string_view text);
std::string_view method_text(Method method);

}  // namespace intermediary
