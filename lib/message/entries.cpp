#include "message/entries.h"

#include <algorithm>

#include "message/scanner.h"

namespace intermediary {
namespace {

// From the scanner's position to the comma that ends the entry, or the end. A comma within quotes or angle brackets is
// part of the entry; parentheses are no comments in any list field (RFC 3261 §25.1).
void skip_entry(Scanner& scanner) {
  while (!scanner.done() && scanner.peek() != ',') {
    if (scanner.peek() == '"') {
      if (!scanner.skip_quoted()) return;
    } else if (scanner.peek() == '<') {
      scanner.skip_to('>');
    } else {
      scanner.advance();
    }
  }
}

}  // namespace

void append_entries(const Message& message, std::uint32_t field_index, std::vector<Entry>& out) {
  const Field& field = message.fields()[field_index];
  const std::string_view bytes = message.bytes();
  if (field.value_begin == field.value_end) return;
  if (!message.value(field).contains(',')) return out.push_back({field_index, field.value_begin, field.value_end});
  Scanner scanner(bytes, field.value_begin, field.value_end);
  do {
    scanner.skip_space();
    Entry entry{.field = field_index, .begin = scanner.position()};
    skip_entry(scanner);
    entry.end = scanner.position();
    while (entry.end > entry.begin && is_space(bytes[entry.end - 1])) --entry.end;
    out.push_back(entry);
  } while (scanner.take(','));
}

std::vector<Entry> entries(const Message& message, FieldName name) {
  std::vector<Entry> result;
  const auto fields = message.fields();
  for (std::uint32_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) append_entries(message, i, result);
  }
  return result;
}

bool has_next_via(const Message& message) {
  const TopVia& top = message.top_via();
  const auto fields = message.fields();
  if (top.end != fields[top.field].value_end) return true;  // only a comma can follow
  return std::any_of(fields.begin() + top.field + 1, fields.end(), [](const Field& field) {
    return field.name == FieldName::Via && field.value_begin != field.value_end;
  });
}

std::vector<std::string_view> tokens(const Message& message, FieldName name) {
  std::vector<std::string_view> result;
  if (!message.has(name)) return result;
  for (const Entry& entry : entries(message, name)) {
    if (entry.begin != entry.end) result.push_back(text(message, entry));
  }
  return result;
}

}  // namespace intermediary
