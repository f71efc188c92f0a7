#include "dialog/dialog_table.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "message/uri.h"

namespace intermediary {

std::string_view state_text(DialogState state) {
  switch (state) {
    case DialogState::Trying:
      return "trying";
    case DialogState::Early:
      return "early";
    case DialogState::Confirmed:
      return "confirmed";
    case DialogState::Terminated:
      return "terminated";
  }
  return "";
}

std::string address_of_record_in(std::string_view uri) {
  const auto parsed = Uri::parse(uri);
  return parsed && parsed->is_sip() ? address_of_record(*parsed) : std::string();
}

std::optional<DialogSide> side_of(const DialogSet& set, std::string_view address_of_record) {
  if (address_of_record.empty()) return std::nullopt;
  if (set.called == address_of_record) return DialogSide::Callee;
  if (address_of_record_in(set.callee) == address_of_record) return DialogSide::Callee;
  if (address_of_record_in(set.caller) == address_of_record) return DialogSide::Caller;
  return std::nullopt;
}

WideHash DialogTable::key(std::string_view call_id, std::string_view caller_tag, std::string_view callee_tag) const {
  return KeyedHash(key_).field(call_id).field(caller_tag).field(callee_tag).finish_wide();
}

WideHash DialogTable::invite_key(std::string_view call_id, std::string_view caller_tag, std::uint32_t cseq) const {
  return KeyedHash(key_).field(call_id).field(caller_tag).number(cseq).finish_wide();
}

std::uint64_t DialogTable::user_key(std::string_view address_of_record) const {
  return KeyedHash(key_).field(address_of_record).finish();
}

std::vector<std::uint64_t> DialogTable::user_keys(const DialogSet& set) const {
  std::vector<std::uint64_t> keys;
  for (const std::string& user : {address_of_record_in(set.caller), address_of_record_in(set.callee), set.called}) {
    if (user.empty()) continue;
    const std::uint64_t key = user_key(user);
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

DialogSetId DialogTable::begin(DialogSet set) {
  const DialogSetId id = sets_.emplace(std::move(set));
  DialogSet& stored = *sets_.find(id);
  stored.id = id;
  ++open_sets_[invite_key(stored.call_id, stored.caller_tag, stored.cseq)];
  if (indexed_) {
    for (const std::uint64_t user : user_keys(stored)) by_user_.emplace(user, id);
  }
  add(stored.started, stored);
  return id;
}

void DialogTable::index_users() {
  if (std::exchange(indexed_, true)) return;
  for (const DialogSetId id : sets_.ids()) {
    for (const std::uint64_t user : user_keys(*sets_.find(id))) by_user_.emplace(user, id);
  }
}

Dialog& DialogTable::add(TimePoint now, DialogSet& set) {
  const DialogId id = dialogs_.emplace();
  Dialog& dialog = *dialogs_.find(id);
  dialog.id = id;
  dialog.set = set.id;
  dialog.started = now;
  if (set.dialogs.empty()) ++calls_;
  set.dialogs.push_back(id);
  return dialog;
}

bool DialogTable::has_open(std::string_view call_id, std::string_view caller_tag, std::uint32_t cseq) const {
  return open_sets_.contains(invite_key(call_id, caller_tag, cseq));
}

DialogId DialogTable::find(std::string_view call_id, std::string_view from_tag, std::string_view to_tag) const {
  for (const auto& [caller, callee] : {std::pair(from_tag, to_tag), std::pair(to_tag, from_tag)}) {
    const auto found = by_tags_.find(key(call_id, caller, callee));
    if (found != by_tags_.end()) return found->second;
  }
  return {};
}

DialogId DialogTable::with_tag(TimePoint now, DialogSetId set_id, std::string_view callee_tag, bool& is_new) {
  is_new = false;
  DialogSet& set = *sets_.find(set_id);
  const WideHash by_tags = key(set.call_id, set.caller_tag, callee_tag);
  if (const auto found = by_tags_.find(by_tags); found != by_tags_.end()) {
    return dialogs_.find(found->second)->set == set_id ? found->second : DialogId{};
  }
  if (std::ranges::find(set.ended_tags, callee_tag) != set.ended_tags.end()) return {};
  Dialog* dialog = nullptr;
  for (const DialogId id : set.dialogs) {
    if (dialogs_.find(id)->state == DialogState::Trying) dialog = dialogs_.find(id);
  }
  if (!dialog) {
    if (set.dialogs.size() + set.ended_tags.size() >= limit::dialogs_per_invite) return {};
    dialog = &add(now, set);
    is_new = true;
  }
  dialog->callee_tag = callee_tag;
  by_tags_[by_tags] = dialog->id;
  return dialog->id;
}

void DialogTable::erase(DialogId id) {
  const Dialog& dialog = *dialogs_.find(id);
  const DialogSetId set_id = dialog.set;
  DialogSet& set = *sets_.find(set_id);
  if (!dialog.callee_tag.empty()) {
    by_tags_.erase(key(set.call_id, set.caller_tag, dialog.callee_tag));
    if (set.open) set.ended_tags.push_back(dialog.callee_tag);
  }
  std::erase(set.dialogs, id);
  dialogs_.erase(id);
  if (set.dialogs.empty()) {
    --calls_;
    set_peer(set_id, 0);
  }
  erase_if_done(set_id);
}

void DialogTable::close(DialogSetId id) {
  DialogSet* set = sets_.find(id);
  if (!set || !set->open) return;
  set->open = false;
  set->ended_tags = {};
  const auto found = open_sets_.find(invite_key(set->call_id, set->caller_tag, set->cseq));
  if (--found->second == 0) open_sets_.erase(found);
  erase_if_done(id);
}

void DialogTable::erase_if_done(DialogSetId id) {
  const DialogSet& set = *sets_.find(id);
  if (set.open || !set.dialogs.empty()) return;
  if (indexed_) {
    for (const std::uint64_t user : user_keys(set)) {
      const auto [begin, end] = by_user_.equal_range(user);
      by_user_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == id; }));
    }
  }
  sets_.erase(id);
}

void DialogTable::set_peer(DialogSetId id, std::uint32_t peer) {
  DialogSet& set = *sets_.find(id);
  if (set.peer == peer) return;
  if (set.peer != 0 && --by_peer_[set.peer] == 0) by_peer_.erase(set.peer);
  set.peer = set.dialogs.empty() ? 0 : peer;
  if (set.peer != 0) ++by_peer_[set.peer];
}

std::size_t DialogTable::calls_to(std::uint32_t peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? 0 : found->second;
}

std::vector<DialogSetId> DialogTable::of_user(std::string_view address_of_record) const {
  std::vector<DialogSetId> found;
  const auto [begin, end] = by_user_.equal_range(user_key(address_of_record));
  for (auto entry = begin; entry != end; ++entry) {
    if (side_of(*sets_.find(entry->second), address_of_record)) found.push_back(entry->second);
  }
  return found;
}

}  // namespace intermediary
