#include "sim/store.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"

namespace intermediary::sim {

void VirtualStore::apply(const StoreChange& change) {
  is_down_ = change.is_down.value_or(is_down_);
  latency_ = change.latency.value_or(latency_);
}

TimePoint VirtualStore::done_at(TimePoint now) {
  last_ = std::max(last_, now + (is_down_ ? Duration{} : latency_));
  return last_;
}

StoreReply VirtualStore::carry_out(const StoreOperation& operation) {
  if (is_down_) return StoreUnavailable{"the store is down"};
  return std::visit(Overloaded{
                        [&](const LoadRecords& load) -> StoreReply {
                          RecordsFound found;
                          for (auto at = records_.upper_bound(load.after); at != records_.end(); ++at) {
                            if (found.records.size() == load.most) break;
                            found.records.push_back(at->second);
                          }
                          return found;
                        },
                        [&](const FetchRecord& fetch) -> StoreReply {
                          const auto found = records_.find(fetch.address_of_record);
                          if (found != records_.end()) return RecordFound{found->second};
                          return RecordFound{{fetch.address_of_record, 0, {}, {}}};
                        },
                        [&](const ReplaceRecord& change) { return replace(change); },
                        [&](const FetchUser& fetch) -> StoreReply {
                          const auto found = users_.find({fetch.realm, fetch.user});
                          return found == users_.end() ? UserFound{} : UserFound{found->second};
                        },
                    },
                    operation);
}

StoreReply VirtualStore::replace(const ReplaceRecord& replace) {
  const StoredRecord& record = replace.record;
  const auto found = records_.find(record.address_of_record);
  const StoredRecord there =
      found == records_.end() ? StoredRecord{record.address_of_record, 0, {}, {}} : found->second;
  if (there.version != replace.expected) return RecordConflict{there};
  put(record);
  return RecordReplaced{};
}

void VirtualStore::put_users(const StoredUsers& users) {
  for (const auto& [name, secrets] : users.users) users_[{users.realm, name}] = secrets;
}

void VirtualStore::put(StoredRecord record) {
  const std::string key = record.address_of_record;
  if (record.bindings.empty()) {
    records_.erase(key);
  } else {
    records_.insert_or_assign(key, std::move(record));
  }
}

}  // namespace intermediary::sim
