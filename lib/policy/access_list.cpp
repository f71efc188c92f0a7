#include "policy/access_list.h"

#include <algorithm>
#include <optional>

namespace intermediary {

struct AccessTable::Prefix {
  Key first{}, last{};
  bool allowed = false;
};

AccessTable::Key AccessTable::key_of(const IpAddress& address) {
  Key key{};
  if (address.is_v4()) {
    key[10] = key[11] = 0xff;
    std::ranges::copy(address.octets(), key.begin() + 12);
  } else {
    std::ranges::copy(address.octets(), key.begin());
  }
  return key;
}

AccessTable::Prefix AccessTable::prefix_of(const Cidr& cidr, bool allowed) {
  constexpr unsigned bits_before_v4 = 96;
  const unsigned bits = cidr.bits + (cidr.network.is_v4() ? bits_before_v4 : 0);
  Prefix prefix{key_of(cidr.network), key_of(cidr.network), allowed};
  for (unsigned bit = bits; bit < 128; ++bit) prefix.last[bit / 8] |= static_cast<std::uint8_t>(0x80u >> bit % 8);
  return prefix;
}

// Goes through the prefixes in the order of their beginnings, the wide before the narrow: of two that meet, one is
// within the other, so those that are open are a stack, and the one on top decides.
class AccessTable::Sweep {
 public:
  explicit Sweep(bool otherwise) : otherwise_(otherwise) { begin({}); }

  void add(const Prefix& prefix) {
    while (!open_.empty() && open_.back().last < prefix.first) close();
    open_.push_back(prefix);
    begin(prefix.first);
  }
  std::vector<Range> take() {
    while (!open_.empty()) close();
    return std::move(ranges_);
  }

 private:
  void close() {
    const Key last = open_.back().last;
    open_.pop_back();
    if (const auto next = behind(last)) begin(*next);
  }

  void begin(const Key& first) {
    const bool allowed = open_.empty() ? otherwise_ : open_.back().allowed;
    if (!ranges_.empty() && ranges_.back().first == first) {
      ranges_.back().allowed = allowed;
    } else if (ranges_.empty() || ranges_.back().allowed != allowed) {
      ranges_.push_back({first, allowed});
    }
  }

  static std::optional<Key> behind(Key key) {
    for (std::size_t i = key.size(); i-- > 0;) {
      if (++key[i] != 0) return key;
    }
    return std::nullopt;
  }

  bool otherwise_;
  std::vector<Prefix> open_;
  std::vector<Range> ranges_;
};

AccessTable::AccessTable(const AccessList& list) : name_(list.name) {
  std::vector<Prefix> prefixes;
  prefixes.reserve(list.allow.size() + list.deny.size());
  for (const Cidr& cidr : list.allow) prefixes.push_back(prefix_of(cidr, true));
  for (const Cidr& cidr : list.deny) prefixes.push_back(prefix_of(cidr, false));
  std::ranges::sort(prefixes, [](const Prefix& a, const Prefix& b) {
    return a.first != b.first ? a.first < b.first : b.last < a.last;
  });
  Sweep sweep(list.otherwise);
  for (const Prefix& prefix : prefixes) sweep.add(prefix);
  ranges_ = sweep.take();
}

AccessTable::Found AccessTable::look_up(const IpAddress& address) const {
  const Key key = key_of(address);
  Found found;
  const auto behind = std::ranges::partition_point(ranges_, [&](const Range& range) {
    ++found.steps;
    return range.first <= key;
  });
  found.allowed = std::prev(behind)->allowed;
  return found;
}

}  // namespace intermediary
