// Takes the keys of one table, one by one, into typed values. A key that is there with a wrong value is reported and
// leaves its target as it was; a key that nobody took is reported by finish(), with the nearest one that was asked for.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/document.h"
#include "config/ranges.h"

namespace intermediary {

template <class Value>
struct Placed {
  Value value{};
  Position at;
};

class TableReader {
 public:
  // `name` is how messages call the table: "[proxy]", "'when'"; "" for the top level.
  TableReader(const Table& table, Position at, std::string name, Problems& problems);

  bool has(std::string_view key) const;
  bool has_table(std::string_view key) const;     // it is there, and a table
  bool is_boolean(std::string_view key) const;    // it is there, and true or false
  bool has_tables(std::string_view key) const;    // it is there, and an array that begins with a table
  std::vector<Placed<std::string>> keys() const;  // all that there are, in the order of the file
  Position at() const { return at_; }
  // Where that key stands. REQUIRES: has(key).
  Position key_at(std::string_view key) const;

  std::optional<Placed<std::string>> text(std::string_view key);
  // A string, or an array of strings with at least one.
  std::vector<Placed<std::string>> texts(std::string_view key);
  // The word's index among `words`. A word of `later` is refused as not available.
  std::optional<std::size_t> word(std::string_view key, std::initializer_list<std::string_view> words,
                                  std::initializer_list<std::string_view> later = {});
  void boolean(std::string_view key, bool& target);
  void duration(std::string_view key, Duration& target, DurationRange range);
  template <std::integral Integer>
  void integer(std::string_view key, Integer& target, std::int64_t least, std::int64_t most) {
    if (const std::optional<std::int64_t> value = whole_number(key, least, most)) target = static_cast<Integer>(*value);
  }
  template <std::integral Integer>
  void integer(std::string_view key, Integer& target, NumberRange range) {
    integer(key, target, range.least, range.most);
  }
  // An array of integers, with at least one; each with its place.
  std::vector<Placed<int>> integers(std::string_view key, NumberRange range);
  std::optional<TableReader> table(std::string_view key, std::string name);
  // A table of tables, each under a name that the file chose: "[certificate.edge]".
  std::vector<std::pair<Placed<std::string>, TableReader>> named_tables(const std::string& key);
  // Every key with its string.
  std::vector<std::pair<Placed<std::string>, std::string>> named_texts();
  // An array of tables, each read as `name`.
  std::vector<TableReader> tables(std::string_view key, const std::string& name);

  // It may stand there; what is wrong with it has been said.
  void ignore(std::string_view key) { known_.emplace_back(key); }
  // Keys of the design that do not exist yet: refused by name.
  void later(std::initializer_list<std::string_view> keys);
  void finish();

  const std::string& name() const { return name_; }
  // "timer_c in [proxy]", for a message.
  std::string naming(std::string_view key) const;
  Problems& problems() { return *problems_; }

 private:
  template <class Type>
  bool is_a(std::string_view key) const;
  const Node* take(std::string_view key);
  void wrong_type(std::string_view key, const Node& node, std::string_view wanted);
  std::optional<std::int64_t> whole_number(std::string_view key, std::int64_t least, std::int64_t most);

  const Table* table_;
  Position at_;
  std::string name_;
  Problems* problems_;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;
};

}  // namespace intermediary
