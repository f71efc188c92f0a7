// What waits for HTTP servers. Whoever asks is told once: the answer, or why there is none, in the order's time. A
// reply that comes later is nobody's.
#include <utility>

#include "engine/core.h"

namespace intermediary {

std::optional<QueryId> EngineCore::ask_http(HttpUse use, std::uint64_t subject, HttpOrder order) {
  if (http_.waits.size() >= limit::http_waits) return std::nullopt;
  const QueryId query{++http_.last_query};
  HttpWait wait{use, subject, (order.url.is_secure ? "https://" : "http://") + order.url.authority()};
  wait.deadline = timers_.arm(now_, order.timeout, {TimerOwner::Http, 0, query.value});
  http_.waits.emplace(query, std::move(wait));
  ++counters_.asks.http_requests;
  outputs_.emplace_back(HttpRequest{query, std::move(order)});
  return query;
}

void EngineCore::forget_http(QueryId query) {
  const auto found = http_.waits.find(query);
  if (found == http_.waits.end()) return;
  timers_.cancel(found->second.deadline);
  http_.waits.erase(found);
}

void EngineCore::take(HttpReplied& input) { end_http(input.query, std::move(input.result)); }

void EngineCore::http_timer_fired(const TimerTag& tag) {
  end_http(QueryId{tag.subject}, std::unexpected(HttpFailure{HttpFailure::Kind::TimedOut, "no answer in time"}));
}

void EngineCore::end_http(QueryId query, HttpResult result) {
  const auto found = http_.waits.find(query);
  if (found == http_.waits.end()) return;  // too late
  HttpWait wait = std::move(found->second);
  http_.waits.erase(found);
  timers_.cancel(wait.deadline);
  if (!result) {
    ++counters_.asks.http_failures;
    emit(HttpFailed{std::move(wait.server), result.error().reason});
  }
  http_ended(wait.use, wait.subject, std::move(result));
}

void EngineCore::http_ended(HttpUse use, std::uint64_t subject, HttpResult result) {
  switch (use) {
    case HttpUse::RouteQuery:
      return end_query(subject, result);
    case HttpUse::Certificate:
      return end_fetch(subject, result);
  }
}

}  // namespace intermediary
