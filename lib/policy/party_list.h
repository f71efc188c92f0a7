// Lists of users and domains that rules name (docs/configuration.md, [list.NAME]).
//
// An entry is "alice@example.com", "@example.com" (everybody there, not below), or "alice" (whatever the domain: a
// number, or the name of who has authenticated). Compared as RFC 3261 §19.1.4 has it: users by case with their escapes
// undone, hosts without case, addresses by value. A search costs the logarithm of the list.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

namespace limit {
inline constexpr std::size_t parties_in_a_list = 100'000;  // of one list
}

class PartyList {
 public:
  // The form in which an entry is kept; the error says what is wrong with the text.
  static std::expected<std::string, std::string> canonical(std::string_view entry);

  std::string name;
  std::vector<std::string> entries;  // canonical, in order, each once

  // Sorts what was put in.
  void arrange();
  // `user` as it stands in a URI; either may be "".
  bool holds(std::string_view user, std::string_view host) const;

  friend bool operator==(const PartyList&, const PartyList&) = default;
};

}  // namespace intermediary
