// Max-Breadth (RFC 5393 §5): how many branches a request may have at one time, here and further down.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "message/message.h"
#include "proxy/refusal.h"
#include "routing/fork_policy.h"
#include "routing/target_set.h"

namespace intermediary {

struct Breadth {
  std::uint32_t incoming = 0;           // what the request may use: no more than our maximum
  std::optional<std::uint32_t> stated;  // what it says

  friend bool operator==(const Breadth&, const Breadth&) = default;
};

// §5.3.3: 60 where nothing is said. What is no positive number is 400. REQUIRES: maximum > 0.
std::expected<Breadth, Refusal> breadth_of(const Message& request, std::uint32_t maximum);

// 440 where targets shall be tried at once that are more than the breadth allows.
std::optional<Refusal> refuse_for_breadth(const TargetSet& targets, ForkMode mode, std::uint32_t breadth);

// The part of `available` that the next of `left` targets gets: all together get all of it, the last ones nothing
// where there are more targets than that. REQUIRES: left > 0.
std::uint32_t share_of(std::uint32_t available, std::size_t left);

}  // namespace intermediary
