#include "message/editor.h"

#include <algorithm>
#include <cassert>

#include "message/entries.h"

namespace intermediary {

void Editor::set_request_uri(std::string_view uri) {
  assert(message_.is_request());
  const std::uint32_t begin = message_.uri_offset();
  splice(begin, begin + static_cast<std::uint32_t>(message_.request_uri().size()), uri);
}

void Editor::set_value(const Field& field, std::string_view value) {
  splice(field.value_begin, field.value_end, value);
}

void Editor::set(FieldName name, std::string_view value) {
  const Field* field = message_.find(name);
  return field == nullptr ? append(name, value) : set_value(*field, value);
}

void Editor::remove(const Field& field) { splice(field.begin, field.end, {}); }

void Editor::remove_all(FieldName name) {
  for (const Field& field : message_.fields()) {
    if (field.name == name) remove(field);
  }
}

void Editor::remove(const Entry& entry) {
  const Field& field = message_.fields()[entry.field];
  const bool alone = entry.begin == field.value_begin && entry.end == field.value_end;
  return alone ? remove(field) : removed_.push_back(entry);
}

void Editor::prepend(FieldName name, std::string_view value) {
  const Field* field = message_.find(name);
  const std::uint32_t at = field != nullptr ? field->begin : message_.fields().front().begin;
  insert_line(at, field_text(name), value);
}

void Editor::append(std::string_view name, std::string_view value) { insert_line(header_end(), name, value); }

void Editor::append(FieldName name, std::string_view value) {
  assert(name != FieldName::Other);
  append(field_text(name), value);
}

void Editor::append_entry(FieldName name, std::string_view value) {
  std::uint32_t at = header_end();
  for (const Field& field : message_.fields()) {
    if (field.name == name) at = field.end;
  }
  insert_line(at, field_text(name), value);
}

void Editor::set_body(std::string_view body) {
  set(FieldName::ContentLength, std::to_string(body.size()));
  splice(message_.body_offset(), static_cast<std::uint32_t>(message_.bytes().size()), body);
}

void Editor::splice(std::uint32_t begin, std::uint32_t end, std::string_view text) {
  assert(begin <= end && end <= message_.bytes().size());
  if (!text.empty()) make_room();
  edits_.push_back({begin, end, texts_.size(), text.size()});
  texts_.append(text);
}

void Editor::insert_line(std::uint32_t at, std::string_view name, std::string_view value) {
  constexpr std::string_view colon = ": ";
  constexpr std::string_view line_end = "\r\n";
  make_room();
  edits_.push_back({at, at, texts_.size(), name.size() + colon.size() + value.size() + line_end.size()});
  texts_.append(name).append(colon).append(value).append(line_end);
}

// For all texts of a usual message at once.
void Editor::make_room() {
  constexpr std::size_t usual_bytes = 400;  // of a Via, a Record-Route and a Request-URI
  if (texts_.empty()) texts_.reserve(usual_bytes);
}

// An entry goes with the comma in front of it, or behind it where no entry of its line is left in front; a line whose
// entries all go goes as a whole.
void Editor::resolve_removals(Edits& edits) const {
  std::vector<Entry> line;
  const auto is_removed = [this](const Entry& entry) {
    return std::ranges::any_of(removed_, [&](const Entry& gone) { return gone.begin == entry.begin; });
  };
  for (std::size_t r = 0; r < removed_.size(); ++r) {
    const std::uint32_t field_index = removed_[r].field;
    const auto same_line = [&](const Entry& other) { return other.field == field_index; };
    if (std::any_of(removed_.begin(), removed_.begin() + static_cast<std::ptrdiff_t>(r), same_line)) continue;

    line.clear();
    append_entries(message_, field_index, line);
    if (std::ranges::all_of(line, is_removed)) {
      const Field& field = message_.fields()[field_index];
      edits.push_back({field.begin, field.end, 0, 0});
      continue;
    }
    bool one_is_left_in_front = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!is_removed(line[i])) {
        one_is_left_in_front = true;
      } else if (one_is_left_in_front) {
        edits.push_back({line[i - 1].end, line[i].end, 0, 0});
      } else {
        edits.push_back({line[i].begin, line[i + 1].begin, 0, 0});
      }
    }
  }
}

std::string Editor::finish() const {
  Edits edits = edits_;
  resolve_removals(edits);
  // An insertion stands in front of what is replaced or removed at the same place. By hand, and good for the few edits
  // of a message: clang warns about what libstdc++ 12 does in std::stable_sort.
  const auto goes_before = [](const Edit& a, const Edit& b) {
    return a.begin != b.begin ? a.begin < b.begin : (a.begin == a.end && b.begin != b.end);
  };
  for (auto edit = edits.begin(); edit != edits.end(); ++edit) {
    std::rotate(std::upper_bound(edits.begin(), edit, *edit, goes_before), edit, edit + 1);
  }

  const std::string_view bytes = message_.bytes();
  std::string out;
  out.reserve(bytes.size() + texts_.size());
  std::uint32_t copied = 0;
  for (const Edit& edit : edits) {
    assert(edit.begin >= copied && "edits overlap");
    out.append(bytes, copied, edit.begin - copied).append(texts_, edit.text_begin, edit.text_bytes);
    copied = edit.end;
  }
  out.append(bytes, copied, bytes.size() - copied);
  return out;
}

}  // namespace intermediary
