#include "message/overload_control.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace intermediary {

namespace {

constexpr std::uint64_t longest_validity_ms = 86'400'000;  // of what is read; who follows it has a limit of his own
constexpr std::size_t sequence_digits = 5;                 // behind the point
constexpr std::uint64_t sequence_unit = 100'000;

struct OcParameter {
  std::string_view name;
  std::optional<std::string_view> value;
  std::size_t begin = 0, end = 0;  // of ";name=value", within the Via
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

// The end of what begins at `at`: the next of `ends` outside of a quoted string, or the end of the text.
std::size_t end_of(std::string_view text, std::size_t at, std::string_view ends) {
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && ends.find(c) != std::string_view::npos) {
      return at;
    }
  }
  return text.size();
}

template <class Each>
void for_each_parameter(std::string_view via, Each each) {
  for (std::size_t begin = end_of(via, 0, ";"); begin < via.size();) {
    const std::size_t end = end_of(via, begin + 1, ";");
    const std::string_view text = via.substr(begin + 1, end - begin - 1);
    const std::size_t equals = text.find('=');
    OcParameter parameter{trimmed(text.substr(0, equals)), std::nullopt, begin, end};
    if (equals != std::string_view::npos) parameter.value = trimmed(text.substr(equals + 1));
    each(parameter);
    begin = end;
  }
}

enum Known : std::uint8_t { Oc, Algorithm, Validity, Sequence };
constexpr std::array<std::string_view, 4> names{"oc", "oc-algo", "oc-validity", "oc-seq"};

std::optional<Known> known(std::string_view name) {
  if (name.size() < 2 || (name[0] | 0x20) != 'o') return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (equals_ignoring_case(name, names[i])) return static_cast<Known>(i);
  }
  return std::nullopt;
}

// The first of each.
using Found = std::array<std::optional<OcParameter>, names.size()>;

Found find_all(std::string_view via) {
  Found found;
  for_each_parameter(via, [&](const OcParameter& parameter) {
    const auto which = known(parameter.name);
    if (which && !found[*which]) found[*which] = parameter;
  });
  return found;
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool lists_loss(std::string_view algorithms) {
  for (std::size_t begin = 0; begin <= algorithms.size();) {
    const std::size_t comma = std::min(algorithms.find(',', begin), algorithms.size());
    if (equals_ignoring_case(trimmed(algorithms.substr(begin, comma - begin)), "loss")) return true;
    begin = comma + 1;
  }
  return false;
}

// §9: 1*12DIGIT "." 1*5DIGIT.
std::optional<std::uint64_t> parse_sequence(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || point > 12 || text.size() - point - 1 > sequence_digits) return std::nullopt;
  const auto whole = parse_decimal<std::uint64_t>(text.substr(0, point));
  std::string fraction(text.substr(point + 1));
  if (fraction.empty()) return std::nullopt;
  fraction.resize(sequence_digits, '0');
  const auto parts = parse_decimal<std::uint64_t>(fraction);
  if (!whole || !parts) return std::nullopt;
  return *whole * sequence_unit + *parts;
}

}  // namespace

bool offers_overload_control(std::string_view via) {
  const Found found = find_all(via);
  if (!found[Oc] || found[Oc]->value || !found[Algorithm] || !found[Algorithm]->value) return false;
  return lists_loss(without_quotes(*found[Algorithm]->value));
}

std::optional<OverloadWord> overload_word(std::string_view via) {
  const Found found = find_all(via);
  if (!found[Oc] || !found[Oc]->value || !found[Algorithm] || !found[Algorithm]->value) return std::nullopt;
  // §4.2: the one that the server has chosen.
  if (!equals_ignoring_case(without_quotes(*found[Algorithm]->value), "loss")) return std::nullopt;
  const auto reduction = parse_decimal<std::uint32_t>(*found[Oc]->value);
  if (!reduction || *reduction > 100) return std::nullopt;                                        // §7.1
  OverloadWord word{static_cast<int>(*reduction), std::chrono::milliseconds(500), std::nullopt};  // §4.3
  if (found[Validity]) {
    const auto milliseconds = parse_decimal<std::uint64_t>(found[Validity]->value.value_or(""));
    if (!milliseconds) return std::nullopt;
    word.validity = std::chrono::milliseconds(std::min(*milliseconds, longest_validity_ms));
  }
  if (found[Sequence]) {
    word.sequence = parse_sequence(found[Sequence]->value.value_or(""));
    if (!word.sequence) return std::nullopt;
  }
  return word;
}

