#include "policy/claims.h"

#include <algorithm>
#include <utility>

#include "base/stir_limits.h"
#include "base/text.h"
#include "base/utf8.h"

namespace intermediary {
namespace {

using Trouble = std::unexpected<std::string>;

std::optional<unsigned> hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto octet = [](std::uint32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
  if (code < 0x80) {
    text += octet(code);
  } else if (code < 0x800) {
    text += {octet(0xC0 | (code >> 6)), octet(0x80 | (code & 0x3F))};
  } else if (code < 0x10000) {
    text += {octet(0xE0 | (code >> 12)), octet(0x80 | ((code >> 6) & 0x3F)), octet(0x80 | (code & 0x3F))};
  } else {
    text += {octet(0xF0 | (code >> 18)), octet(0x80 | ((code >> 12) & 0x3F)), octet(0x80 | ((code >> 6) & 0x3F)),
             octet(0x80 | (code & 0x3F))};
  }
}

// Goes down as deep as limit::claim_depth says, and no deeper.
class ClaimReader {
 public:
  explicit ClaimReader(std::string_view json) : rest_(json) {}

  std::expected<Claim, std::string> whole() {
    Claim claim;
    if (!value(claim, 0)) return Trouble(problem_);
    skip_space();
    if (!rest_.empty()) return Trouble("something stands behind its JSON");
    return claim;
  }

 private:
  bool fails(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  bool takes(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool value(Claim& claim, std::size_t depth) {
    if (depth > limit::claim_depth) return fails("its JSON is nested too deep");
    skip_space();
    if (takes("{")) return object(claim, depth);
    if (takes("[")) return list(claim, depth);
    if (takes("\"")) {
      claim.kind = Claim::Kind::Text;
      return text(claim.text);
    }
    if (takes("null")) return true;
    for (const std::string_view word : {"true", "false"}) {
      if (!takes(word)) continue;
      claim.kind = Claim::Kind::Boolean;
      claim.text = word;
      return true;
    }
    return number(claim);
  }

  bool object(Claim& claim, std::size_t depth) {
    claim.kind = Claim::Kind::Object;
    skip_space();
    if (takes("}")) return true;
    do {
      skip_space();
      std::string name;
      if (!takes("\"")) return fails("a name is missing in its JSON");
      if (!text(name)) return false;
      if (std::ranges::find(claim.names, name) != claim.names.end()) return fails("'" + name + "' stands twice in it");
      skip_space();
      if (!takes(":")) return fails("a colon is missing in its JSON");
      claim.names.push_back(std::move(name));
      if (!value(claim.values.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (takes(","));
    return takes("}") || fails("an object in its JSON does not end");
  }

  bool list(Claim& claim, std::size_t depth) {
    claim.kind = Claim::Kind::List;
    skip_space();
    if (takes("]")) return true;
    do {
      if (!value(claim.values.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (takes(","));
    return takes("]") || fails("a list in its JSON does not end");
  }

  std::optional<std::uint32_t> code_unit() {
    std::uint32_t unit = 0;
    if (rest_.size() < 4) return std::nullopt;
    for (const char c : rest_.substr(0, 4)) {
      const auto digit = hex_value(c);
      if (!digit) return std::nullopt;
      unit = unit * 16 + *digit;
    }
    rest_.remove_prefix(4);
    return unit;
  }

  // Behind "\u". Halves of a pair mean nothing alone (RFC 8259 §8.2).
  bool escaped_code(std::string& to) {
    auto code = code_unit();
    if (code && *code >= 0xD800 && *code < 0xDC00 && takes("\\u")) {
      const auto low = code_unit();
      const bool pair = low && *low >= 0xDC00 && *low < 0xE000;
      code = pair ? std::optional(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00)) : std::nullopt;
    }
    if (!code || (*code >= 0xD800 && *code < 0xE000)) return fails("an escape in its JSON means nothing");
    append_utf8(to, *code);
    return true;
  }

  bool escape(std::string& to) {
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (takes("u")) return escaped_code(to);
    const std::size_t which = rest_.empty() ? std::string_view::npos : names.find(rest_.front());
    if (which == std::string_view::npos) return fails("an escape in its JSON means nothing");
    rest_.remove_prefix(1);
    to += meanings[which];
    return true;
  }

  // Behind its opening quote.
  bool text(std::string& to) {
    while (!rest_.empty()) {
      if (takes("\"")) return true;
      if (takes("\\")) {
        if (!escape(to)) return false;
        continue;
      }
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return fails("a control character stands in its JSON");
      const bool is_ascii = static_cast<unsigned char>(rest_.front()) < 0x80;
      const std::size_t bytes = is_ascii ? 1 : sequence_bytes(rest_);
      if (bytes == 0) return fails("its JSON is not UTF-8");
      to += rest_.substr(0, bytes);
      rest_.remove_prefix(bytes);
    }
    return fails("a text in its JSON does not end");
  }

  std::size_t digits() {
    const auto end = std::ranges::find_if_not(rest_, is_digit);
    const auto count = static_cast<std::size_t>(end - rest_.begin());
    rest_.remove_prefix(count);
    return count;
  }

  bool number(Claim& claim) {
    const std::string_view from = rest_;
    takes("-");
    const bool zero = rest_.starts_with('0');
    const std::size_t whole = digits();
    bool good = whole == 1 || (whole > 1 && !zero);
    if (good && takes(".")) good = digits() > 0;
    if (good && (takes("e") || takes("E"))) {
      if (!takes("+")) takes("-");
      good = digits() > 0;
    }
    if (!good) return fails("it is no JSON");
    claim.kind = Claim::Kind::Number;
    claim.text = from.substr(0, from.size() - rest_.size());
    return true;
  }

  std::string_view rest_;
  std::string problem_;
};

}  // namespace

const Claim* Claim::find(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? nullptr : &values[static_cast<std::size_t>(found - names.begin())];
}

std::optional<std::string_view> Claim::text_of(std::string_view name) const {
  const Claim* member = find(name);
  if (!member || member->kind != Kind::Text) return std::nullopt;
  return member->text;
}

std::optional<std::vector<std::string>> Claim::texts() const {
  if (kind != Kind::List || values.empty()) return std::nullopt;
  std::vector<std::string> all;
  for (const Claim& one : values) {
    if (one.kind != Kind::Text) return std::nullopt;
    all.push_back(one.text);
  }
  return all;
}

std::expected<Claim, std::string> parse_claims(std::string_view json) {
  if (json.size() > limit::passport_bytes) return Trouble("it is too large");
  return ClaimReader(json).whole();
}

}  // namespace intermediary
