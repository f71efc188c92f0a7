// Percent-encoding of what is not SIP (RFC 3986 §2.1): URLs of a configuration, requests of HTTP. SIP's own URIs escape
// other characters (message/uri.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

// The octets that `text` stands for; nullopt: a '%' that escapes nothing.
std::optional<std::string> percent_decoded(std::string_view text);

// All but the unreserved characters, and those of `plain`, escaped.
std::string percent_encoded(std::string_view text, std::string_view plain = {});

}  // namespace intermediary
