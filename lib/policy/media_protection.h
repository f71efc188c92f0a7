// Whether the media that an INVITE offers are encrypted (SRTP: RFC 3711, with keys by RFC 4568 or RFC 5763).
#pragma once

#include <string>

#include "message/message.h"

namespace intermediary {

// Why they are not, or cannot be seen to be: "" where they are. What has to be there, is a session description that is
// the whole body, with an offer of nothing that goes in the clear; an offer that comes with the answer cannot be
// judged.
std::string problem_with_media(const Message& invite);

}  // namespace intermediary
