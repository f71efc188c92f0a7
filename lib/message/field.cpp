#include "message/field.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace intermediary {
namespace {

struct Known {
  FieldName name = FieldName::Other;
  std::string_view text;
};

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
    {FieldName::AcceptContact, "Accept-Contact"},
    {FieldName::ContentLength, "Content-Length"},
    {FieldName::RejectContact, "Reject-Contact"},
    {FieldName::SessionExpires, "Session-Expires"},
    {FieldName::ContentEncoding, "Content-Encoding"},
    {FieldName::WwwAuthenticate, "WWW-Authenticate"},
    {FieldName::ProxyAuthenticate, "Proxy-Authenticate"},
    {FieldName::ProxyAuthorization, "Proxy-Authorization"},
    {FieldName::RequestDisposition, "Request-Disposition"},
});
// A name's place in the look-up table: by its length, its first and its last letter. The factors are such that no two
// known names meet.
constexpr std::size_t table_size = 128;
constexpr std::size_t place_of(std::string_view text) {
  constexpr unsigned char lower = 0x20;  // makes small letters of capitals; other characters may lose themselves here
  const auto first = static_cast<unsigned char>(text.front() | lower);
  const auto last = static_cast<unsigned char>(text.back() | lower);
  return (text.size() + std::size_t{58} * first + std::size_t{36} * last) % table_size;
}

constexpr auto by_place = [] {
  std::array<Known, table_size> table{};
  for (const Known& known : known_fields) table[place_of(known.text)] = known;
  return table;
}();
static_assert(std::ranges::all_of(known_fields, [](const Known& known) {
  return by_place[place_of(known.text)].name == known.name;
}));

constexpr auto texts = [] {
  std::array<std::string_view, known_fields.size() + 1> by_name{};
  for (const Known& known : known_fields) by_name[static_cast<std::size_t>(known.name)] = known.text;
  return by_name;
}();

// RFC 3261 §7.3.3; a, d, j: RFC 3841 §9; o: RFC 6665 §8.2.1, r: RFC 3515 §2.1, x: RFC 4028 §4.
FieldName compact_name(char letter) {
  switch (to_lower(letter)) {
    case 'a':
      return FieldName::AcceptContact;
    case 'c':
      return FieldName::ContentType;
    case 'd':
      return FieldName::RequestDisposition;
    case 'e':
      return FieldName::ContentEncoding;
    case 'f':
      return FieldName::From;
    case 'i':
      return FieldName::CallId;
    case 'j':
      return FieldName::RejectContact;
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
constexpr std::uint64_t lists = set_of(
    FieldName::Accept, FieldName::AcceptContact, FieldName::Allow, FieldName::Contact, FieldName::ContentEncoding,
    FieldName::Path, FieldName::ProxyRequire, FieldName::Reason, FieldName::RecordRoute, FieldName::RejectContact,
    FieldName::RequestDisposition, FieldName::Require, FieldName::Route, FieldName::ServiceRoute, FieldName::Supported,
    FieldName::Unsupported, FieldName::Via, FieldName::Warning);

constexpr std::array<std::string_view, 15> methods = {"",        "ACK",     "BYE",      "CANCEL",    "INFO",
                                                      "INVITE",  "MESSAGE", "NOTIFY",   "OPTIONS",   "PRACK",
                                                      "PUBLISH", "REFER",   "REGISTER", "SUBSCRIBE", "UPDATE"};
// A method's place in the look-up table, as with the names of fields.
constexpr std::size_t method_table_size = 32;
constexpr std::size_t method_place(std::string_view text) {
  return (static_cast<unsigned char>(text.front()) + 11U * text.size()) % method_table_size;
}
constexpr auto method_by_place = [] {
  std::array<Method, method_table_size> table{};
  for (std::size_t i = 1; i < methods.size(); ++i) table[method_place(methods[i])] = static_cast<Method>(i);
  return table;
}();
static_assert([] {
  for (std::size_t i = 1; i < methods.size(); ++i) {
    if (method_by_place[method_place(methods[i])] != static_cast<Method>(i)) return false;
  }
  return true;
}());
static_assert(methods[static_cast<std::size_t>(Method::Update)] == "UPDATE");

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Loads that overlap instead of a loop. REQUIRES: 2 to 24 bytes in `a`, as many in `b`.
bool equal(std::string_view a, const char* b) {
  const auto differ = [&]<class Word>(Word, std::size_t at) { return load<Word>(a.data() + at) ^ load<Word>(b + at); };
  const std::size_t size = a.size();
  constexpr std::uint64_t eight = 0;
  constexpr std::uint32_t four = 0;
  constexpr std::uint16_t two = 0;
  if (size < 4) return (differ(two, 0) | differ(two, size - 2)) == 0;
  if (size < 8) return (differ(four, 0) | differ(four, size - 4)) == 0;
  if (size > 16 && differ(eight, 8) != 0) return false;
  return (differ(eight, 0) | differ(eight, size - 8)) == 0;
}
static_assert(known_fields.back().text.size() <= 24);

// Apart, so that the usual spelling pays nothing for the others.
[[gnu::noinline]] FieldName name_without_case(const Known& known, std::string_view text) {
  return equals_ignoring_case(known.text, text) ? known.name : FieldName::Other;
}

}  // namespace

FieldName field_name(std::string_view text) {
  if (text.size() < 2) return text.empty() ? FieldName::Other : compact_name(text.front());
  const Known& known = by_place[place_of(text)];
  if (known.text.size() != text.size()) return FieldName::Other;
  return equal(text, known.text.data()) ? known.name : name_without_case(known, text);
}

std::string_view field_text(FieldName name) { return texts[static_cast<std::size_t>(name)]; }

bool is_single_instance(FieldName name) { return (single_instance & bit(name)) != 0; }

bool is_list(FieldName name) { return (lists & bit(name)) != 0; }

Method parse_method(std::string_view text) {
  if (text.empty()) return Method::Other;
  const Method method = method_by_place[method_place(text)];
  return method_text(method) == text ? method : Method::Other;
}

std::string_view method_text(Method method) { return methods[static_cast<std::size_t>(method)]; }

}  // namespace intermediary
