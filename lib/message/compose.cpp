#include "message/compose.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "message/quick_values.h"

namespace intermediary {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

// RFC 3261 §21, and where a later RFC brought the code, that one.
constexpr auto phrases = std::to_array<Phrase>({
    {100, "Trying"},
    {180, "Ringing"},
    {181, "Call Is Being Forwarded"},
    {182, "Queued"},
    {183, "Session Progress"},
    {199, "Early Dialog Terminated"},  // RFC 6228
    {200, "OK"},
    {202, "Accepted"},         // RFC 6665
    {204, "No Notification"},  // RFC 5839
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Moved Temporarily"},
    {305, "Use Proxy"},
    {380, "Alternative Service"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {412, "Conditional Request Failed"},  // RFC 3903
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {417, "Unknown Resource-Priority"},  // RFC 4412
    {420, "Bad Extension"},
    {421, "Extension Required"},
    {422, "Session Interval Too Small"},  // RFC 4028
    {423, "Interval Too Brief"},
    {424, "Bad Location Information"},          // RFC 6442
    {428, "Use Identity Header"},               // RFC 8224
    {429, "Provide Referrer Identity"},         // RFC 3892
    {430, "Flow Failed"},                       // RFC 5626
    {433, "Anonymity Disallowed"},              // RFC 5079
    {436, "Bad Identity Info"},                 // RFC 8224
    {437, "Unsupported Credential"},            // RFC 8224
    {438, "Invalid Identity Header"},           // RFC 8224
    {439, "First Hop Lacks Outbound Support"},  // RFC 5626
    {440, "Max-Breadth Exceeded"},              // RFC 5393
    {469, "Bad Info Package"},                  // RFC 6086
    {470, "Consent Needed"},                    // RFC 5360
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {484, "Address Incomplete"},
    {485, "Ambiguous"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {489, "Bad Event"},  // RFC 6665
    {491, "Request Pending"},
    {493, "Undecipherable"},
    {494, "Security Agreement Required"},  // RFC 3329
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
    {555, "Push Notification Service Not Supported"},  // RFC 8599
    {580, "Precondition Failure"},                     // RFC 3312
    {600, "Busy Everywhere"},
    {603, "Decline"},
    {604, "Does Not Exist Anywhere"},
    {606, "Not Acceptable"},
    {607, "Unwanted"},  // RFC 8197
    {608, "Rejected"},  // RFC 8688
});
static_assert(std::ranges::is_sorted(phrases, {}, &Phrase::status));

// RFC 3261 §7.2.
constexpr std::array<std::string_view, 7> class_phrases = {
    "", "Provisional", "Success", "Redirection", "Client Error", "Server Error", "Global Failure"};

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_body(std::string& out, std::string_view body) {
  append_line(out, field_text(FieldName::ContentLength), std::to_string(body.size()));
  out.append("\r\n").append(body);
}

// RFC 3261 §12.1.1, RFC 6665 §4.4.1.
bool makes_dialog(Method method, int status) {
  const bool can = method == Method::Invite || method == Method::Subscribe || method == Method::Refer;
  return can && status > 100 && status < 300;
}

enum class Copy : unsigned char { No, First, All };

Copy copies(const Message& request, const Field& field, int status) {
  switch (field.name) {
    case FieldName::Via:
      return Copy::All;
    case FieldName::RecordRoute:
      return makes_dialog(request.method(), status) ? Copy::All : Copy::No;
    case FieldName::From:
    case FieldName::To:
    case FieldName::CallId:
    case FieldName::CSeq:
      return Copy::First;
    // RFC 3261 §8.2.6.1.
    case FieldName::Other:
      return status == 100 && equals_ignoring_case(request.name_text(field), "Timestamp") ? Copy::All : Copy::No;
    default:
      return Copy::No;
  }
}

// RFC 3261 §8.2.6.2: a To without a tag gets ours. One that cannot be read leaves as it came.
void append_to(std::string& out, const Message& request, const Field& to, std::string_view tag) {
  const auto present = scan_tag(request.value(to));
  if (tag.empty() || !present || !present->empty()) {
    out.append(request.line(to));
    return;
  }
  out.append(request.bytes().substr(to.begin, to.value_end - to.begin)).append(";tag=").append(tag).append("\r\n");
}

// RFC 3261 §8.2.6.1: "54.21 3.5", in seconds.
void append_timestamp(std::string& out, const Message& request, const Field& timestamp, Duration delay) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  if (ms == 0 || request.value(timestamp).find(' ') != std::string_view::npos) {
    out.append(request.line(timestamp));
    return;
  }
  std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  out.append(request.bytes().substr(timestamp.begin, timestamp.value_end - timestamp.begin));
  out.append(" ").append(std::to_string(ms / 1000));
  if (!fraction.empty()) out.append(".").append(fraction);
  out.append("\r\n");
}

}  // namespace

std::string_view default_reason(int status) {
  const auto found = std::ranges::lower_bound(phrases, status, {}, &Phrase::status);
  if (found != phrases.end() && found->status == status) return found->text;
  const int status_class = status / 100;
  return status_class >= 1 && status_class <= 6 ? class_phrases[static_cast<std::size_t>(status_class)]
                                                : std::string_view();
}

std::string make_response(const Message& request, const ResponseParts& parts) {
  std::string out;
  out.reserve(request.body_offset() + parts.body.size() + 256);
  out.append("SIP/2.0 ").append(std::to_string(parts.status)).append(" ");
  out.append(parts.reason.empty() ? default_reason(parts.status) : parts.reason).append("\r\n");
  for (const Field& field : request.fields()) {
    const Copy copy = copies(request, field, parts.status);
    if (copy == Copy::No || (copy == Copy::First && request.find(field.name) != &field)) continue;
    if (field.name == FieldName::To) {
      append_to(out, request, field, parts.to_tag);
    } else if (field.name == FieldName::Other) {
      append_timestamp(out, request, field, parts.delay);
    } else {
      out.append(request.line(field));
    }
  }
  for (const auto& [name, value] : parts.fields) append_line(out, name, value);
  if (!parts.content_type.empty()) append_line(out, field_text(FieldName::ContentType), parts.content_type);
  append_body(out, parts.body);
  return out;
}

RequestWriter::RequestWriter(std::string_view method, std::string_view request_uri) {
  bytes_.append(method).append(" ").append(request_uri).append(" SIP/2.0\r\n");
}

RequestWriter& RequestWriter::field(std::string_view name, std::string_view value) {
  append_line(bytes_, name, value);
  return *this;
}

std::string RequestWriter::finish(std::string_view body) const {
  std::string out = bytes_;
  append_body(out, body);
  return out;
}

}  // namespace intermediary
