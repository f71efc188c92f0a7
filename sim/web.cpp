#include "sim/web.h"

namespace intermediary::sim {

void VirtualWeb::apply(const WebChange& change) {
  Resource& resource = resources_[change.url];
  if (change.result) resource.result = *change.result;
  resource.after = change.after;
}

// As a client does: whatever takes longer than it may is late, and larger than it may be is none.
VirtualWeb::Answer VirtualWeb::ask(const HttpOrder& order) const {
  const auto failed = [](HttpFailure::Kind kind, std::string reason) {
    return HttpResult(std::unexpected(HttpFailure{kind, std::move(reason)}));
  };
  const auto found = find(order.url.to_string());
  if (!found) return {failed(HttpFailure::Kind::NoAddress, order.url.host + ": no such host"), Duration{0}};
  Answer answer = *found;
  if (answer.result && answer.result->body.size() > order.most_bytes) {
    answer.result = failed(HttpFailure::Kind::TooLarge, "its answer is larger than it may be");
  }
  if (answer.after > order.timeout) {
    answer = {failed(HttpFailure::Kind::TimedOut, "no answer in time"), order.timeout};
  }
  return answer;
}

std::optional<VirtualWeb::Answer> VirtualWeb::find(const std::string& url) const {
  const auto found = resources_.find(url);
  return found == resources_.end() ? std::nullopt : std::optional(Answer{found->second.result, found->second.after});
}

}  // namespace intermediary::sim
