// SIP, SIPS, tel and other URIs as values (RFC 3261 §19.1, RFC 3966).
//
// SIP URIs are cut by sofia-sip's `url` module, one URI at a time on its own copy and behind limits; plain ones, as
// nearly all are, by us and at the same places, which a property holds. Parameters are looked up by us, because
// url_param() reads past its end. Of other schemes than sip, sips and tel everything behind
// the colon stands in `user`, unread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "message/parse_error.h"

namespace intermediary {

struct Uri {
  enum class Scheme : std::uint8_t { Sip, Sips, Tel, Other };

  Scheme scheme = Scheme::Sip;
  std::string written_scheme;  // as it stands, where that is not the usual text of `scheme`
  std::string user;            // as it stands, escapes kept; for tel: the number
  std::string password;        // as it stands
  bool has_user = false;       // "sip:@host" is an error, "sip:host" has none
  std::string host;            // IPv6 without brackets
  std::optional<std::uint16_t> port;
  std::string parameters;  // "transport=tcp;lr", without the leading ';'
  std::string headers;     // "Subject=x&Route=y", without the '?'

  // Takes the URI alone: no display name, no angle brackets, no white space. At most limit::uri_bytes.
  static std::expected<Uri, ValueError> parse(std::string_view text);
  // The same into `fresh`, a new Uri; behind an error it is of no use.
  static std::optional<ValueError> parse_into(Uri& fresh, std::string_view text);

  std::string_view scheme_text() const;
  bool is_sip() const { return scheme == Scheme::Sip || scheme == Scheme::Sips; }
  bool is_sips() const { return scheme == Scheme::Sips; }
  // The value of a parameter, "" for one without a value; nullopt when absent. Names are compared without case.
  std::optional<std::string_view> parameter(std::string_view name) const;
  bool has_parameter(std::string_view name) const { return !parameters.empty() && parameter(name).has_value(); }
  void remove_parameter(std::string_view name);
  void set_parameter(std::string_view name, std::string_view value);  // "" value: a bare name

  // The host as an address, when it is a literal.
  std::optional<IpAddress> address() const { return IpAddress::parse(host); }
  std::string host_port() const;  // "[2001:db8::1]:5060", "example.com"
  std::string to_string() const;

  friend bool operator==(const Uri&, const Uri&) = default;  // the same text; see equivalent()
};

// RFC 3261 §19.1.4: escapes folded, host and parameters without case, user, ttl, method, maddr and transport must be in
// both or in neither, other parameters only matter where both have them. tel: as RFC 3966 §4.
bool equivalent(const Uri& a, const Uri& b);

// A user with its escapes undone, all of them: for comparisons with what people write, never to be put into a URI.
std::string unescaped_user(std::string_view user);

// A user with whatever may not stand in a URI escaped (RFC 3261 §19.1.2), '%' too.
std::string escaped_user(std::string_view user);

// The form under which an address of record is kept (RFC 3261 §10.3 step 5): scheme, user unescaped, host in lower
// case, port where given, no parameters, no headers. "sips:" is "sip:", the same resource (RFC 5630 §5.2).
std::string address_of_record(const Uri& uri);

}  // namespace intermediary
