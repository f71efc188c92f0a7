#include "policy/admission.h"

namespace intermediary {
namespace {

// An unanswered transaction of a client that is gone ends with 64*T1, 32 s: by then there is room again.
constexpr std::chrono::seconds room_again{32};

}  // namespace

std::optional<NotAdmitted> refuse_transaction(const Limits& limits, std::size_t unfinished, bool trusted) {
  if (trusted || unfinished < limits.transactions_per_source) return std::nullopt;
  return NotAdmitted{room_again, "the source has " + std::to_string(unfinished) +
                                     " unfinished transactions, the limit is " +
                                     std::to_string(limits.transactions_per_source)};
}

bool admits_connection(const Limits& limits, std::size_t connections, bool trusted) {
  return trusted || connections < limits.connections_per_source;
}

}  // namespace intermediary
