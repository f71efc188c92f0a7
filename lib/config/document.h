// A TOML document as plain values with positions: the only thing the room knows of TOML. Strings are expanded here:
// "${NAME}" stands for an environment variable, a string that begins with "file:" for the contents of that file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/load.h"
#include "config/problem.h"

namespace intermediary {

struct KeyedNode;
struct Node;
using Array = std::vector<Node>;
using Table = std::vector<KeyedNode>;  // in the order of the file

// A value that no key of ours takes: a date, a number with a fraction, a string that could not be expanded.
struct OtherValue {
  std::string kind;  // "a date"; "" when the problem has been reported
};

struct Node {
  Position at;
  std::variant<OtherValue, std::string, std::int64_t, bool, Array, Table> value;

  // "a string", "an integer", …
  std::string kind() const;
};

struct KeyedNode {
  std::string key;
  Position key_at;
  Node value;
};

// The top-level table; nullopt when it is not TOML (one problem says where). `file`: its number among the problems'.
std::optional<Table> parse_document(std::string_view text, const ConfigSurroundings& surroundings, Problems& problems,
                                    std::uint32_t file = 0);

}  // namespace intermediary
