// The one door to sofia-sip: no other file of the library includes its headers.
//
// Each function takes one value, copies it, lets the grammar of sofia-sip cut the copy, and answers with views of the
// text it was given: sofia-sip rewrites escapes in its copy, and we need them as they stand. What may not be called at
// all, and why callers check first, stands in docs/security.md §1.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "message/values.h"

namespace intermediary::sofia {

// A SIP or SIPS URI as `url_d` cuts it. A part that is not there is nullopt.
struct UrlParts {
  std::optional<std::string_view> user;
  std::optional<std::string_view> password;
  std::optional<std::string_view> host;  // with its brackets
  std::optional<std::string_view> port;
  std::optional<std::string_view> path;
  std::optional<std::string_view> parameters;
  std::optional<std::string_view> headers;
  std::optional<std::string_view> fragment;
};

// REQUIRES: at most limit::uri_bytes, no NUL, '%' only before two hexadecimal digits.
std::optional<UrlParts> split_url(std::string_view text);

// The parameters of a name-addr or addr-spec as `sip_from_class` reads them; nullopt when the value is neither. `uri`
// is the URI within the value: it has been read apart (Uri::parse), and something plain stands in for it, because what
// is legal in URIs of other schemes is not to sofia-sip. REQUIRES: at most limit::line_bytes, no NUL outside a
// quoted-string; a URI of three bytes or more.
std::optional<Parameters> name_address_parameters(std::string_view value, std::string_view uri);

// One entry of a Via as `sip_via_class` reads it.
struct ViaParts {
  std::string sent_protocol;  // "SIP/2.0/UDP", without white space
  std::string host;           // with its brackets
  std::optional<std::string> port;
  Parameters parameters;
};

// REQUIRES: as above, and no comma outside a quoted-string: sofia-sip would go on to the next entry by recursion.
std::optional<ViaParts> split_via(std::string_view value);

}  // namespace intermediary::sofia
