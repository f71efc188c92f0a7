#include "routing/feature_set.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

namespace {

// RFC 3841 §7.2.1; all but the last two get "sip." in front (§8).
constexpr auto base_tags = std::to_array<std::string_view>(
    {"audio",       "automata", "class",    "duplex",  "data",       "control", "mobility",
     "description", "events",   "priority", "methods", "extensions", "schemes", "application",
     "video",       "isfocus",  "actor",    "text",    "language",   "type"});
constexpr std::size_t tags_of_sip = base_tags.size() - 2;

constexpr std::int64_t millionths = 1'000'000;
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

// RFC 3841 §8: the name in the syntax of RFC 2506.
std::string decoded_tag(std::string_view name) {
  const auto base = std::ranges::find(base_tags, name);
  if (base != base_tags.end()) {
    return base - base_tags.begin() < static_cast<std::ptrdiff_t>(tags_of_sip) ? "sip." + std::string(name)
                                                                               : std::string(name);
  }
  std::string tag(name.substr(1));  // the plus
  std::ranges::replace(tag, '!', ':');
  std::ranges::replace(tag, '\'', '/');
  return tag;
}

// "-12.5" as millionths: up to nine digits before and six behind the point.
std::optional<std::int64_t> parse_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (whole.empty() || whole.size() > 9 || fraction.size() > 6) return std::nullopt;
  if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) return std::nullopt;
  fraction.resize(6, '0');
  const std::int64_t value =
      *parse_decimal<std::int64_t>(whole) * millionths + *parse_decimal<std::int64_t>(std::string_view(fraction));
  return negative ? -value : value;
}

// What stands behind '#': "=5", ">=5", "<=5" or "1:5".
bool read_range(std::string_view text, FeatureValue& value) {
  value.kind = FeatureValue::Kind::Range;
  value.least = lowest;
  value.most = highest;
  const bool at_least = text.starts_with(">="), at_most = text.starts_with("<="), exactly = text.starts_with("=");
  const std::size_t colon = text.find(':');
  const auto first =
      parse_number(at_least || at_most ? text.substr(2) : text.substr(exactly ? 1 : 0, exactly ? text.npos : colon));
  if (!first) return false;
  if (!at_most) value.least = *first;
  if (at_most || exactly) value.most = *first;
  if (at_least || at_most || exactly) return true;
  const auto second = colon == text.npos ? std::nullopt : parse_number(text.substr(colon + 1));
  if (!second) return false;
  value.most = *second;
  return true;
}

std::optional<FeatureValue> parse_value(std::string_view text) {
  FeatureValue value;
  text = trim(text);
  if (text.starts_with('!')) {
    value.negated = true;
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  if (text.starts_with('#')) {
    if (!read_range(text.substr(1), value)) return std::nullopt;
    return value;
  }
  value.text = lowercase(text);
  return value;
}

std::expected<FeatureTerm, std::string> parse_term(const ParameterText& parameter) {
  FeatureTerm term{decoded_tag(parameter.name), {}};
  std::string_view text = parameter.has_value ? std::string_view(parameter.value) : std::string_view("TRUE");
  if (text.size() >= 2 && text.starts_with('<') && text.ends_with('>')) {
    term.values.push_back({FeatureValue::Kind::String, false, std::string(text.substr(1, text.size() - 2)), 0, 0});
    return term;
  }
  while (true) {
    const std::size_t comma = text.find(',');
    auto value = parse_value(text.substr(0, comma));
    if (!value) return std::unexpected("'" + parameter.name + "' has a value that cannot be read");
    term.values.push_back(*std::move(value));
    if (comma == text.npos) return term;
    text.remove_prefix(comma + 1);
  }
}

bool equal(const FeatureValue& a, const FeatureValue& b) { return a.kind == b.kind && a.text == b.text; }

// Is there a value that is both?
bool meet(const FeatureValue& a, const FeatureValue& b) {
  if (a.negated && b.negated) return true;
  if (a.negated) return meet(b, a);
  const bool ranges = a.kind == FeatureValue::Kind::Range && b.kind == FeatureValue::Kind::Range;
  if (!ranges) return equal(a, b) != b.negated;
  if (b.negated) return a.least < b.least || a.most > b.most;
  return std::max(a.least, b.least) <= std::min(a.most, b.most);
}

bool meet(const FeatureTerm& a, const FeatureTerm& b) {
  return std::ranges::any_of(a.values, [&](const FeatureValue& one) {
    return std::ranges::any_of(b.values, [&](const FeatureValue& other) { return meet(one, other); });
  });
}

// A quoted string at the front of `text`, taken off, without quotes and escapes.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value += text[i];
  }
  return std::nullopt;
}

}  // namespace

const FeatureTerm* FeatureSet::find(std::string_view tag) const {
  const auto term = std::ranges::find(terms, tag, &FeatureTerm::tag);
  return term == terms.end() ? nullptr : &*term;
}

std::expected<std::vector<ParameterText>, std::string> scan_parameters(std::string_view text) {
  std::vector<ParameterText> all;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    if (text.front() != ';') return std::unexpected("something stands where a ';' belongs");
    if (all.size() == limit::parameters) {
      return std::unexpected("more than " + std::to_string(limit::parameters) + " parameters");
    }
    text.remove_prefix(1);
    const std::size_t name_end = std::min(text.find_first_of(";="), text.size());
    ParameterText parameter{lowercase(trim(text.substr(0, name_end))), {}, false};
    text.remove_prefix(name_end);
    if (!is_token(parameter.name)) return std::unexpected("a parameter without a name");
    if (text.starts_with('=')) {
      parameter.has_value = true;
      text = trim(text.substr(1));
      if (text.starts_with('"')) {
        auto value = take_quoted(text);
        if (!value) return std::unexpected("the quotes of '" + parameter.name + "' do not end");
        parameter.value = *std::move(value);
      } else {
        const std::size_t end = std::min(text.find(';'), text.size());
        parameter.value = trim(text.substr(0, end));
        text.remove_prefix(end);
      }
    }
    if (std::ranges::find(all, parameter.name, &ParameterText::name) != all.end()) {
      return std::unexpected("'" + parameter.name + "' stands there twice");
    }
    all.push_back(std::move(parameter));
  }
  return all;
}

bool is_feature_parameter(std::string_view name) {
  return (name.size() > 1 && name.starts_with('+')) || std::ranges::find(base_tags, name) != base_tags.end();
}

std::expected<FeatureSet, std::string> feature_set(const std::vector<ParameterText>& parameters) {
  FeatureSet set;
  std::size_t values = 0;
  for (const ParameterText& parameter : parameters) {
    if (!is_feature_parameter(parameter.name)) continue;
    auto term = parse_term(parameter);
    if (!term) return std::unexpected(std::move(term.error()));
    values += term->values.size();
    if (values > limit::feature_values) {
      return std::unexpected("more than " + std::to_string(limit::feature_values) + " values of features");
    }
    if (!set.find(term->tag)) set.terms.push_back(*std::move(term));
  }
  return set;
}

bool matches(const FeatureSet& a, const FeatureSet& b) {
  return std::ranges::all_of(a.terms, [&](const FeatureTerm& term) {
    const FeatureTerm* other = b.find(term.tag);
    return !other || meet(term, *other);
  });
}

}  // namespace intermediary
