// The JSON of a PASSporT as a tree (RFC 8225 §4, §5), read strictly (RFC 8259): what two readers could understand in
// two ways is refused. So a name stands once in an object (RFC 8225 §9, RFC 7515 §4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

struct Claim {
  enum class Kind : std::uint8_t { Null, Boolean, Number, Text, List, Object };
  Kind kind = Kind::Null;
  std::string text{};                // of a text, its escapes undone; of a number, as it stands
  std::vector<std::string> names{};  // of an object: one for each of `values`, in the order in which they stand
  std::vector<Claim> values{};       // of a list or an object

  // Null where it is no object, or has none of that name.
  const Claim* find(std::string_view name) const;
  // That member as a text; nullopt where there is none, or it is something else.
  std::optional<std::string_view> text_of(std::string_view name) const;
  // Texts alone, at least one; nullopt for anything else.
  std::optional<std::vector<std::string>> texts() const;
};

// The error is one line for people. Nothing but white space may stand around it.
std::expected<Claim, std::string> parse_claims(std::string_view json);

}  // namespace intermediary
