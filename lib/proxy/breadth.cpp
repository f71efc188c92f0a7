#include "proxy/breadth.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

namespace {

// 1*DIGIT (§5.8); a number that is too large for us is large.
std::optional<std::uint32_t> parse_breadth(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const std::uint32_t value = parse_decimal<std::uint32_t>(text).value_or(~std::uint32_t{0});
  return value == 0 ? std::nullopt : std::optional(value);
}

// Of those that are tried together, the most.
std::size_t widest_group(const TargetSet& set, ForkMode mode) {
  if (mode == ForkMode::Parallel) return set.size();
  if (mode == ForkMode::Serial || mode == ForkMode::Failover) return 1;
  std::ptrdiff_t widest = 0;
  for (const Target& target : set.targets()) {
    widest = std::max(widest, std::ranges::count(set.targets(), target.q_thousandths, &Target::q_thousandths));
  }
  return static_cast<std::size_t>(widest);
}

}  // namespace

std::expected<Breadth, Refusal> breadth_of(const Message& request, std::uint32_t maximum) {
  const Field* field = request.find(FieldName::MaxBreadth);
  if (!field) return Breadth{std::min(limit::max_breadth_default, maximum), std::nullopt};
  const auto stated = parse_breadth(request.value(*field));
  if (!stated) return std::unexpected(Refusal{400, "Max-Breadth: not a positive number", {}});
  return Breadth{std::min(*stated, maximum), stated};
}

std::optional<Refusal> refuse_for_breadth(const TargetSet& targets, ForkMode mode, std::uint32_t breadth) {
  if (targets.size() <= 1) return std::nullopt;
  const std::size_t widest = widest_group(targets, mode);
  if (widest <= breadth) return std::nullopt;
  return Refusal{440, std::to_string(widest) + " targets at once, and a Max-Breadth of " + std::to_string(breadth), {}};
}

std::uint32_t share_of(std::uint32_t available, std::size_t left) {
  assert(left > 0);
  const auto parts = static_cast<std::uint32_t>(left);
  return (available + parts - 1) / parts;
}

}  // namespace intermediary
