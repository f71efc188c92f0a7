#include "message/editor.h"

#include <algorithm>
#include <cassert>

#include "message/entries.h"

namespace intermediary {
namespace {

std::string header_line(std::string_view name, std::string_view value) {
  std::string line;
  line.reserve(name.size() + value.size() + 4);
  return line.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void Editor::set_request_uri(std::string_view uri) {
  assert(message_.is_request());
  const std::uint32_t begin = message_.uri_offset();
  splice(begin, begin + static_cast<std::uint32_t>(message_.request_uri().size()), std::string(uri));
}

void Editor::set_value(const Field& field, std::string_view value) {
  splice(field.value_begin, field.value_end, std::string(value));
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

void Editor::remove(const Entry& entry) { removed_.push_back(entry); }

void Editor::prepend(FieldName name, std::string_view value) {
  const Field* field = message_.find(name);
  const std::uint32_t at = field != nullptr ? field->begin : message_.fields().front().begin;
  insert(at, header_line(field_text(name), value));
}

void Editor::append(std::string_view name, std::string_view value) { insert(header_end(), header_line(name, value)); }

void Editor::append(FieldName name, std::string_view value) {
  assert(name != FieldName::Other);
  append(field_text(name), value);
}

void Editor::append_entry(FieldName name, std::string_view value) {
  std::uint32_t at = header_end();
  for (const Field& field : message_.fields()) {
    if (field.name == name) at = field.end;
  }
  insert(at, header_line(field_text(name), value));
}

void Editor::set_body(std::string_view body) {
  set(FieldName::ContentLength, std::to_string(body.size()));
  splice(message_.body_offset(), static_cast<std::uint32_t>(message_.bytes().size()), std::string(body));
}

void Editor::splice(std::uint32_t begin, std::uint32_t end, std::string text) {
  assert(begin <= end && end <= message_.bytes().size());
  constexpr std::size_t usual_edits = 8;
  if (edits_.empty()) edits_.reserve(usual_edits);
  edits_.emplace_back(begin, end, std::move(text));
}

// An entry goes with the comma in front of it, or behind it where no entry of its line is left in front; a line whose
// entries all go goes as a whole.
void Editor::resolve_removals(std::vector<Edit>& edits) const {
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
      edits.emplace_back(field.begin, field.end, std::string());
      continue;
    }
    bool one_is_left_in_front = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!is_removed(line[i])) {
        one_is_left_in_front = true;
      } else if (one_is_left_in_front) {
        edits.emplace_back(line[i - 1].end, line[i].end, std::string());
      } else {
        edits.emplace_back(line[i].begin, line[i + 1].begin, std::string());
      }
    }
  }
}

std::string Editor::finish() const {
  std::vector<Edit> edits = edits_;
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
  std::size_t size = bytes.size();
  for (const Edit& edit : edits) size += edit.text.size();
  std::string out;
  out.reserve(size);
  std::uint32_t copied = 0;
  for (const Edit& edit : edits) {
    assert(edit.begin >= copied && "edits overlap");
    out.append(bytes, copied, edit.begin - copied).append(edit.text);
    copied = edit.end;
  }
  out.append(bytes, copied, bytes.size() - copied);
  return out;
}

}  // namespace intermediary
