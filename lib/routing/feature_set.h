// Feature sets (RFC 3840 §5, RFC 3841 §8): what a user agent says of itself in its Contact, and what a caller asks for,
// each as a conjunction of terms; a term is a feature tag and the values that it may have. No meaning of a tag matters.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

// One value of a tag, or all but that one: a token (without case), a "<string>" (by case) or a range of numbers.
struct FeatureValue {
  enum class Kind : std::uint8_t { Token, String, Range };
  Kind kind = Kind::Token;
  bool negated = false;
  std::string text;  // a token in lower case
  // Of a range, both ends belong to it: millionths, so that nothing depends on floating point.
  std::int64_t least = 0, most = 0;

  friend bool operator==(const FeatureValue&, const FeatureValue&) = default;
};

struct FeatureTerm {
  std::string tag;  // decoded and in lower case: "sip.audio"
  std::vector<FeatureValue> values;

  friend bool operator==(const FeatureTerm&, const FeatureTerm&) = default;
};

struct FeatureSet {
  std::vector<FeatureTerm> terms;  // none twice

  bool empty() const { return terms.empty(); }
  const FeatureTerm* find(std::string_view tag) const;
  friend bool operator==(const FeatureSet&, const FeatureSet&) = default;
};

// Header parameters as they stand: ";audio;methods=\"INVITE,BYE\"". Values lose their quotes.
struct ParameterText {
  std::string name;  // in lower case
  std::string value;
  bool has_value = false;
};
// REQUIRES: unfolded. The error says what is wrong (at most limit::parameters, none twice).
std::expected<std::vector<ParameterText>, std::string> scan_parameters(std::string_view text);

// RFC 3841 §7.2.1: is it one of the base tags, or does it begin with a plus?
bool is_feature_parameter(std::string_view name);
// Of those parameters that are feature parameters (§7.2.3, §8). The error says what cannot be read, or which limit is
// passed (limit::feature_values).
std::expected<FeatureSet, std::string> feature_set(const std::vector<ParameterText>& parameters);

// RFC 2533 §4: can both hold? A tag that only one of them names does not matter.
bool matches(const FeatureSet& a, const FeatureSet& b);

}  // namespace intermediary
