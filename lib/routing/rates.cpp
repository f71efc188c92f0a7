#include "routing/rates.h"

#include <algorithm>
#include <bit>
#include <span>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace intermediary {

namespace {

constexpr std::int64_t cost_unit = 1'000'000;
constexpr std::size_t decimals = 6;

constexpr std::size_t start_digits = 5;
constexpr std::size_t start_count = 100'000;
constexpr std::size_t key_digits = 15;  // E.164 §6.1
constexpr std::uint64_t behind_start = ~std::uint64_t{0} >> (4 * start_digits);

// Digits up to the first that is none.
std::uint64_t key_of(std::string_view digits) {
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < std::min(digits.size(), key_digits) && is_digit(digits[i]); ++i) {
    key |= static_cast<std::uint64_t>(digits[i] - '0' + 1) << (60 - 4 * i);
  }
  return key;
}

std::uint64_t key_of_start(std::size_t number) {
  std::uint64_t key = 0;
  for (std::size_t i = start_digits; i-- > 0; number /= 10) {
    key |= static_cast<std::uint64_t>(number % 10 + 1) << (60 - 4 * i);
  }
  return key;
}

// The number that its first digits are; nullopt: it has fewer.
std::optional<std::size_t> start_of(std::uint64_t key) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < start_digits; ++i) {
    const std::uint64_t digit = key >> (60 - 4 * i) & 15U;
    if (digit == 0) return std::nullopt;
    number = number * 10 + (digit - 1);
  }
  return number;
}

// Whether the prefix with that key begins the number with this one.
bool begins(std::uint64_t prefix, std::uint64_t number) {
  if (prefix == 0) return true;
  const int unused = std::countr_zero(prefix) / 4 * 4;
  return (number >> unused) == (prefix >> unused);
}

// By prefix; of one prefix those for all times before those for one, and else against the order of the table: they are
// read backwards.
bool stands_before(const Rate* a, const Rate* b) {
  const bool a_timed = a->band != 0, b_timed = b->band != 0;
  return std::tie(a->prefix, a_timed, b) < std::tie(b->prefix, b_timed, a);
}

}  // namespace

std::optional<std::int64_t> parse_cost(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_decimal<std::uint32_t>(text.substr(0, point));
  if (!whole) return std::nullopt;
  if (point == text.size()) return std::int64_t{*whole} * cost_unit;
  std::string part(text.substr(point + 1));
  if (part.empty() || part.size() > decimals) return std::nullopt;
  part.resize(decimals, '0');
  const auto fraction = parse_decimal<std::uint32_t>(part);
  if (!fraction) return std::nullopt;
  return std::int64_t{*whole} * cost_unit + *fraction;
}

PrefixIndex::PrefixIndex(const RateTable& table) {
  std::vector<const Rate*> rates;
  rates.reserve(table.rates.size());
  for (const Rate& rate : table.rates) rates.push_back(&rate);
  std::ranges::sort(rates, stands_before);
  entries_.reserve(rates.size());
  for (const Rate* rate : rates) {
    Entry entry{.key = key_of(rate->prefix), .cost = rate->cost, .carrier = rate->carrier, .band = rate->band};
    entry.quality = rate->quality;
    entry.prefix_digits = static_cast<std::uint8_t>(rate->prefix.size());
    auto shorter = static_cast<std::uint32_t>(entries_.size());
    const bool is_next = shorter != 0 && entries_.back().key == entry.key;
    if (is_next) shorter = entries_.back().shorter;
    while (!is_next && shorter != 0 && !begins(entries_[shorter - 1].key, entry.key)) {
      shorter = entries_[shorter - 1].shorter;
    }
    entry.shorter = shorter;
    entries_.push_back(entry);
  }
  link_to_what_adds();
  make_starts();
}

void PrefixIndex::make_starts() {
  starts_.reserve(start_count);
  std::uint32_t place = 0;
  const auto pass = [&](std::uint64_t key) {
    while (place < entries_.size() && entries_[place].key <= key) ++place;
    return place;
  };
  for (std::size_t number = 0; number < start_count; ++number) {
    const std::uint64_t key = key_of_start(number);
    const std::uint32_t first = pass(key), end = pass(key | behind_start);
    starts_.push_back(first == end ? Start{nearest(first, key), 0} : Start{first, end - first});
  }
}

// A carrier that has a rate for all times with a prefix is not looked for with the shorter ones.
void PrefixIndex::link_to_what_adds() {
  std::vector<std::uint32_t> covered_by;  // by carrier: behind the last entry of the prefix that has it
  for (const Entry& entry : entries_) covered_by.resize(std::max<std::size_t>(covered_by.size(), entry.carrier + 1U));
  const auto of_same_prefix = [this](std::uint32_t end) {
    std::uint32_t begin = end - 1;
    while (begin > 0 && entries_[begin - 1].key == entries_[end - 1].key) --begin;
    return std::span(entries_).subspan(begin, end - begin);
  };
  for (std::uint32_t end = 1; end <= entries_.size(); ++end) {
    if (end < entries_.size() && entries_[end].key == entries_[end - 1].key) continue;
    const std::span<Entry> own = of_same_prefix(end);
    for (const Entry& entry : own) {
      if (entry.band == 0) covered_by[entry.carrier] = end;
    }
    const auto is_covered = [&](const Entry& entry) { return covered_by[entry.carrier] == end; };
    std::uint32_t next = own.back().shorter;
    while (next != 0 && std::ranges::all_of(of_same_prefix(next), is_covered)) next = entries_[next - 1].shorter;
    for (Entry& entry : own) entry.next = next;
  }
}

std::uint32_t PrefixIndex::nearest(std::uint32_t place, std::uint64_t key) const {
  while (place != 0 && !begins(entries_[place - 1].key, key)) place = entries_[place - 1].shorter;
  return place;
}

std::uint32_t PrefixIndex::longest(std::string_view digits) const {
  const std::uint64_t key = key_of(digits);
  const auto behind = [key](auto begin, auto end) {
    return std::upper_bound(begin, end, key, [](std::uint64_t k, const Entry& entry) { return k < entry.key; });
  };
  const auto number = start_of(key);
  if (!number) {
    return nearest(static_cast<std::uint32_t>(behind(entries_.begin(), entries_.end()) - entries_.begin()), key);
  }
  const Start& start = starts_[*number];
  if (start.count == 0) return start.place;
  const auto begin = entries_.begin() + start.place;
  const auto found = behind(begin, begin + start.count);
  // The first of them lies in what all of them lie in, and nothing else.
  if (found == begin) return begin->shorter;
  return nearest(static_cast<std::uint32_t>(found - entries_.begin()), key);
}

// From the longest prefix up, and of one prefix those for this time first: what is found for a carrier stays.
FoundRates PrefixIndex::find(std::string_view digits, const BandHolds& band_holds) const {
  FoundRates found;
  for (std::uint32_t place = longest(digits); place != 0;) {
    const Entry& entry = entries_[place - 1];
    const bool is_new = std::ranges::find(found, entry.carrier, &FoundRate::carrier) == found.end();
    if (is_new && (entry.band == 0 || band_holds(entry.band - std::size_t{1}))) {
      found.push_back({entry.carrier, entry.quality, entry.prefix_digits, entry.cost});
    }
    const bool has_next = place > 1 && entries_[place - 2].key == entry.key;
    place = has_next ? place - 1 : entry.next;
  }
  std::ranges::sort(found, {}, [](const FoundRate& r) { return std::tuple(r.cost, 100 - r.quality, r.carrier); });
  return found;
}

}  // namespace intermediary
