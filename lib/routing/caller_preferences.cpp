#include "routing/caller_preferences.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "message/values.h"

namespace intermediary {

namespace {

constexpr int full_score = 1'000'000;

struct Judged {
  std::size_t target;
  int score;
};

std::string_view event_package(const Message& request) {
  const std::string_view event = request.value(FieldName::Event);
  return trim(event.substr(0, event.find(';')));
}

// §7.2.2: the request is for those who know its method, and the event package it subscribes to.
CallerPreferences implicit_preferences(const Message& request) {
  const auto token = [](std::string_view text) {
    return FeatureValue{FeatureValue::Kind::Token, false, lowercase(text), 0, 0};
  };
  Preference preference{.require = true};
  const bool of_an_invite = request.method() == Method::Ack || request.method() == Method::Cancel;
  const std::string_view method = of_an_invite ? std::string_view("INVITE") : request.method_text();
  preference.features.terms.push_back({"sip.methods", {token(method)}});
  if (request.method() == Method::Subscribe && !event_package(request).empty()) {
    preference.features.terms.push_back({"sip.events", {token(event_package(request))}});
  }
  return {{std::move(preference)}, {}, true};
}

// "*;audio;require". What does not begin with a star is of a draft before the RFC.
std::expected<Preference, std::string> parse_preference(std::string_view text) {
  const std::string value = unfold(text);
  if (!value.starts_with('*')) return std::unexpected("an entry begins with '*'");
  const auto parameters = scan_parameters(std::string_view(value).substr(1));
  if (!parameters) return std::unexpected(parameters.error());
  auto features = feature_set(*parameters);
  if (!features) return std::unexpected(std::move(features.error()));
  const auto has = [&](std::string_view name) {
    return std::ranges::find(*parameters, name, &ParameterText::name) != parameters->end();
  };
  return Preference{*std::move(features), has("require"), has("explicit")};
}

// Adds those of one field; "" or what is wrong with it.
std::string read_preferences(const Message& request, FieldName name, std::vector<Preference>& list,
                             std::size_t& count) {
  for (const Entry& entry : entries(request, name)) {
    if (++count > limit::caller_preferences) {
      return "more than " + std::to_string(limit::caller_preferences) + " caller preferences";
    }
    auto preference = parse_preference(text(request, entry));
    if (!preference) return std::string(field_text(name)) + ": " + preference.error();
    list.push_back(*std::move(preference));
  }
  return {};
}

// §7.2.4: one that names a feature of which the contact says nothing rejects nothing.
bool rejects(const Preference& preference, const FeatureSet& contact) {
  const bool all_named = std::ranges::all_of(
      preference.features.terms, [&](const FeatureTerm& term) { return contact.find(term.tag) != nullptr; });
  return all_named && matches(preference.features, contact);
}

// Of one that matches: the share of its features that the contact names.
int score_of(const Preference& preference, const FeatureSet& contact) {
  const std::vector<FeatureTerm>& terms = preference.features.terms;
  if (terms.empty()) return full_score;
  const auto named =
      std::ranges::count_if(terms, [&](const FeatureTerm& term) { return contact.find(term.tag) != nullptr; });
  return static_cast<int>(named * full_score / static_cast<std::ptrdiff_t>(terms.size()));
}

// The caller's preference for it, Qa in the RFC; nullopt: it is no target.
std::optional<int> judge(const FeatureSet& contact, const CallerPreferences& preferences) {
  if (std::ranges::any_of(preferences.reject, [&](const Preference& p) { return rejects(p, contact); })) return {};
  std::int64_t sum = 0, matching = 0;
  for (const Preference& preference : preferences.accept) {
    if (!matches(preference.features, contact)) {
      if (preference.require) return {};
      continue;
    }
    int score = score_of(preference, contact);
    if (score < full_score && preference.explicit_only) {
      if (preference.require) return {};
      score = 0;
    }
    sum += score;
    ++matching;
  }
  if (preferences.accept.empty()) return full_score;
  return matching == 0 ? 0 : static_cast<int>(sum / matching);
}

// nullopt: immune.
std::optional<FeatureSet> features_of(std::string_view parameters) {
  if (parameters.empty()) return std::nullopt;
  const auto scanned = scan_parameters(parameters);
  if (!scanned) return std::nullopt;
  auto features = feature_set(*scanned);
  if (!features || features->empty()) return std::nullopt;
  return *std::move(features);
}

std::vector<Judged> judge_all(const std::vector<Target>& targets, const CallerPreferences& preferences) {
  std::vector<Judged> judged;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto features = features_of(targets[i].features);
    const auto score = features ? judge(*features, preferences) : full_score;
    if (score) judged.push_back({i, *score});
  }
  return judged;
}

}  // namespace

Disposition read_disposition(const Message& request) {
  Disposition disposition;
  const auto say = [](std::optional<bool>& directive, bool value) {
    if (!directive) directive = value;
  };
  for (const std::string_view word : tokens(request, FieldName::RequestDisposition)) {
    const auto is = [&](std::string_view directive) { return equals_ignoring_case(word, directive); };
    if (is("redirect") || is("proxy")) say(disposition.redirect, is("redirect"));
    if (is("cancel") || is("no-cancel")) say(disposition.cancel, is("cancel"));
    if (is("fork") || is("no-fork")) say(disposition.fork, is("fork"));
    if (is("recurse") || is("no-recurse")) say(disposition.recurse, is("recurse"));
    if (is("parallel") || is("sequential")) say(disposition.parallel, is("parallel"));
  }
  return disposition;
}

ForkPolicy with_disposition(ForkPolicy policy, const Disposition& disposition) {
  if (disposition.parallel) policy.mode = *disposition.parallel ? ForkMode::Parallel : ForkMode::Serial;
  if (disposition.recurse == false) policy.recurse = false;
  if (disposition.cancel == false) policy.cancel = false;
  if (disposition.fork == false) policy.only_the_best = true;
  return policy;
}

std::expected<CallerPreferences, std::string> read_caller_preferences(const Message& request) {
  CallerPreferences preferences;
  std::size_t count = 0;
  std::string problem = read_preferences(request, FieldName::AcceptContact, preferences.accept, count);
  if (problem.empty()) problem = read_preferences(request, FieldName::RejectContact, preferences.reject, count);
  if (!problem.empty()) return std::unexpected(std::move(problem));
  if (count == 0) return implicit_preferences(request);
  return preferences;
}

TargetSet prefer(TargetSet set, const CallerPreferences& preferences) {
  std::vector<Target> targets = std::move(set).take();
  std::vector<Judged> judged = judge_all(targets, preferences);
  // §7.2.4: rather a 405 or 489 of theirs than a 480 of ours, for what nobody asked for in so many words.
  if (judged.empty() && preferences.implicit) judged = judge_all(targets, {});
  std::ranges::sort(judged, [&](const Judged& a, const Judged& b) {
    const int q_of_a = targets[a.target].q_thousandths, q_of_b = targets[b.target].q_thousandths;
    if (q_of_a != q_of_b) return q_of_a > q_of_b;
    return a.score != b.score ? a.score > b.score : a.target < b.target;
  });
  TargetSet preferred;
  for (const Judged& one : judged) preferred.add(std::move(targets[one.target]));
  return preferred;
}

bool have_features(const TargetSet& targets) {
  return std::ranges::any_of(targets.targets(), [](const Target& target) { return !target.features.empty(); });
}

}  // namespace intermediary
