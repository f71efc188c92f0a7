// Typed header values, each parsed when asked for, one field at a time, through sofia-sip's header classes on a copy of
// their own (unfolded, within limits), into values of ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/flow.h"
#include "message/message.h"
#include "message/uri.h"

namespace intermediary {

// ";name=value" behind a header value, in order. Values keep their quotes.
struct Parameters {
  struct Parameter {
    std::string name;
    std::optional<std::string> value;
    friend bool operator==(const Parameter&, const Parameter&) = default;
  };
  std::vector<Parameter> all;

  const Parameter* find(std::string_view name) const;                  // without case
  std::optional<std::string_view> value(std::string_view name) const;  // "" for a bare name
  std::string to_string() const;                                       // ";a=b;c", "" when empty
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

// From, To, Contact, Route, Record-Route, Path, Refer-To (RFC 3261 §20.10, §20.20, §20.34).
struct NameAddress {
  std::string display_name;  // without quotes
  Uri uri;
  Parameters parameters;  // of the field, not of the URI

  std::optional<std::string_view> tag() const { return parameters.value("tag"); }
  friend bool operator==(const NameAddress&, const NameAddress&) = default;
};

struct Via {
  std::string protocol = "SIP/2.0";
  std::string transport = "UDP";  // as it stands
  std::string host;               // without brackets
  std::optional<std::uint16_t> port;
  Parameters parameters;
  friend bool operator==(const Via&, const Via&) = default;
};

// Contact in a REGISTER: either one "*" or a list (RFC 3261 §10.2.2).
struct Contacts {
  bool star = false;
  std::vector<NameAddress> list;
};

std::expected<NameAddress, ValueError> parse_name_address(std::string_view value);
std::expected<Via, ValueError> parse_via(std::string_view value);

// The entries of a comma list, over all lines of that name, as byte ranges of the message: quotes and angle
// brackets are respected; parentheses are no comments in a list field (RFC 3261 §25.1). Entries keep their order. What
// stands between two commas with nothing in it is an empty entry; an empty value has none.
struct Entry {
  std::uint32_t field = 0;  // index into Message::fields()
  std::uint32_t begin = 0;  // trimmed
  std::uint32_t end = 0;
};
std::vector<Entry> entries(const Message& message, FieldName name);
inline std::string_view text(const Message& message, const Entry& entry) {
  return message.bytes().substr(entry.begin, entry.end - entry.begin);
}

// Whether an entry stands below the topmost Via: the same as counting them.
bool has_next_via(const Message& message);

// All entries of a list of name-addresses; an error names the first wrong one.
std::expected<std::vector<NameAddress>, ValueError> name_addresses(const Message& message, FieldName name);
std::expected<Contacts, ValueError> contacts(const Message& message);
// A list of tokens: Require, Proxy-Require, Supported, Unsupported, Allow. In order, as they stand; empty
// entries are passed over.
std::vector<std::string_view> tokens(const Message& message, FieldName name);

// Seconds (RFC 3261 §20.19): one run of digits, clamped to 2**32-1; an error when it is anything else.
std::expected<std::uint32_t, ValueError> parse_delta_seconds(std::string_view value);
// RFC 3261 §20.10: "0", "0.5", "1.000" as thousandths, 0 to 1000.
std::expected<int, ValueError> parse_q(std::string_view value);

// A quoted-string for a value that is ours to write: escapes '"' and '\', drops control characters.
std::string quoted(std::string_view text);
// Folds become one space (RFC 3261 §7.3.1).
std::string unfold(std::string_view value);

// "120", "120 (I'm busy)", "120;duration=60" (RFC 3261 §20.33): nullopt where there is none that can be read.
std::optional<std::chrono::seconds> retry_after(const Message& response);

}  // namespace intermediary
