// What a rule changes in a request before it goes on: header fields, and the Request-URI.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/pattern.h"
#include "message/message.h"
#include "message/uri.h"
#include "routing/numbers.h"

namespace intermediary {

struct HeaderChange {
  enum class Kind : std::uint8_t {
    Remove,  // all lines of that name
    Set,     // instead of all lines of that name, one
    Add,     // one more, behind all others
  };
  Kind kind = Kind::Set;
  std::string name;
  std::string value{};

  friend bool operator==(const HeaderChange&, const HeaderChange&) = default;
};

struct UriChange {
  std::vector<NumberRewrite> user{};  // the first that matches; the user with its escapes undone, and escaped again
  std::string domain{};               // in place of the host and port; "": they stay

  bool empty() const { return user.empty() && domain.empty(); }
  friend bool operator==(const UriChange&, const UriChange&) = default;
};

// Of all lines of that name, long or compact.
std::vector<std::string> values_of(const Message& message, std::string_view name);

// Why no rule may change that field: what it is for, as in "routing"; "" where a rule may.
std::string_view protected_field(std::string_view name);

// The message with these changes, in their order; null where it would be none any more (larger than it may be).
MessagePtr changed(const Message& request, const std::vector<HeaderChange>& changes, const Limits& limits);
// The same URI for an empty change; an error for a user that nothing is left of.
std::optional<Uri> changed(const Uri& uri, const UriChange& change);

}  // namespace intermediary
