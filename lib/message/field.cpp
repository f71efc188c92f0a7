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
    {FieldName::ContentLength, "Content-Length"},
    {FieldName::SessionExpires, "Session-Expires"},
    {FieldName::ContentEncoding, "Content-Encoding"},
    {FieldName::WwwAuthenticate, "WWW-Authenticate"},
    {FieldName::ProxyAuthenticate, "Proxy-Authenticate"},
    {FieldName::ProxyAuthorization, "Proxy-Authorization"},
});
// A name's place in the look-up table: by its length, its first and its last letter. The factors are such that no two
// known names meet.
constexpr std::size_t table_size = 128;
constexpr std::size_t place_of(std::string_view text) {
  constexpr unsigned char lower = 0x20;  // makes small letters of capitals; other characters may lose themselves here
  const auto first = static_cast<unsigned char>(text.front() | lower);
  const auto last = static_cast<unsigned char>(text.back() | lower);
  return (text.size() + 7U * first + 36U * last) % table_size;
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

// Two loads that may overlap instead of a loop, for the lengths that nearly all names have.
template <class Word>
bool equal_ends(const char* a, const char* b, std::size_t size) {
  Word a_front, a_back, b_front, b_back;
  std::memcpy(&a_front, a, sizeof(Word));
  std::memcpy(&b_front, b, sizeof(Word));
  std::memcpy(&a_back, a + size - sizeof(Word), sizeof(Word));
  std::memcpy(&b_back, b + size - sizeof(Word), sizeof(Word));
  return ((a_front ^ b_front) | (a_back ^ b_back)) == 0;
}
// REQUIRES: as many bytes in `b`.
bool equal(std::string_view a, const char* b) {
  if (a.size() > 16 || a.size() < 2) return std::equal(a.begin(), a.end(), b);
  if (a.size() >= 8) return equal_ends<std::uint64_t>(a.data(), b, a.size());
  return a.size() >= 4 ? equal_ends<std::uint32_t>(a.data(), b, a.size())
                       : equal_ends<std::uint16_t>(a.data(), b, a.size());
}

// Apart, so that the usual spelling pays nothing for the others.
[[gnu::noinline]] FieldName name_without_case(const Known& known, std::string_view text) {
  return equals_ignoring_case(known.text, text) ? known.name : FieldName::Other;
}

}  // namespace

FieldName field_name(std::string_view text) {
  if (text.empty()) return FieldName::Other;
  if (text.size() == 1) return compact_name(text.front());
  const Known& known = by_place[place_of(text)];
  if (known.text.size() != text.size()) return FieldName::Other;
  return equal(text, known.text.data()) ? known.name : name_without_case(known, text);
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
