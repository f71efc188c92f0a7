// Authorization, Proxy-Authorization and the challenges that ask for them: a scheme and its parameters (RFC 3261
// §20.7, §20.28, §25.1; RFC 7616 §3.3, §3.4). By a scanner of our own, within limits; such values may stand several
// times in a message and are no comma lists (RFC 3261 §7.3.1).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/parse_error.h"

namespace intermediary {

struct Credentials {
  struct Parameter {
    std::string name;   // lower case
    std::string value;  // without quotes and escapes
    bool quoted = false;
    friend bool operator==(const Parameter&, const Parameter&) = default;
  };
  std::string scheme;  // as it stands; compared without case
  std::vector<Parameter> parameters;

  bool is_digest() const;
  std::optional<std::string_view> value(std::string_view name) const;  // REQUIRES: `name` is in lower case
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// A field value as it stands, folds too. Of another scheme than Digest the parameters are not read: what stands there
// has a grammar of its own, and is nobody's here. Two parameters of one name are an error: whoever reads the other one
// would see other credentials.
std::expected<Credentials, ValueError> parse_credentials(std::string_view value);

}  // namespace intermediary
