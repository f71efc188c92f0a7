#include "routing/numbers.h"

#include <algorithm>

#include "base/text.h"

namespace intermediary {

namespace {

constexpr std::size_t most_digits = 15;  // E.164 §6.1, country code and all
constexpr std::string_view separators = "-.()";

bool is_number_character(char c) { return is_digit(c) || c == '*' || c == '#' || (c >= 'A' && c <= 'D'); }

// The user in front of its parameters, and these with their ';'.
std::pair<std::string_view, std::string_view> split(std::string_view user) {
  const std::size_t cut = std::min(user.find(';'), user.size());
  return {user.substr(0, cut), user.substr(cut)};
}

std::string rewritten(std::string number, const std::vector<NumberRewrite>& rewrites) {
  for (const NumberRewrite& rewrite : rewrites) {
    if (auto changed = rewrite.match.replaced(number, rewrite.with)) return *std::move(changed);
  }
  return number;
}

bool is_kept(const NumberPlan& plan, std::string_view number) {
  return std::ranges::any_of(plan.keep, [&](const Pattern& pattern) { return pattern.found_in(number); });
}

bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

std::string globalized(const NumberPlan& plan, const std::string& number) {
  if (!all_digits(number)) return number;
  const std::string_view digits = number;
  if (!plan.international.empty() && digits.starts_with(plan.international)) {
    return "+" + number.substr(plan.international.size());
  }
  if (plan.country.empty()) return number;
  if (digits.starts_with(plan.national)) return "+" + plan.country + number.substr(plan.national.size());
  return plan.area.empty() ? number : "+" + plan.country + plan.area + number;
}

bool is_private(const Uri& uri) {
  if (uri.scheme == Uri::Scheme::Tel) return uri.has_parameter("phone-context");
  return lowercase(split(uri.user).second).find(";phone-context=") != std::string::npos;
}

}  // namespace

std::optional<std::string> number_of(const Uri& uri) {
  if (!uri.is_sip() && uri.scheme != Uri::Scheme::Tel) return std::nullopt;
  std::string number;
  const std::string user = unescaped_user(split(uri.user).first);
  for (const char c : user) {
    if (separators.contains(c)) continue;
    const bool is_sign = c == '+' && number.empty();
    if (!is_sign && !is_number_character(c)) return std::nullopt;
    number += c;
  }
  if (number.empty() || number == "+") return std::nullopt;
  if (number.front() == '+' && !all_digits(std::string_view(number).substr(1))) return std::nullopt;
  return number;
}

std::expected<std::string, std::string> dialled(const NumberPlan& plan, const Uri& uri) {
  std::optional<std::string> given = number_of(uri);
  if (!given) return unescaped_user(split(uri.user).first);
  if (is_private(uri)) return *std::move(given);
  std::string number = rewritten(*std::move(given), plan.rewrite);
  if (is_kept(plan, number)) return number;
  if (!number.starts_with('+')) number = globalized(plan, number);
  const bool is_global = number.starts_with('+');
  if (is_global && number.size() < 2) return std::unexpected("nothing is dialled behind the international prefix");
  if (is_global && number.size() - 1 > most_digits) return std::unexpected("it has more than 15 digits (E.164)");
  return number;
}

Uri with_number(Uri uri, std::string_view number) {
  if (!number_of(uri)) return uri;
  uri.user = escaped_user(number) + std::string(split(uri.user).second);
  if (uri.is_sip()) uri.set_parameter("user", "phone");
  return uri;
}

std::string written(std::string_view number, const NumberFormat& format, const NumberPlan* plan) {
  std::string text(number);
  if (number.starts_with('+')) {
    const std::string_view digits = number.substr(1);
    const std::string country = plan ? plan->country : std::string();
    const std::string international = plan && !plan->international.empty() ? plan->international : std::string("+");
    const bool at_home = !country.empty() && digits.starts_with(country);
    switch (format.kind) {
      case NumberFormat::Kind::E164:
        break;
      case NumberFormat::Kind::Digits:
        text = digits;
        break;
      case NumberFormat::Kind::National:
        if (at_home) {
          text = plan->national + std::string(digits.substr(country.size()));
          break;
        }
        [[fallthrough]];
      case NumberFormat::Kind::International:
        text = international + std::string(digits);
        break;
    }
    text.insert(0, format.prefix);
  }
  return rewritten(std::move(text), format.rewrite);
}

Uri sip_uri_of(const Uri& tel, const Uri& host) {
  Uri uri;
  uri.scheme = host.scheme;
  uri.written_scheme = host.written_scheme;
  uri.has_user = true;
  uri.user = tel.user + (tel.parameters.empty() ? "" : ";" + tel.parameters);
  uri.host = host.host;
  uri.port = host.port;
  uri.set_parameter("user", "phone");
  return uri;
}

}  // namespace intermediary
