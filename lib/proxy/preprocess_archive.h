// A preprocessed request as bytes (base/archive.h).
#pragma once

#include <algorithm>

#include "base/flow_archive.h"
#include "message/message_archive.h"
#include "proxy/preprocess.h"

namespace intermediary {

template <class Archive>
void transfer(Archive& archive, Preprocessed& value) {
  archive.members(value);
  if constexpr (Archive::reads) {
    const auto is_route = [&](const Entry& entry) { return lies_within(*value.request, entry); };
    if (!archive.ok()) return;
    if (!value.request || !value.request->is_request() || !std::ranges::all_of(value.taken_routes, is_route)) {
      archive.fail("a request without its message");
    }
  }
}

}  // namespace intermediary
