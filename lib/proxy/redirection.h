// The contacts of a 3xx as targets of ours (RFC 3261 §16.5, §16.7 step 4).
#pragma once

#include <vector>

#include "message/message.h"
#include "message/values.h"
#include "routing/target_set.h"

namespace intermediary {

struct Redirection {
  Target target;
  Entry entry;  // where it stands
};

// SIP and SIPS URIs, only the latter where the request's own is one: the highest q first, among equals as they stand.
// None where one of the contacts cannot be read: the 3xx is left to whoever sent the request.
std::vector<Redirection> redirections(const Message& response, bool sips_only);

}  // namespace intermediary
