// Why we cancel a request: the value of its Reason (RFC 3326 §2).
#pragma once

#include <string>

#include "message/message.h"

namespace intermediary {

std::string completed_elsewhere_reason();
std::string timed_out_reason();
// For the other branches when one has answered with `status`.
std::string answered_reason(int status);
// Of a CANCEL that came: what it says goes on with ours. "" when it says nothing.
std::string reason_of(const Message& cancel);

}  // namespace intermediary
