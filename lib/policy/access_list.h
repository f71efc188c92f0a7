// Access lists: which addresses a rule's `source = "acl:NAME"` means (docs/configuration.md, [acl.NAME]).
//
// The longest prefix that an address has decides. IPv4 addresses and their forms in IPv6 (RFC 4291 §2.5.5.2,
// ::ffff:192.0.2.1) are the same. A list is judged by a table that is made of it once: a search costs the logarithm of
// its size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"

namespace intermediary {

// No prefix stands in both.
struct AccessList {
  std::string name;
  std::vector<Cidr> allow;
  std::vector<Cidr> deny;
  bool otherwise = false;  // whether whoever has no prefix of it is allowed

  friend bool operator==(const AccessList&, const AccessList&) = default;
};

class AccessTable {
 public:
  explicit AccessTable(const AccessList& list);

  const std::string& name() const { return name_; }
  bool allows(const IpAddress& address) const { return look_up(address).allowed; }
  struct Found {
    bool allowed = false;
    std::size_t steps = 0;  // comparisons that it took
  };
  Found look_up(const IpAddress& address) const;

 private:
  using Key = std::array<std::uint8_t, 16>;
  struct Range {  // to the next one
    Key first{};
    bool allowed = false;
  };
  struct Prefix;
  class Sweep;
  static Key key_of(const IpAddress& address);
  static Prefix prefix_of(const Cidr& cidr, bool allowed);

  std::string name_;
  std::vector<Range> ranges_;  // in order; the first begins at zero
};

}  // namespace intermediary
