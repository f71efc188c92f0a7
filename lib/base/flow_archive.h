// The part of flows and hops that does not describe itself (base/archive.h).
#pragma once

#include <string>

#include "base/archive.h"
#include "base/server_name.h"

namespace intermediary {

template <class Archive>
void transfer(Archive& archive, ServerName& value) {
  if constexpr (Archive::reads) {
    value = ServerName(archive.text());
  } else {
    archive.text(value.view());
  }
}

}  // namespace intermediary
