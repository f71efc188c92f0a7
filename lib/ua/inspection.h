// What every request that is meant for ourselves must pass first: the checks of a UAS (RFC 3261 §8.2.1 to §8.2.3).
//
// Not here: the scheme and address of the Request-URI and merged requests (§8.2.2.1, §8.2.2.2), which the caller knows
// more about; ACK and CANCEL, which are never inspected for Require (§8.2.2.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/message.h"
#include "ua/answer.h"

namespace intermediary {

// What this element does itself, as Allow and Supported say it.
struct Capabilities {
  std::vector<Method> methods;
  std::vector<std::string_view> extensions;  // option tags, lower case
  bool signed_registrations = false;         // a REGISTER may bring a protected copy (ua/protected_copy.h)
};

// With a registrar: REGISTER and the extensions path, outbound and gruu.
Capabilities own_capabilities(bool registrar, bool signed_registrations = false);

// Of what we read, as Accept, Accept-Encoding and Accept-Language say it.
inline constexpr std::string_view accepted_type = "application/sdp";
inline constexpr std::string_view accepted_encoding = "identity";
inline constexpr std::string_view accepted_language = "en";

// 501 for a method that nobody knows, 405 with Allow for one that is not ours, 420 with Unsupported for Require, 415
// for a body that we must understand and do not, 493 for one that is encrypted. Nullopt: go on.
std::optional<UaAnswer> inspect(const Message& request, const Capabilities& capabilities);

// The 420 of them alone.
std::optional<UaAnswer> inspect_extensions(const Message& request, const Capabilities& capabilities);

// Whether a list of option tags in a request (Supported, Require) holds that one; without case.
bool lists_option(const Message& request, FieldName list, std::string_view option);

}  // namespace intermediary