std::string to_parameters(const OverloadWord& word) {
  std::string text = ";oc=" + std::to_string(word.reduction) + ";oc-algo=\"loss\";oc-validity=";
  text += std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(word.validity).count());
  if (!word.sequence) return text;
  const std::string fraction = std::to_string(sequence_unit + *word.sequence % sequence_unit).substr(1);
  return text.append(";oc-seq=").append(std::to_string(*word.sequence / sequence_unit)).append(".").append(fraction);
}

std::optional<std::string> without_overload_control(std::string_view via) {
  std::string left;
  std::size_t copied = 0;
  for_each_parameter(via, [&](const OcParameter& parameter) {
    if (!known(parameter.name)) return;
    left.append(via.substr(copied, parameter.begin - copied));
    copied = parameter.end;
  });
  if (copied == 0) return std::nullopt;
  return left.append(via.substr(copied));
}

std::string_view sent_by_text(std::string_view via) {
  const std::string_view front = trimmed(via.substr(0, via.find(';')));
  const std::size_t space = front.find_last_of(" \t");
  return space == std::string_view::npos ? std::string_view() : front.substr(space + 1);
}

namespace {

// Where the value of a field that begins at `at` ends, folds and all; npos: nowhere.
std::size_t end_of_value(std::string_view message, std::size_t at) {
  std::size_t end = message.find("\r\n", at);
  const auto folds = [&] { return end + 2 < message.size() && (message[end + 2] == ' ' || message[end + 2] == '\t'); };
  while (end != std::string_view::npos && folds()) end = message.find("\r\n", end + 2);
  return end;
}

// Each of its Vias with where it begins, while `each` says so.
template <class Each>
void for_each_via(std::string_view message, Each each) {
  for (std::size_t line = message.find("\r\n"); line != std::string_view::npos; line = end_of_value(message, line)) {
    line += 2;
    const std::size_t colon = message.find(':', line);
    if (colon == std::string_view::npos || message.substr(line, 2) == "\r\n") return;
    const std::string_view name = trimmed(message.substr(line, colon - line));
    if (!equals_ignoring_case(name, "Via") && !equals_ignoring_case(name, "v")) continue;
    const std::size_t end = end_of_value(message, colon);
    if (end == std::string_view::npos) return;
    const std::string_view values = message.substr(colon + 1, end - colon - 1);
    for (std::size_t begin = 0; begin < values.size();) {
      const std::size_t comma = end_of(values, begin, ",");
      if (!each(values.substr(begin, comma - begin), colon + 1 + begin)) return;
      begin = comma + 1;
    }
  }
}

bool is_a_servers(const OcParameter& parameter) {
  const auto which = known(parameter.name);
  return which && *which != Algorithm && (*which != Oc || parameter.value);
}

bool holds_a_servers_word(std::string_view via) {
  bool holds = false;
  for_each_parameter(via, [&](const OcParameter& parameter) { holds = holds || is_a_servers(parameter); });
  return holds;
}

// The Via with white space at its end only where it was.
std::string with_parameters(std::string_view via, std::string_view parameters) {
  std::string text = without_overload_control(via).value_or(std::string(via));
  const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;
  return text.insert(end, parameters);
}

}  // namespace

std::string_view first_via(std::string_view message) {
  std::string_view first;
  for_each_via(message, [&](std::string_view via, std::size_t) {
    first = via;
    return false;
  });
  return first;
}

std::optional<std::string> with_overload_word(std::string_view response, std::string_view parameters) {
  std::string changed;
  std::size_t copied = 0;
  bool is_first = true;
  for_each_via(response, [&](std::string_view via, std::size_t begin) {
    const std::string_view wanted = std::exchange(is_first, false) ? parameters : std::string_view();
    if (wanted.empty() && !holds_a_servers_word(via)) return true;
    changed.append(response.substr(copied, begin - copied)).append(with_parameters(via, wanted));
    copied = begin + via.size();
    return true;
  });
  if (copied == 0) return std::nullopt;
  return changed.append(response.substr(copied));
}

}  // namespace intermediary
