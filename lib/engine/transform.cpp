// What rules change in a request before it goes on (docs/configuration.md).
#include <algorithm>
#include <utility>

#include "engine/core.h"

namespace intermediary {

const NumberPlan* EngineCore::number_plan(std::string_view name) const {
  const auto plan = std::ranges::find(config_.numbering, name, &NumberPlan::name);
  return plan == config_.numbering.end() ? nullptr : &*plan;
}

std::optional<Refusal> EngineCore::transform(Preprocessed& pre, const Rule& rule, const NumberPlan* plan) const {
  const RuleChanges& changes = rule.changes;
  if (!changes.headers.empty()) {
    const MessagePtr message = changed(*pre.request, changes.headers, config_.limits);
    auto again = message ? preprocess(message, names_, proxy_settings_) : std::unexpected(Refusal{});
    if (!again) return Refusal{500, "what its rule makes of it would be too large", {}};
    again->flow_tokens = std::move(pre.flow_tokens);
    again->by_path = pre.by_path;
    again->flow = pre.flow;
    again->in_token = std::move(pre.in_token);
    again->path_entry = pre.path_entry;
    again->from_gruu = pre.from_gruu;
    pre = *std::move(again);
  }
  // It is for whoever was told it: nobody behind us is to learn how to come from a trunk.
  if (registered_as(pre.request_uri)) pre.request_uri.remove_parameter(line_parameter);
  if (!changes.request_uri.empty()) {
    auto uri = changed(pre.request_uri, changes.request_uri);
    if (!uri) return Refusal{404, "nothing is left of its Request-URI's user", {}};
    pre.request_uri = *std::move(uri);
  }
  if (changes.numbers.empty()) return std::nullopt;
  const auto number = dialled(*plan, pre.request_uri);
  if (!number) return Refusal{404, "no number: " + number.error(), {}};
  pre.request_uri = with_number(std::move(pre.request_uri), *number);
  return std::nullopt;
}

}  // namespace intermediary
