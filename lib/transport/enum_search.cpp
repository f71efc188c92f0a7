#include "transport/enum_search.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "base/pattern.h"
#include "base/text.h"

namespace intermediary {
namespace {

// The three parts of a substitution expression; nullopt where the delimiter does not stand three times. An escaped
// delimiter is one of the part that it stands in; other escapes stay.
std::optional<std::array<std::string, 3>> parts_of(std::string_view expression) {
  const char delimiter = expression.front();
  std::array<std::string, 3> parts;
  std::size_t part = 0;
  for (std::size_t i = 1; i < expression.size(); ++i) {
    const bool escapes = expression[i] == '\\' && i + 1 < expression.size();
    if (escapes && expression[i + 1] == delimiter) {
      parts[part] += expression[++i];
    } else if (escapes) {
      parts[part] += expression[i];
      parts[part] += expression[++i];
    } else if (expression[i] != delimiter) {
      parts[part] += expression[i];
    } else if (++part == parts.size()) {
      return std::nullopt;
    }
  }
  return part + 1 == parts.size() ? std::optional(std::move(parts)) : std::nullopt;
}

// "\1" to "\9" alone: RE2 would know "\0", too.
bool has_backrefs_alone(std::string_view replacement) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') continue;
    if (++i == replacement.size() || replacement[i] < '1' || replacement[i] > '9') return false;
  }
  return true;
}

// "E2U+sip", "E2U+voice:tel+sip", and in the old order of RFC 2916 "sip+E2U", whatever their case (RFC 6116 §3.4.3,
// §3.6). What stands behind a colon is a kind of sip.
bool offers_sip(std::string_view service) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= service.size(); ++i) {
    if (i != service.size() && service[i] != '+') continue;
    parts.push_back(lowercase(service.substr(begin, i - begin)));
    begin = i + 1;
  }
  const auto is_sip = [](const std::string& part) { return part == "sip" || part.starts_with("sip:"); };
  if (parts.size() < 2) return false;
  if (parts.front() == "e2u") return std::any_of(parts.begin() + 1, parts.end(), is_sip);
  return parts.back() == "e2u" && std::any_of(parts.begin(), parts.end() - 1, is_sip);
}

// One number at one suffix.
class NumberSearch {
 public:
  NumberSearch(std::string_view number, const DnsAnswers& known, EnumFound& found)
      : number_(number), known_(known), found_(found) {}

  // Goes on until there is a URI, or something is missing.
  void visit(const std::string& name) {
    if (found_.missing || !found_.uris.empty()) return;
    // A loop, or a longer way than anybody needs (§5.2.1).
    if (std::ranges::find(seen_, name) != seen_.end() || seen_.size() >= limit::enum_steps) return;
    seen_.push_back(name);
    const DnsQuestion question{name, DnsType::Naptr};
    const auto answer = known_.find(question);
    if (answer == known_.end()) {
      found_.missing = question;
    } else if (answer->second) {
      take(rules_in(*answer->second));
    } else if (answer->second.error().is_trouble()) {
      found_.trouble = name + ": " + answer->second.error().why();
    }
  }

 private:
  // §5.2: by ORDER, then by PREFERENCE, then as they came.
  static std::vector<NaptrRecord> rules_in(const DnsAnswer& answer) {
    const auto rank = [](const NaptrRecord& rule) { return std::pair(rule.order, rule.preference); };
    std::vector<NaptrRecord> rules;
    for (const DnsRecord& record : answer.records) {
      const auto* rule = std::get_if<NaptrRecord>(&record);
      if (rule) rules.insert(std::ranges::upper_bound(rules, rank(*rule), {}, rank), *rule);
    }
    return rules;
  }

  void take(const std::vector<NaptrRecord>& rules) {
    std::optional<std::uint16_t> order;
    for (const NaptrRecord& rule : rules) {
      if (order && rule.order != *order) return;
      if (equals_ignoring_case(rule.flags, "u")) {
        if (add(rule)) order = rule.order;
      } else if (rule.flags.empty() && !order) {
        const auto next = dns_name(rule.replacement);
        if (next) visit(*next);
        if (found_.missing || !found_.uris.empty()) return;
      }
    }
  }

  bool add(const NaptrRecord& rule) {
    if (!offers_sip(rule.service) || found_.uris.size() >= limit::branches_per_request) return false;
    const auto text = substituted(rule.regexp, number_);
    auto uri = text ? Uri::parse(*text) : std::unexpected(ValueError{});
    if (!uri || !uri->is_sip()) return false;
    found_.uris.push_back(*std::move(uri));
    return true;
  }

  std::string_view number_;
  const DnsAnswers& known_;
  EnumFound& found_;
  std::vector<std::string> seen_;
};

}  // namespace

std::string enum_domain(std::string_view number, std::string_view suffix) {
  std::string name;
  for (std::size_t i = number.size(); i-- > 0;) {
    if (is_digit(number[i])) name.append(1, number[i]).append(1, '.');
  }
  return name.append(suffix);
}

std::expected<std::string, std::string> substituted(std::string_view expression, std::string_view subject) {
  if (expression.empty()) return std::unexpected("it is empty");
  const char delimiter = expression.front();
  if (is_digit(delimiter) || to_lower(delimiter) == 'i' || delimiter == '\\') {
    return std::unexpected("its delimiter is a digit, a flag or a backslash");
  }
  const auto parts = parts_of(expression);
  if (!parts) return std::unexpected("its delimiter does not stand there three times");
  const auto& [pattern, replacement, flags] = *parts;
  if (flags.find_first_not_of("iI") != std::string::npos) return std::unexpected("it has other flags than 'i'");
  if (!has_backrefs_alone(replacement)) return std::unexpected("a backslash stands before what is no group");
  const auto compiled = Pattern::compile_posix(pattern, !flags.empty());
  if (!compiled) return std::unexpected(compiled.error());
  if (auto problem = compiled->problem_with(replacement); !problem.empty()) return std::unexpected(std::move(problem));
  auto made = compiled->replaced(subject, replacement);
  if (!made) return std::unexpected("it does not match");
  return *std::move(made);
}

EnumFound search_enum(std::string_view number, const std::vector<std::string>& suffixes, const DnsAnswers& known) {
  EnumFound found;
  for (const std::string& suffix : suffixes) {
    NumberSearch(number, known, found).visit(enum_domain(number, suffix));
    if (found.missing || !found.uris.empty()) break;
  }
  return found;
}

}  // namespace intermediary
