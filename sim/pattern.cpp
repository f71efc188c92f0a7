#include "sim/pattern.h"

#include "base/text.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

bool is_name_char(char c) { return is_alpha(c) || is_digit(c) || c == '_'; }

// The variable at the front of `pattern` ("$name…"); "" when there is none.
std::string_view leading_variable(std::string_view pattern) {
  if (pattern.size() < 2 || pattern.front() != '$') return {};
  std::size_t end = 1;
  while (end < pattern.size() && is_name_char(pattern[end])) ++end;
  return pattern.substr(1, end - 1);
}

bool match(std::string_view pattern, std::string_view text, Bindings& bindings);

bool match_any(std::string_view rest_of_pattern, std::string_view text, Bindings& bindings) {
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (match(rest_of_pattern, text.substr(skip), bindings)) return true;
  }
  return false;
}

bool match_variable(std::string_view name, std::string_view rest_of_pattern, std::string_view text,
                    Bindings& bindings) {
  if (auto bound = bindings.find(name); bound != bindings.end()) {
    return text.starts_with(bound->second) && match(rest_of_pattern, text.substr(bound->second.size()), bindings);
  }
  for (std::size_t size = 1; size <= text.size(); ++size) {
    auto placed = bindings.emplace(std::string(name), std::string(text.substr(0, size))).first;
    if (match(rest_of_pattern, text.substr(size), bindings)) return true;
    bindings.erase(placed);
  }
  return false;
}

bool match(std::string_view pattern, std::string_view text, Bindings& bindings) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') return match_any(pattern.substr(1), text, bindings);
    if (auto name = leading_variable(pattern); !name.empty()) {
      return match_variable(name, pattern.substr(name.size() + 1), text, bindings);
    }
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    if (text.empty() || text.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  return text.empty();
}

bool match_parameter(const ValueParts::Parameter& wanted, const ValueParts& value, Bindings& bindings) {
  if (wanted.name.starts_with('!')) return value.find(std::string_view(wanted.name).substr(1)) == nullptr;
  const auto* parameter = value.find(wanted.name);
  if (!parameter) return false;
  if (!wanted.value) return !parameter->value;
  return parameter->value && match(*wanted.value, *parameter->value, bindings);
}

template <class Found>
void for_each_variable(std::string_view pattern, Found found) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (auto name = leading_variable(pattern.substr(i)); !name.empty()) {
      found(name);
    }
  }
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The escape at the front of `text` (behind the backslash), taken off; what it stands for goes to `out`.
bool expand_escape(std::string_view& text, const Bindings* bindings, std::string& out) {
  char kind = text.empty() ? '\0' : text.front();
  constexpr std::string_view simple = "rnt\\";
  constexpr std::string_view meaning = "\r\n\t\\";
  if (auto index = simple.find(kind); index != std::string_view::npos && !text.empty()) {
    out += meaning[index];
    text.remove_prefix(1);
    return true;
  }
  if (kind == 'x' && text.size() >= 3 && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
    out += static_cast<char>(hex_digit(text[1]) * 16 + hex_digit(text[2]));
    text.remove_prefix(3);
    return true;
  }
  std::size_t close = text.find('}');
  if (kind != '{' || close == std::string_view::npos) return false;
  if (bindings) {
    auto bound = bindings->find(text.substr(1, close - 1));
    if (bound == bindings->end()) return false;
    out += bound->second;
  }
  text.remove_prefix(close + 1);
  return true;
}

}  // namespace

bool matches_text(std::string_view pattern, std::string_view text, Bindings& bindings) {
  Bindings attempt = bindings;
  if (!match(pattern, text, attempt)) return false;
  bindings = std::move(attempt);
  return true;
}

bool matches_value(std::string_view pattern, std::string_view value, Bindings& bindings) {
  Bindings attempt = bindings;
  ValueParts wanted = ValueParts::read(pattern);
  ValueParts actual = ValueParts::read(value);
  if (!match(wanted.head, actual.head, attempt)) return false;
  for (const auto& parameter : wanted.parameters) {
    if (!match_parameter(parameter, actual, attempt)) return false;
  }
  bindings = std::move(attempt);
  return true;
}

std::vector<std::string> variables_of(std::string_view pattern) {
  std::vector<std::string> names;
  for_each_variable(pattern, [&](std::string_view name) { names.emplace_back(name); });
  return names;
}

bool has_unbound(std::string_view pattern, const Bindings& bindings) {
  bool unbound = false;
  for_each_variable(pattern, [&](std::string_view name) { unbound |= !bindings.contains(name); });
  return unbound;
}

std::string fill_in(std::string_view pattern, const Bindings& bindings, std::string_view rest) {
  std::string text;
  while (!pattern.empty()) {
    if (auto name = leading_variable(pattern); !name.empty()) {
      text += bindings.find(name)->second;
      pattern.remove_prefix(name.size() + 1);
      continue;
    }
    if (pattern.front() == '*') {
      text += rest;
    } else {
      if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      text += pattern.front();
    }
    pattern.remove_prefix(1);
  }
  return text;
}

std::expected<std::string, std::string> expand_block(std::string_view block, const Bindings* bindings) {
  std::string text;
  while (!block.empty()) {
    char c = block.front();
    block.remove_prefix(1);
    if (c != '\\') {
      text += c;
      continue;
    }
    std::string_view escape = block.substr(0, 12);
    if (!expand_escape(block, bindings, text)) {
      return std::unexpected("unknown escape or unbound name: \\" + std::string(escape));
    }
  }
  return text;
}

std::string write_value(std::string_view pattern, const Bindings& bindings, std::string_view usual) {
  ValueParts wanted = ValueParts::read(pattern);
  ValueParts written = ValueParts::read(usual);
  if (wanted.head != "*") return fill_in(pattern, bindings, written.head);
  for (const auto& parameter : wanted.parameters) {
    if (parameter.name.starts_with('!')) {
      written.remove(std::string_view(parameter.name).substr(1));
    } else {
      std::optional<std::string> value;
      if (parameter.value) value = fill_in(*parameter.value, bindings, parameter_of(usual, parameter.name));
      written.set(parameter.name, value);
    }
  }
  return written.to_string();
}

}  // namespace intermediary::sim
