// Response contexts and their branches, and what must hold between them: whoever reads them goes from one to the other
// without looking whether it is there.
#include <algorithm>
#include <charconv>

#include "base/slot_table_archive.h"
#include "proxy/preprocess_archive.h"
#include "proxy/stateful.h"

namespace intermediary {

template <class Archive>
void transfer(Archive& archive, HexText& value) {
  std::string text(value.view());
  archive(text);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    value = HexText(number);
    if (value.view() != text) archive.fail("no sixteen hexadecimal digits");
  }
}

// Who watches is not the watch's own: StatefulProxy::transfer().
template <class Archive>
void transfer(Archive& archive, CallWatch& value) {
  auto& [observer, kind, by_callee, timer_supported, adopts, interval, subject] = value;
  archive(kind, by_callee, timer_supported, adopts, interval, subject);
}

template <class Archive>
void transfer(Archive& archive, Answered& value) {
  archive.members(value);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    const auto is_there = [&](const Entry& entry) { return value.response && lies_within(*value.response, entry); };
    if (value.response && !value.response->is_response()) return archive.fail("a request for an answer");
    if (!std::ranges::all_of(value.tried, is_there)) archive.fail("a contact of no answer");
  }
}

template <class Archive>
void Servers::transfer(Archive& archive) {
  auto& [hops, next] = *this;
  if constexpr (!Archive::reads) {
    std::vector<Hop> left(hops.begin() + static_cast<std::ptrdiff_t>(next), hops.end());
    archive(left);
  } else {
    archive(hops);
    next = 0;
  }
}

template <class Archive>
void RestingServers::transfer(Archive& archive) {
  auto& [until] = *this;
  archive(until);
}

template <class Archive>
void StatefulProxy::transfer(Archive& archive, const Observers& observers) {
  // Which searches take late contacts, the contexts say.
  auto& [settings, names, transactions, timers, random, port, contexts, branches, queries, resting, searches] = *this;
  archive(contexts, branches, queries, resting);
  if constexpr (Archive::reads) searches.clear();
  for (const ResponseContextId id : contexts.ids()) {
    ResponseContext& context = *contexts.find(id);
    bool is_watched = context.watch.observer != nullptr;
    archive(is_watched);
    if constexpr (Archive::reads) {
      CallObserver* observer = context.watch.kind == CallWatch::Kind::Attempt ? observers.attempts : observers.dialogs;
      if (is_watched && !observer) return archive.fail("a call that nobody watches");
      context.watch.observer = is_watched ? observer : nullptr;
      if (!context.address_of_record.empty()) searches.emplace(context.address_of_record, id);
    }
  }
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    if (!is_coherent()) archive.fail("a branch that does not fit its request");
  }
}

bool StatefulProxy::is_coherent() const {
  std::size_t belonging = 0, asking = 0;
  for (const ResponseContextId id : contexts_.ids()) {
    const ResponseContext& context = *contexts_.find(id);
    if (!context.request.request) return false;
    belonging += context.branches.size();
    for (auto place = context.branches.begin(); place != context.branches.end(); ++place) {
      const Branch* branch = branches_.find(*place);
      if (!branch || branch->context != id) return false;
      for (const TimerHandle timer : {branch->timer, branch->failover, branch->ring}) {
        if (!timers_.has_given(timer)) return false;
      }
      // The next try is a later branch.
      if (branch->next && std::find(place + 1, context.branches.end(), branch->next) == context.branches.end()) {
        return false;
      }
      if (!branch->query) continue;
      const auto query = queries_.find(branch->query);
      if (query == queries_.end() || query->second != *place || branch->state != Branch::State::Resolving) return false;
      ++asking;
    }
  }
  return belonging == branches_.size() && asking == queries_.size();
}

template void StatefulProxy::transfer(ArchiveWriter& archive, const Observers& observers);
template void StatefulProxy::transfer(ArchiveReader& archive, const Observers& observers);

}  // namespace intermediary
