#include "config/reader.h"

#include <algorithm>

#include "config/words.h"

namespace intermediary {
namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

TableReader::TableReader(const Table& table, Position at, std::string name, Problems& problems)
    : table_(&table), at_(at), name_(std::move(name)), problems_(&problems) {}

bool TableReader::has(std::string_view key) const {
  return std::ranges::find(*table_, key, &KeyedNode::key) != table_->end();
}

Position TableReader::key_at(std::string_view key) const {
  return std::ranges::find(*table_, key, &KeyedNode::key)->key_at;
}

std::optional<Placed<std::string>> TableReader::text(std::string_view key) {
  const Node* node = take(key);
  if (!node) return std::nullopt;
  if (const auto* value = std::get_if<std::string>(&node->value)) return Placed<std::string>{*value, node->at};
  wrong_type(key, *node, "a string");
  return std::nullopt;
}

std::vector<Placed<std::string>> TableReader::texts(std::string_view key) {
  const Node* node = take(key);
  if (!node) return {};
  if (const auto* value = std::get_if<std::string>(&node->value)) return {{*value, node->at}};
  const auto* array = std::get_if<Array>(&node->value);
  if (!array) {
    wrong_type(key, *node, "a string or an array of strings");
    return {};
  }
  if (array->empty()) problems_->error(node->at, naming(key) + " is empty: leave it out, or name at least one");
  std::vector<Placed<std::string>> values;
  for (const Node& element : *array) {
    if (const auto* value = std::get_if<std::string>(&element.value)) {
      values.push_back({*value, element.at});
    } else {
      wrong_type(key, element, "an array of strings");
    }
  }
  return values;
}

std::optional<std::size_t> TableReader::word(std::string_view key, std::initializer_list<std::string_view> words,
                                             std::initializer_list<std::string_view> later) {
  const std::optional<Placed<std::string>> given = text(key);
  if (!given) return std::nullopt;
  const auto found = std::ranges::find(words, given->value);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  if (std::ranges::find(later, given->value) != later.end()) {
    problems_->error(given->at, naming(key) + ": " + not_available(given->value));
  } else {
    problems_->error(given->at, naming(key) + ": unknown value '" + given->value + "'" +
                                    suggestion(given->value, {words.begin(), words.end()}));
  }
  return std::nullopt;
}

void TableReader::boolean(std::string_view key, bool& target) {
  const Node* node = take(key);
  if (!node) return;
  if (const bool* value = std::get_if<bool>(&node->value)) {
    target = *value;
  } else {
    wrong_type(key, *node, "true or false");
  }
}

void TableReader::duration(std::string_view key, Duration& target, DurationRange range) {
  const Node* node = take(key);
  if (!node) return;
  if (const auto* number = std::get_if<std::int64_t>(&node->value)) {
    problems_->error(node->at, naming(key) + ": a bare number has no unit; write for example \"" +
                                   std::to_string(*number) + "s\" or \"" + std::to_string(*number) + "ms\"");
    return;
  }
  const auto* given = std::get_if<std::string>(&node->value);
  if (!given) return wrong_type(key, *node, "a duration, for example \"60s\"");
  const std::expected<Duration, std::string> value = parse_duration(*given);
  if (!value) {
    problems_->error(node->at, naming(key) + ": " + value.error());
  } else if (*value < range.least || *value > range.most) {
    problems_->error(node->at, naming(key) + ": '" + *given + "' is not from " + duration_text(range.least) + " to " +
                                   duration_text(range.most));
  } else if (*value % range.step != Duration::zero()) {
    problems_->error(node->at, naming(key) + ": '" + *given + "' is not a multiple of " + duration_text(range.step));
  } else {
    target = *value;
  }
}

std::vector<Placed<int>> TableReader::integers(std::string_view key, NumberRange range) {
  const Node* node = take(key);
  if (!node) return {};
  const auto* array = std::get_if<Array>(&node->value);
  if (!array) {
    wrong_type(key, *node, "an array of integers");
    return {};
  }
  if (array->empty()) problems_->error(node->at, naming(key) + " is empty: leave it out, or name at least one");
  std::vector<Placed<int>> values;
  for (const Node& element : *array) {
    const auto* value = std::get_if<std::int64_t>(&element.value);
    if (!value) {
      wrong_type(key, element, "an array of integers");
    } else if (*value < range.least || *value > range.most) {
      problems_->error(element.at, naming(key) + ": " + std::to_string(*value) + " is not from " +
                                       std::to_string(range.least) + " to " + std::to_string(range.most));
    } else {
      values.push_back({static_cast<int>(*value), element.at});
    }
  }
  return values;
}

std::optional<TableReader> TableReader::table(std::string_view key, std::string name) {
  const Node* node = take(key);
  if (!node) return std::nullopt;
  if (const auto* inner = std::get_if<Table>(&node->value)) {
    return TableReader(*inner, node->at, std::move(name), *problems_);
  }
  wrong_type(key, *node, "a table");
  return std::nullopt;
}

template <class Type>
bool TableReader::is_a(std::string_view key) const {
  const auto entry = std::ranges::find(*table_, key, &KeyedNode::key);
  return entry != table_->end() && std::holds_alternative<Type>(entry->value.value);
}

bool TableReader::has_table(std::string_view key) const { return is_a<Table>(key); }
bool TableReader::has_tables(std::string_view key) const {
  const auto entry = std::ranges::find(*table_, key, &KeyedNode::key);
  const auto* array = entry == table_->end() ? nullptr : std::get_if<Array>(&entry->value.value);
  return array && !array->empty() && std::holds_alternative<Table>(array->front().value);
}
bool TableReader::is_boolean(std::string_view key) const { return is_a<bool>(key); }

std::vector<Placed<std::string>> TableReader::keys() const {
  std::vector<Placed<std::string>> keys;
  for (const KeyedNode& entry : *table_) keys.push_back({entry.key, entry.key_at});
  return keys;
}

std::vector<std::pair<Placed<std::string>, TableReader>> TableReader::named_tables(const std::string& key) {
  const Node* node = take(key);
  if (!node) return {};
  const auto* named = std::get_if<Table>(&node->value);
  if (!named) {
    wrong_type(key, *node, "a table of tables, [" + key + ".NAME]");
    return {};
  }
  std::vector<std::pair<Placed<std::string>, TableReader>> readers;
  for (const KeyedNode& entry : *named) {
    if (const auto* inner = std::get_if<Table>(&entry.value.value)) {
      readers.emplace_back(Placed<std::string>{entry.key, entry.key_at},
                           TableReader(*inner, entry.value.at, "[" + key + "." + entry.key + "]", *problems_));
    } else {
      wrong_type(key, entry.value, "a table of tables, [" + key + ".NAME]");
    }
  }
  return readers;
}

std::vector<std::pair<Placed<std::string>, std::string>> TableReader::named_texts() {
  std::vector<std::pair<Placed<std::string>, std::string>> texts;
  for (const KeyedNode& entry : *table_) {
    if (auto value = text(entry.key)) {
      texts.emplace_back(Placed<std::string>{entry.key, entry.key_at}, std::move(value->value));
    }
  }
  return texts;
}

std::vector<TableReader> TableReader::tables(std::string_view key, const std::string& name) {
  const Node* node = take(key);
  if (!node) return {};
  const auto* array = std::get_if<Array>(&node->value);
  if (!array) {
    wrong_type(key, *node, "an array of tables");
    return {};
  }
  if (array->empty()) problems_->error(node->at, naming(key) + " is empty");
  std::vector<TableReader> readers;
  for (const Node& element : *array) {
    if (const auto* inner = std::get_if<Table>(&element.value)) {
      readers.emplace_back(*inner, element.at, name, *problems_);
    } else {
      wrong_type(key, element, "an array of tables");
    }
  }
  return readers;
}

void TableReader::later(std::initializer_list<std::string_view> keys) {
  refused_.insert(refused_.end(), keys.begin(), keys.end());
}

void TableReader::finish() {
  for (const KeyedNode& entry : *table_) {
    if (contains(known_, entry.key)) continue;
    if (contains(refused_, entry.key)) {
      problems_->error(entry.key_at, naming(entry.key) + " is not available in this version");
    } else {
      problems_->error(entry.key_at, "unknown key " + naming(entry.key) + suggestion(entry.key, known_));
    }
  }
}

std::string TableReader::naming(std::string_view key) const {
  return "'" + std::string(key) + "'" + (name_.empty() ? "" : " in " + name_);
}

const Node* TableReader::take(std::string_view key) {
  known_.emplace_back(key);
  const auto entry = std::ranges::find(*table_, key, &KeyedNode::key);
  return entry == table_->end() ? nullptr : &entry->value;
}

void TableReader::wrong_type(std::string_view key, const Node& node, std::string_view wanted) {
  if (node.kind().empty()) return;  // reported when it was expanded
  problems_->error(node.at, naming(key) + " must be " + std::string(wanted) + ", not " + node.kind());
}

std::optional<std::int64_t> TableReader::whole_number(std::string_view key, std::int64_t least, std::int64_t most) {
  const Node* node = take(key);
  if (!node) return std::nullopt;
  const auto* value = std::get_if<std::int64_t>(&node->value);
  if (!value) {
    wrong_type(key, *node, "an integer");
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    problems_->error(node->at, naming(key) + ": " + std::to_string(*value) + " is not from " + std::to_string(least) +
                                   " to " + std::to_string(most));
    return std::nullopt;
  }
  return *value;
}

}  // namespace intermediary
