#include <algorithm>

#include "base/slot_table_archive.h"
#include "ua/dialog_notifier.h"

namespace intermediary {

template <class Archive>
void DialogNotifier::transfer(Archive& archive) {
  // In `by_resource` the order of equals counts; tags and counts by source follow from the subscriptions.
  auto& [settings, limits, names, dialogs, transactions, timers, random, port, subscriptions, by_local_tag, by_resource,
         by_source, queries, dirty] = *this;
  archive(subscriptions, by_resource, queries, dirty);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    by_local_tag.clear();
    by_source.clear();
    for (const SubscriptionId id : subscriptions.ids()) {
      const Subscription& subscription = *subscriptions.find(id);
      if (!timers.has_given(subscription.expiry) || !timers.has_given(subscription.pace)) {
        return archive.fail("a timer that nobody armed");
      }
      ++by_source[subscription.arrival.remote.address];
      const auto [begin, end] = by_resource.equal_range(subscription.resource);
      const auto is_this = [&](const auto& entry) { return entry.second == id; };
      if (!by_local_tag.emplace(subscription.local_tag, id).second || std::count_if(begin, end, is_this) != 1) {
        return archive.fail("a subscription that cannot be found");
      }
    }
    const auto is_gone = [&](SubscriptionId id) { return !subscriptions.find(id); };
    if (by_resource.size() != subscriptions.size() || std::ranges::any_of(dirty, is_gone) ||
        std::ranges::any_of(queries, [&](const auto& entry) { return is_gone(entry.second); })) {
      archive.fail("a subscription that is not there");
    }
  }
}

template void DialogNotifier::transfer(ArchiveWriter& archive);
template void DialogNotifier::transfer(ArchiveReader& archive);

}  // namespace intermediary
