// "key=value" of a scenario's line, and what a value has to be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/ranges.h"
#include "config/words.h"
#include "routing/path_use.h"
#include "sim/node_options.h"
#include "sim/scenario_text.h"

namespace intermediary::sim {

struct KeyValue {
  std::string key;
  std::string value;
};

inline std::optional<KeyValue> key_and_value(std::string_view word) {
  std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return KeyValue{std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))};
}

// What an option's value has to be, read or refused with its place.
struct OptionValue {
  const std::string& text;
  Place place;

  [[noreturn]] void refuse(std::string_view expected) const {
    throw Wrong{place, "expected " + std::string(expected) + ", got '" + text + '\''};
  }
  Duration duration() const {
    auto parsed = parse_duration(text);
    if (!parsed) refuse("a duration such as 500ms or 3s");
    return *parsed;
  }
  Duration positive_duration() const {
    Duration parsed = duration();
    if (parsed == Duration::zero()) refuse("a duration above zero");
    return parsed;
  }
  Duration duration(const DurationRange& range) const {
    const Duration parsed = range.least > Duration::zero() ? positive_duration() : duration();
    if (parsed % range.step != Duration::zero()) refuse("whole seconds");
    if (parsed < range.least || parsed > range.most) {
      refuse("a duration from " + duration_text(range.least) + " to " + duration_text(range.most));
    }
    return parsed;
  }
  std::chrono::seconds seconds(const DurationRange& range) const {
    return std::chrono::duration_cast<std::chrono::seconds>(duration(range));
  }
  std::size_t number() const {
    auto parsed = parse_decimal<std::size_t>(text);
    if (!parsed) refuse("a number");
    return *parsed;
  }
  std::size_t number(const NumberRange& range) const {
    const std::size_t parsed = number();
    if (std::cmp_less(parsed, range.least) || std::cmp_greater(parsed, range.most)) {
      refuse("a number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    }
    return parsed;
  }
  bool yes_or_no() const {
    if (text != "yes" && text != "no") refuse("yes or no");
    return text == "yes";
  }
  std::vector<std::string> list(std::string_view expected) const {
    auto entries = parse_list(text);
    if (entries.empty()) refuse(expected);
    return entries;
  }
  std::vector<std::string> domains() const {
    auto domains = list("a domain such as example.com");
    for (std::string& domain : domains) domain = lowercase(domain);
    return domains;
  }
  PathUse path_use() const {
    if (text == "supported") return PathUse::Supported;
    if (text == "required") return PathUse::Required;
    refuse("supported or required");
  }
  std::vector<Cidr> networks() const {
    constexpr std::string_view expected = "a network such as 192.0.2.0/24";
    std::vector<Cidr> networks;
    for (const std::string& entry : list(expected)) {
      auto network = Cidr::parse(entry);
      if (!network) refuse(expected);
      networks.push_back(*network);
    }
    return networks;
  }
};

}  // namespace intermediary::sim
