// Which user agent a contact is: its instance-id (RFC 5626 §4.1), a URN that stays when the agent moves or restarts.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace intermediary {

// Where the instance-id stands within the parameters of a contact: most have none, and then it costs no text.
struct InstancePlace {
  std::uint16_t begin = 0, bytes = 0;

  // "" when there is none.
  std::string_view in(std::string_view parameters) const { return parameters.substr(begin, bytes); }
  friend bool operator==(const InstancePlace&, const InstancePlace&) = default;
};

// What stands between the brackets of +sip.instance="<urn:uuid:…>", given that value with its quotes; "" when it is not
// written so: then the contact has no instance.
constexpr std::string_view instance_in(std::string_view value) {
  constexpr std::string_view begin = "\"<", end = ">\"";
  if (value.size() <= begin.size() + end.size() || !value.starts_with(begin) || !value.ends_with(end)) return {};
  return value.substr(begin.size(), value.size() - begin.size() - end.size());
}

// Without case: that is how UUIDs are compared (RFC 4122 §3), and how two GRUUs are told apart, whose parameter holds
// the instance (RFC 3261 §19.1.4, RFC 5627 §5.4).
constexpr bool is_same_instance(std::string_view a, std::string_view b) {
  return !a.empty() && equals_ignoring_case(a, b);
}

}  // namespace intermediary
