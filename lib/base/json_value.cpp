#include "base/json_value.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"

namespace intermediary {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_scalar(std::uint32_t code) { return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff); }

void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

// Recursive as far as limit::json_depth allows.
class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  std::expected<JsonValue, std::string> run() {
    auto value = take_value(0);
    if (value) skip_space();
    if (value && at_ != text_.size()) fail("something stands behind the value");
    if (!problem_.empty() || !value) return std::unexpected("byte " + std::to_string(at_ + 1) + ": " + problem_);
    return *std::move(value);
  }

 private:
  std::nullopt_t fail(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
    return std::nullopt;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::optional<JsonValue> take_value(std::size_t depth) {
    skip_space();
    if (at_ == text_.size()) return fail("a value is missing");
    switch (text_[at_]) {
      case '{':
      case '[':
        if (depth == limit::json_depth) return fail("too many arrays and objects within each other");
        ++at_;
        return text_[at_ - 1] == '{' ? take_object(depth + 1) : take_array(depth + 1);
      case '"': {
        auto text = take_text();
        return text ? std::optional(JsonValue(*std::move(text))) : std::nullopt;
      }
      default:
        break;
    }
    if (take_word("true")) return JsonValue(true);
    if (take_word("false")) return JsonValue(false);
    if (take_word("null")) return JsonValue(JsonNull{});
    return take_number();
  }

  std::optional<JsonValue> take_array(std::size_t depth) {
    JsonArray values;
    if (take(']')) return JsonValue(std::move(values));
    do {
      auto value = take_value(depth);
      if (!value) return std::nullopt;
      values.push_back(*std::move(value));
    } while (take(','));
    if (!take(']')) return fail("',' or ']' is missing");
    return JsonValue(std::move(values));
  }

  std::optional<JsonValue> take_object(std::size_t depth) {
    JsonObject members;
    if (take('}')) return JsonValue(std::move(members));
    do {
      skip_space();
      if (at_ == text_.size() || text_[at_] != '"') return fail("a name is missing");
      auto name = take_text();
      if (!name) return std::nullopt;
      const auto is_it = [&](const auto& member) { return member.first == *name; };
      if (std::ranges::any_of(members, is_it)) return fail("a name that stands there twice");
      if (!take(':')) return fail("':' is missing");
      auto value = take_value(depth);
      if (!value) return std::nullopt;
      members.emplace_back(*std::move(name), *std::move(value));
    } while (take(','));
    if (!take('}')) return fail("',' or '}' is missing");
    return JsonValue(std::move(members));
  }

  // RFC 8259 §6.
  std::optional<JsonValue> take_number() {
    const std::size_t begin = at_;
    const auto digits = [&] {
      const std::size_t first = at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      return at_ - first;
    };
    take_word("-");
    const bool begins_with_zero = text_.substr(at_).starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0) return fail("no value");
    if (begins_with_zero && whole > 1) return fail("a number with a zero in front");
    if (take_word(".") && digits() == 0) return fail("a number without digits");
    if (take_word("e") || take_word("E")) {
      if (!take_word("+")) take_word("-");
      if (digits() == 0) return fail("a number without digits");
    }
    return JsonValue(JsonNumber{std::string(text_.substr(begin, at_ - begin))});
  }

  std::optional<std::uint32_t> take_hex() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const auto digit = at_ < text_.size() ? hex_digits.find(to_lower(text_[at_])) : std::string_view::npos;
      if (digit == std::string_view::npos) return fail("four hexadecimal digits are missing");
      value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  // Behind "\u": what is not of the basic plane comes as a pair of surrogates.
  std::optional<std::uint32_t> take_code() {
    const auto first = take_hex();
    if (!first || *first < 0xd800 || *first > 0xdbff) return first;
    if (!take_word("\\u")) return fail("half of a pair of surrogates");
    const auto second = take_hex();
    if (!second) return std::nullopt;
    if (*second < 0xdc00 || *second > 0xdfff) return fail("half of a pair of surrogates");
    return 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00);
  }

  bool take_escape(std::string& text) {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const std::size_t name = at_ < text_.size() ? names.find(text_[at_]) : std::string_view::npos;
    if (name != std::string_view::npos) {
      text += meant[name];
      ++at_;
      return true;
    }
    if (!take_word("u")) {
      fail("no such escape");
      return false;
    }
    const auto code = take_code();
    if (code && !is_scalar(*code)) fail("half of a pair of surrogates");
    if (!code || !is_scalar(*code)) return false;
    append_utf8(text, *code);
    return true;
  }

  std::optional<std::string> take_text() {
    std::string text;
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return text;
      }
      if (c == '\\') {
        ++at_;
        if (!take_escape(text)) return std::nullopt;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a text");
      const std::size_t bytes = static_cast<unsigned char>(c) < 0x80 ? 1 : sequence_bytes(text_.substr(at_));
      if (bytes == 0) return fail("no UTF-8");
      text += text_.substr(at_, bytes);
      at_ += bytes;
    }
    return fail("a text without an end");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

std::expected<JsonValue, std::string> JsonValue::parse(std::string_view text) { return JsonParser(text).run(); }

std::optional<std::int64_t> JsonValue::integer() const {
  const JsonNumber* held = number();
  if (!held) return std::nullopt;
  const bool is_negative = held->text.starts_with('-');
  const auto value = parse_decimal<std::int64_t>(std::string_view(held->text).substr(is_negative ? 1 : 0));
  return value && is_negative ? std::optional(-*value) : value;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  const JsonObject* members = object();
  if (!members) return nullptr;
  const auto found = std::ranges::find_if(*members, [&](const auto& member) { return member.first == name; });
  return found == members->end() ? nullptr : &found->second;
}

}  // namespace intermediary
