#include <algorithm>

#include "base/slot_table_archive.h"
#include "dialog/dialog_table.h"

namespace intermediary {

template <class Archive>
void DialogTable::transfer(Archive& archive) {
  // What finds dialogs by tags and open sets by INVITE follows from them; only of users the order does not.
  auto& [hash_key, indexed, sets, dialogs, open_sets, by_tags, by_user, by_peer, calls] = *this;
  archive(sets, dialogs, by_user);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    open_sets.clear();
    by_tags.clear();
    by_peer.clear();
    calls = 0;
    std::size_t belonging = 0, users = 0;
    for (const DialogSetId id : sets.ids()) {
      const DialogSet& set = *sets.find(id);
      if (!set.open && set.dialogs.empty()) return archive.fail("a set without dialogs");
      if (set.peer != 0) ++by_peer[set.peer];
      if (!set.dialogs.empty()) ++calls;
      if (set.peer != 0 && set.dialogs.empty()) return archive.fail("a call that is over and counts");
      if (set.open) ++open_sets[invite_key(set.call_id, set.caller_tag, set.cseq)];
      for (const DialogId member : set.dialogs) {
        const Dialog* dialog = dialogs.find(member);
        if (!dialog || dialog->set != id) return archive.fail("a dialog that belongs to no set");
        if (dialog->callee_tag.empty()) continue;
        const bool is_new = by_tags.emplace(key(set.call_id, set.caller_tag, dialog->callee_tag), member).second;
        if (!is_new) return archive.fail("a dialog that is there twice");
      }
      belonging += set.dialogs.size();
      if (!indexed) continue;
      for (const std::uint64_t user : user_keys(set)) {
        const auto [begin, end] = by_user.equal_range(user);
        if (std::count_if(begin, end, [&](const auto& entry) { return entry.second == id; }) != 1) {
          return archive.fail("a set that its users do not have");
        }
        ++users;
      }
    }
    if (belonging != dialogs.size()) return archive.fail("a dialog that belongs to no set");
    if (users != by_user.size()) return archive.fail("a user of no dialog");
  }
}

template void DialogTable::transfer(ArchiveWriter& archive);
template void DialogTable::transfer(ArchiveReader& archive);

}  // namespace intermediary
