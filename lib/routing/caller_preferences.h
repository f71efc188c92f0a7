// Caller preferences (RFC 3841): what a request asks of those who may get it, and what becomes of a target set by it.
// Pure; scores are whole numbers.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "message/message.h"
#include "routing/feature_set.h"
#include "routing/fork_policy.h"
#include "routing/target_set.h"

namespace intermediary {

// Request-Disposition (RFC 3841 §9.1): what the request says, where it says something. Of two directives of one type
// the first counts; words that are no directive, and "queue", say nothing: nobody queues here.
struct Disposition {
  std::optional<bool> redirect, cancel, fork, recurse, parallel;

  friend bool operator==(const Disposition&, const Disposition&) = default;
};
Disposition read_disposition(const Message& request);
// What becomes of a rule's policy by it. "recurse" does not make a rule follow redirections that does not do so anyway.
ForkPolicy with_disposition(ForkPolicy policy, const Disposition& disposition);

// One entry of Accept-Contact or Reject-Contact.
struct Preference {
  FeatureSet features;
  bool require = false;        // a contact that does not match is no target
  bool explicit_only = false;  // one that does not name every feature counts as if it named none

  friend bool operator==(const Preference&, const Preference&) = default;
};

struct CallerPreferences {
  std::vector<Preference> accept, reject;
  bool implicit = false;  // made of the method and the event package, for there are no others (§7.2.2)

  friend bool operator==(const CallerPreferences&, const CallerPreferences&) = default;
};
// The error says which field cannot be read, or that there are more than limit::caller_preferences (§11).
std::expected<CallerPreferences, std::string> read_caller_preferences(const Message& request);

// RFC 3841 §7.2.4: without the contacts that the caller does not want, in order of q, and where that is equal, of the
// caller's preference; where that is equal too, in their order. A contact without features, or with features that
// cannot be read, is immune: it stays, as if it were all that the caller prefers.
TargetSet prefer(TargetSet targets, const CallerPreferences& preferences);
// Whether any of them says what it can do: if none does, the preferences change nothing.
bool have_features(const TargetSet& targets);

}  // namespace intermediary
