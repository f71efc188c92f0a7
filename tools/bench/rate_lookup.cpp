// rate_lookup [PREFIXES]: how long a search in a rate table takes, beside a std::map that is asked for one prefix after
// the other, the longest first. Both in one run, in turns; medians of the rounds. Exit 1 where the two do not agree.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "routing/rates.h"

namespace {

using namespace intermediary;

constexpr int rounds = 7;
constexpr std::size_t searches = 200'000;

// Prefixes as price lists have them: countries, and of many of them areas and mobile networks, down to nine digits.
std::vector<Rate> price_list(std::size_t count, RandomSource& random) {
  std::set<std::string> prefixes;
  while (prefixes.size() < count) {
    std::string prefix = std::to_string(1 + random.next() % 9);
    const std::size_t length = 2 + random.next() % 8;
    while (prefix.size() < length) prefix += static_cast<char>('0' + random.next() % 10);
    prefixes.insert(prefix);
  }
  std::vector<Rate> rates;
  for (const std::string& prefix : prefixes) {
    rates.push_back({.prefix = prefix, .cost = static_cast<std::int64_t>(random.next() % 1'000'000)});
  }
  return rates;
}

std::vector<std::string> numbers(const std::vector<Rate>& rates, RandomSource& random) {
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < searches; ++i) {
    std::string number = rates[random.next() % rates.size()].prefix;
    while (number.size() < 11) number += static_cast<char>('0' + random.next() % 10);
    numbers.push_back(number);
  }
  return numbers;
}

using Map = std::map<std::string, Rate, std::less<>>;

const Rate* search(const Map& map, const std::string& number) {
  for (std::size_t length = number.size(); length > 0; --length) {
    const auto found = map.find(number.substr(0, length));
    if (found != map.end()) return &found->second;
  }
  return nullptr;
}

template <class Search>
double nanoseconds(const std::vector<std::string>& all, std::int64_t& sum, Search search) {
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& number : all) sum += search(number);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(all.size());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  if (count == 0 || count > 1'000'000) {
    std::cerr << "usage: rate_lookup [PREFIXES], 1 to 1000000\n";
    return 2;
  }
  RandomSource random(seed_from_number(1));
  const RateTable table{.name = "bench", .carriers = {"trunk:a"}, .rates = price_list(count, random)};
  const std::vector<std::string> asked = numbers(table.rates, random);
  Map map;
  for (const Rate& rate : table.rates) map.emplace(rate.prefix, rate);
  const PrefixIndex index(table);
  const auto always = [](std::size_t) { return true; };

  std::vector<double> by_map, by_index;
  std::int64_t map_sum = 0, index_sum = 0;
  for (int i = 0; i < rounds; ++i) {
    by_map.push_back(nanoseconds(asked, map_sum, [&](const std::string& number) { return search(map, number)->cost; }));
    by_index.push_back(
        nanoseconds(asked, index_sum, [&](const std::string& number) { return index.find(number, always)[0].cost; }));
  }
  std::cout << std::fixed << std::setprecision(1) << count << " prefixes: " << median(by_map)
            << " ns a search in a map, " << median(by_index) << " ns in the index, " << std::setprecision(3)
            << median(by_index) / median(by_map) << " of it\n";
  return map_sum == index_sum ? EXIT_SUCCESS : EXIT_FAILURE;
}
