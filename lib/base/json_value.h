// JSON as it is read (RFC 8259): a value and what stands in it, strictly. Names stand once in an object; texts are
// UTF-8; nothing stands behind the value. Numbers stay as they were written: nothing here is a floating point number.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace intermediary {

class JsonValue;
struct JsonNull {};
struct JsonNumber {
  std::string text;
};
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<std::pair<std::string, JsonValue>>;  // in the order of the text

class JsonValue {
 public:
  using Held = std::variant<JsonNull, bool, JsonNumber, std::string, JsonArray, JsonObject>;

  JsonValue() = default;
  explicit JsonValue(Held held) : held_(std::move(held)) {}
  // The error says at which byte, and what is wrong. At most limit::json_depth arrays and objects stand in each other.
  static std::expected<JsonValue, std::string> parse(std::string_view text);

  // Null where it is something else.
  const std::string* text() const { return std::get_if<std::string>(&held_); }
  const JsonArray* array() const { return std::get_if<JsonArray>(&held_); }
  const JsonObject* object() const { return std::get_if<JsonObject>(&held_); }
  const JsonNumber* number() const { return std::get_if<JsonNumber>(&held_); }
  const bool* boolean() const { return std::get_if<bool>(&held_); }
  // A number without fraction and exponent that fits.
  std::optional<std::int64_t> integer() const;
  // Of an object; null where it has none of that name, or is none.
  const JsonValue* find(std::string_view name) const;

 private:
  Held held_;
};

}  // namespace intermediary
