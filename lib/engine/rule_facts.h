// What the engine knows that rules ask for, of one request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core.h"

namespace intermediary {

// Lives as long as the choice of a rule. Credentials are looked at once, and not used up.
class EngineCore::Facts final : public RuleFacts {
 public:
  // REQUIRES: both outlive it.
  Facts(const EngineCore& core, const Preprocessed& request) : core_(core), request_(request) {}

  bool is_time(std::string_view times) const override;
  bool allows(std::string_view access_list, const IpAddress& source) const override;
  bool lists(std::string_view list, std::string_view user, std::string_view host) const override;
  std::optional<Principal> principal(const Rule& rule) const override;
  // Why nobody knows who it was that a rule wanted to know; "": no rule did, or it is known.
  const std::string& unknown() const { return unknown_; }

 private:
  struct Known {
    std::string realm;
    FieldName field{};
    std::optional<Principal> principal;
  };

  const EngineCore& core_;
  const Preprocessed& request_;
  mutable std::vector<Known> known_;
  mutable std::string unknown_;
};

}  // namespace intermediary
