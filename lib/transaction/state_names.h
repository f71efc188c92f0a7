// The states of transactions by the names of RFC 3261 §17 and RFC 6026 §7.
#pragma once

#include <string_view>

#include "transaction/transaction.h"

namespace intermediary {

constexpr std::string_view name_of(ClientState state) {
  constexpr std::string_view names[] = {"Calling", "Trying", "Proceeding", "Accepted", "Completed", "Terminated"};
  return names[static_cast<std::size_t>(state)];
}

constexpr std::string_view name_of(ServerState state) {
  constexpr std::string_view names[] = {"Trying", "Proceeding", "Accepted", "Completed", "Confirmed", "Terminated"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace intermediary
