// OPTIONS that asks about ourselves (RFC 3261 §11.2).
#pragma once

#include "message/message.h"
#include "ua/answer.h"
#include "ua/inspection.h"

namespace intermediary {

// 200 with what we can do, or the refusal of inspect(). Without Allow: we are a proxy too, which knows no methods
// (§11.2), and whoever sends us one that is not ours is told by 405. Without a body.
UaAnswer answer_options(const Message& request, const Capabilities& capabilities);

}  // namespace intermediary
