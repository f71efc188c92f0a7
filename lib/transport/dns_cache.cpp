#include "transport/dns_cache.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace intermediary {

namespace {

// RFC 8767 §5: how long a stale answer is believed before the server is asked again.
constexpr std::chrono::seconds stale_answer_ttl{30};

std::chrono::seconds believed_for(const DnsResult& result, const DnsTimes& times) {
  if (result) return std::clamp(result->ttl, times.min_ttl, std::max(times.min_ttl, times.max_ttl));
  return std::min(result.error().ttl.value_or(times.negative_ttl), times.negative_ttl);
}

}  // namespace

std::optional<DnsResult> DnsCache::find(TimePoint now, const DnsQuestion& question) {
  const auto found = entries_.find(question);
  if (found == entries_.end() || now >= found->second.fresh_until) return std::nullopt;
  touch(question, found->second);
  return found->second.result;
}

DnsCache::Believed DnsCache::learn(TimePoint now, const DnsQuestion& question, DnsResult result) {
  const auto found = entries_.find(question);
  if (!result && result.error().is_trouble()) {
    if (found == entries_.end()) return {std::move(result), false};
    if (now >= found->second.stale_until) {
      erase(found);
      return {std::move(result), false};
    }
    Entry& entry = found->second;
    entry.fresh_until = std::min(now + stale_answer_ttl, entry.stale_until);
    touch(question, entry);
    return {entry.result, true};
  }
  if (found == entries_.end() && entries_.size() >= limit::dns_cache_entries) {
    erase(entries_.find(by_use_.begin()->second));
  }
  Entry& entry = entries_[question];
  entry.result = result;
  entry.fresh_until = now + believed_for(result, times_);
  entry.stale_until = entry.fresh_until + times_.stale;
  touch(question, entry);
  return {std::move(result), false};
}

void DnsCache::touch(const DnsQuestion& question, Entry& entry) {
  by_use_.erase(entry.turn);
  entry.turn = ++last_turn_;
  by_use_.emplace(entry.turn, question);
}

void DnsCache::erase(std::map<DnsQuestion, Entry>::iterator entry) {
  by_use_.erase(entry->second.turn);
  entries_.erase(entry);
}

}  // namespace intermediary
