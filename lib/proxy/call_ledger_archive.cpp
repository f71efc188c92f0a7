// The ledger as bytes, and back.
#include "base/archive.h"
#include "base/flow_archive.h"
#include "proxy/call_ledger.h"

namespace intermediary {

template <class Archive>
void CallLedger::transfer(Archive& archive) {
  auto& [names, peers, port, calls, invites, last] = *this;
  archive(calls, last);
  if constexpr (Archive::reads) {
    invites.clear();
    for (const auto& [key, call] : calls) {
      if (call.identity.number > last) return archive.fail("a call that has not begun");
      invites.emplace(call.identity.call_id, call.identity.caller_tag, call.cseq);
    }
  }
}

template void CallLedger::transfer(ArchiveWriter& archive);
template void CallLedger::transfer(ArchiveReader& archive);

}  // namespace intermediary
