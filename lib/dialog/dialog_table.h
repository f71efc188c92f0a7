// The table of live dialogs: found by what a message carries, counted by what stands in it.
//
// A dialog that ends leaves the table at once; its set goes with the last of its dialogs, once no answer can make
// another. Everybody who wants to hear of changes is told while the dialog still stands.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_hash.h"
#include "base/slot_table.h"
#include "dialog/dialog.h"

namespace intermediary {

// Who hears of dialogs as they change (RFC 4235). `ending`: why, of one that is Terminated.
class DialogListener {
 public:
  virtual ~DialogListener() = default;
  virtual void changed(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) = 0;
  // The INVITE's final answer went upstream; what it makes of dialogs has been told.
  virtual void answered(TimePoint, const DialogSet&, int /*status*/) {}
  // No further answer to the INVITE can come.
  virtual void forgotten(TimePoint, const DialogSet&) {}
  // The call is being tried at, or was taken by, that peer of a pool or trunk.
  virtual void goes_to(const DialogSet&, std::uint32_t /*peer*/) {}
};

class DialogTable {
 public:
  // `key` makes the hashes unpredictable to peers. With `indexed`, users find their dialogs (of_user).
  DialogTable(const HashKey& key, bool indexed) : key_(key), indexed_(indexed) {}

  // A set with one dialog in state Trying. Its `call_id`, `caller_tag`, `cseq`, `caller`, `callee`, `called` stay as
  // they are. One INVITE has several sets where it was forked before it came here.
  DialogSetId begin(DialogSet set);
  // Whether an INVITE with these is being answered.
  bool has_open(std::string_view call_id, std::string_view caller_tag, std::uint32_t cseq) const;
  // The dialog of a request or answer with these tags, whoever of the two sent it.
  DialogId find(std::string_view call_id, std::string_view from_tag, std::string_view to_tag) const;
  DialogSet* find(DialogSetId id) { return sets_.find(id); }
  const DialogSet* find(DialogSetId id) const { return sets_.find(id); }
  Dialog* find(DialogId id) { return dialogs_.find(id); }
  const Dialog* find(DialogId id) const { return dialogs_.find(id); }

  // The dialog of a set with that To tag: one that is there, the one in Trying with its tag from now on, or a new one.
  // None when that tag's dialog has ended, belongs to another call, or the set is full (limit::dialogs_per_invite).
  // `is_new`: it has not been told of.
  DialogId with_tag(TimePoint now, DialogSetId set, std::string_view callee_tag, bool& is_new);
  // Takes it out; the set too, where nothing can follow.
  void erase(DialogId id);
  // No answer can make another dialog of that set.
  void close(DialogSetId id);

  // The call went to that peer of a pool or trunk; before, it may have gone to another. REQUIRES: the set is there.
  void set_peer(DialogSetId id, std::uint32_t peer);
  // How many sets stand for calls to that peer.
  std::size_t calls_to(std::uint32_t peer) const;

  // From now on users find their dialogs, those that are there too.
  void index_users();
  // The sets in which that address of record calls or is called, in the order of their begin.
  std::vector<DialogSetId> of_user(std::string_view address_of_record) const;
  std::vector<DialogSetId> all() const { return sets_.ids(); }

  std::size_t size() const { return dialogs_.size(); }
  std::size_t set_count() const { return sets_.size(); }
  // How many sets have a dialog: calls that are under way.
  std::size_t call_count() const { return calls_; }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct KeyHash {
    std::size_t operator()(const WideHash& key) const { return static_cast<std::size_t>(key.low); }
  };
  template <class Value>
  using KeyMap = boost::unordered_flat_map<WideHash, Value, KeyHash>;

  WideHash key(std::string_view call_id, std::string_view caller_tag, std::string_view callee_tag) const;
  WideHash invite_key(std::string_view call_id, std::string_view caller_tag, std::uint32_t cseq) const;
  std::uint64_t user_key(std::string_view address_of_record) const;
  std::vector<std::uint64_t> user_keys(const DialogSet& set) const;
  Dialog& add(TimePoint now, DialogSet& set);
  void erase_if_done(DialogSetId id);

  HashKey key_;
  bool indexed_;
  SlotTable<DialogSet, DialogSetId> sets_;
  SlotTable<Dialog, DialogId> dialogs_;
  KeyMap<std::size_t> open_sets_;  // how many each INVITE has
  KeyMap<DialogId> by_tags_;
  std::multimap<std::uint64_t, DialogSetId> by_user_;
  std::map<std::uint32_t, std::size_t> by_peer_;
  std::size_t calls_ = 0;
};

// The address of record in the text of a URI; "" when it is none.
std::string address_of_record_in(std::string_view uri);
// Whether that user calls or is called; `side` says which.
std::optional<DialogSide> side_of(const DialogSet& set, std::string_view address_of_record);

}  // namespace intermediary
