#include "message/field.h"

#include <array>

#include "base/text.h"

namespace intermediary {
namespace {

struct Known {
  FieldName name;
  std::string_view text;
};

// By length, so that a look-up compares only names of its own length.
constexpr auto known_fields = std::to_array<Known>({
    {FieldName::To, "To"},
    {FieldName::Via, "Via"},
    {FieldName::From, "From"},
    {FieldName::CSeq, "CSeq"},
    {FieldName::Date, "Date"},
    {FieldName::Path, "Path"},
    {FieldName::RAck, "RAck"},
    {FieldName::RSeq, "RSeq"},
    {FieldName::Allow, "Allow"},
    {FieldName::Event, "Event"},
    {FieldName::Route, "Route"},
    {FieldName::Accept, "Accept"},
    {FieldName::Reason, "Reason"},
    {FieldName::CallId, "Call-ID"},
    {FieldName::Contact, "Contact"},
    {FieldName::Expires, "Expires"},
    {FieldName::Require, "Require"},
    {FieldName::Subject, "Subject"},
    {FieldName::Warning, "Warning"},
    {FieldName::ReferTo, "Refer-To"},
    {FieldName::Supported, "Supported"},
    {FieldName::UserAgent, "User-Agent"},
    {FieldName::MaxBreadth, "Max-Breadth"},
    {FieldName::MinExpires, "Min-Expires"},
    {FieldName::RetryAfter, "Retry-After"},
    {FieldName::Unsupported, "Unsupported"},
    {FieldName::ContentType, "Content-Type"},
    {FieldName::MaxForwards, "Max-Forwards"},
    {FieldName::RecordRoute, "Record-Route"},
    {FieldName::Authorization, "Authorization"},
    {FieldName::ProxyRequire, "Proxy-Require"},
    {FieldName::ServiceRoute, "Service-Route"},
    {FieldName::ContentLength, "Content-Length"},
    {FieldName::SessionExpires, "Session-Expires"},
    {FieldName::ContentEncoding, "Content-Encoding"},
    {FieldName::WwwAuthenticate, "WWW-Authenticate"},
    {FieldName::ProxyAuthenticate, "Proxy-Authenticate"},
    {FieldName::ProxyAuthorization, "Proxy-Authorization"},
});
constexpr std::size_t longest_name = known_fields.back().text.size();

// first_of_length[n] is the first known field whose name has n characters or more.
constexpr auto first_of_length = [] {
  std::array<std::uint8_t, longest_name + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t i = 0;
    while (i < known_fields.size() && known_fields[i].text.size() < length) ++i;
    first[length] = static_cast<std::uint8_t>(i);
  }
  return first;
}();
static_assert([] {
  for (std::size_t i = 1; i < known_fields.size(); ++i) {
    if (known_fields[i - 1].text.size() > known_fields[i].text.size()) return false;
  }
  return true;
}());

constexpr auto texts = [] {
  std::array<std::string_view, known_fields.size() + 1> by_name{};
  for (const Known& known : known_fields) by_name[static_cast<std::size_t>(known.name)] = known.text;
  return by_name;
}();

// RFC 3261 §7.3.3; o: RFC 6665 §8.2.1, r: RFC 3515 §2.1, x: RFC 4028 §4.
FieldName compact_name(char letter) {
  switch (to_lower(letter)) {
    case 'c':
      return FieldName::ContentType;
    case 'e':
      return FieldName::ContentEncoding;
    case 'f':
      return FieldName::From;
    case 'i':
      return FieldName::CallId;
    case 'k':
      return FieldName::Supported;
    case 'l':
      return FieldName::ContentLength;
    case 'm':
      return FieldName::Contact;
    case 'o':
      return FieldName::Event;
    case 'r':
      return FieldName::ReferTo;
    case 's':
      return FieldName::Subject;
    case 't':
      return FieldName::To;
    case 'v':
      return FieldName::Via;
    case 'x':
      return FieldName::SessionExpires;
    default:
      return FieldName::Other;
  }
}

constexpr std::uint64_t bit(FieldName name) { return std::uint64_t{1} << static_cast<unsigned>(name); }
template <class... Names>
constexpr std::uint64_t set_of(Names... names) {
  return (bit(names) | ...);
}

// Values that are one value and not a list in the grammar of §25.1 and of RFC 3262 §10, 3515 §2.1, 4028 §4, 5393 §5.3,
// 6665 §8.4. The authentication fields may stand several times although they are no lists (§7.3.1).
constexpr std::uint64_t single_instance =
    set_of(FieldName::CallId, FieldName::ContentLength, FieldName::ContentType, FieldName::CSeq, FieldName::Date,
           FieldName::Event, FieldName::Expires, FieldName::From, FieldName::MaxBreadth, FieldName::MaxForwards,
           FieldName::MinExpires, FieldName::RAck, FieldName::ReferTo, FieldName::RetryAfter, FieldName::RSeq,
           FieldName::SessionExpires, FieldName::Subject, FieldName::To, FieldName::UserAgent);
constexpr std::uint64_t lists =
    set_of(FieldName::Accept, FieldName::Allow, FieldName::Contact, FieldName::ContentEncoding, FieldName::Path,
           FieldName::ProxyRequire, FieldName::Reason, FieldName::RecordRoute, FieldName::Require, FieldName::Route,
           FieldName::ServiceRoute, FieldName::Supported, FieldName::Unsupported, FieldName::Via, FieldName::Warning);

constexpr std::array<std::string_view, 15> methods = {"",        "ACK",     "BYE",      "CANCEL",    "INFO",
                                                      "INVITE",  "MESSAGE", "NOTIFY",   "OPTIONS",   "PRACK",
                                                      "PUBLISH", "REFER",   "REGISTER", "SUBSCRIBE", "UPDATE"};
static_assert(methods[static_cast<std::size_t>(Method::Update)] == "UPDATE");

}  // namespace

FieldName field_name(std::string_view text) {
  if (text.size() == 1) return compact_name(text.front());
  if (text.size() > longest_name) return FieldName::Other;
  const char initial = to_lower(text.empty() ? '\0' : text.front());
  for (std::size_t i = first_of_length[text.size()]; i < first_of_length[text.size() + 1]; ++i) {
    const Known& known = known_fields[i];
    if (to_lower(known.text.front()) != initial) continue;
    if (known.text == text || equals_ignoring_case(known.text, text)) return known.name;
  }
  return FieldName::Other;
}

std::string_view field_text(FieldName name) { return texts[static_cast<std::size_t>(name)]; }

bool is_single_instance(FieldName name) { return (single_instance & bit(name)) != 0; }

bool is_list(FieldName name) { return (lists & bit(name)) != 0; }

Method parse_method(std::string_view text) {
  if (text.empty()) return Method::Other;
  for (std::size_t i = 1; i < methods.size(); ++i) {
    if (methods[i].front() == text.front() && methods[i] == text) return static_cast<Method>(i);
  }
  return Method::Other;
}

std::string_view method_text(Method method) { return methods[static_cast<std::size_t>(method)]; }

}  // namespace intermediary
