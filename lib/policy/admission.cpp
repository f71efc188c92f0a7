#include "policy/admission.h"

namespace intermediary {
namespace {

// An unanswered transaction of a client that is gone ends with 64*T1, 32 s: by then there is room again.
constexpr std::chrono::seconds room_again{32};

}  // namespace

std::optional<NotAdmitted> refuse_transaction(const Limits& limits, const Held& held, bool trusted) {
  if (trusted) return std::nullopt;
  const std::size_t most = limits.transactions_per_source;
  if (held.unfinished >= most) {
    return NotAdmitted{room_again, "the source has " + std::to_string(held.unfinished) +
                                       " unfinished transactions, the limit is " + std::to_string(most)};
  }
  if (held.all >= most * limit::finished_per_unfinished) {
    return NotAdmitted{room_again, "the source holds " + std::to_string(held.all) + " transactions, the limit is " +
                                       std::to_string(most * limit::finished_per_unfinished)};
  }
  return std::nullopt;
}

bool admits_connection(const Limits& limits, std::size_t connections, bool trusted) {
  return trusted || connections < limits.connections_per_source;
}

}  // namespace intermediary
