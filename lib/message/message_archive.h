// Messages as bytes (base/archive.h): a message is its bytes, parsed again. Owners that shared one share it again.
#pragma once

#include "base/archive.h"
#include "message/message.h"
#include "message/values.h"

namespace intermediary {

void transfer(ArchiveWriter& archive, MessagePtr& message);
void transfer(ArchiveReader& archive, MessagePtr& message);

// Whether an entry that was read stands within that message.
bool lies_within(const Message& message, const Entry& entry);

}  // namespace intermediary
