#include "sim/source.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/text.h"
#include "config/words.h"
#include "sim/scenario_text.h"

namespace intermediary::sim {
namespace {

constexpr std::size_t deepest_include = 8;
constexpr std::size_t deepest_repeat = 4;
constexpr std::size_t most_repetitions = 1000;
constexpr std::size_t most_lines = 100'000;
constexpr std::size_t most_included = 1000;  // files in all: each may name many, and those many more
constexpr std::size_t most_rows = 10'000;
constexpr std::size_t most_lines_of_rows = 200'000;  // every row writes the others out again

struct SourceLine {
  std::string text;
  Origins::Line origin;
  bool in_block = false;  // between two """, where no word is one of the language

  // The word that a line of the language begins with; "" where it goes on with another, or is none.
  std::string first_word() const {
    if (in_block || text.empty() || text.front() == ' ' || text.front() == '\t') return {};
    return text.substr(0, text.find_first_of(" \t"));
  }
};
using Lines = std::vector<SourceLine>;
using Values = std::map<std::string, std::string, std::less<>>;

Piece piece_of(const SourceLine& line) {
  const std::string_view text = without_comment(line.text);
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return {std::string(trim(text)), {line.origin.number, begin + 1}};
}

// Leaves a block open, or ends it.
bool toggles_block(std::string_view line, bool in_block) {
  constexpr std::string_view fence = "\"\"\"";
  if (in_block) return trim(line).starts_with(fence);
  std::size_t fences = 0;
  line = without_comment(line);
  for (std::size_t at = line.find(fence); at != std::string_view::npos; at = line.find(fence, at + fence.size()))
    ++fences;
  return fences % 2 == 1;
}

class Writer {
 public:
  explicit Writer(const Surroundings& surroundings) : surroundings_(surroundings) {}

  std::vector<Written> run(const std::string& file, std::string_view text) {
    Lines lines;
    include(file, text, lines);
    const auto rows = take_table(lines);
    std::vector<Written> written;
    std::size_t lines_of_rows = 0;
    for (const auto& [name, values] : rows) {
      row_ = name;
      Lines result;
      write(lines, values, result, 0);
      lines_of_rows += result.size();
      if (lines_of_rows > most_lines_of_rows) {
        throw Wrong{{current_.origin.number, 1},
                    "the rows together write out more than " + std::to_string(most_lines_of_rows) + " lines"};
      }
      written.push_back(joined(result));
    }
    return written;
  }

  // Of the last Wrong.
  ScenarioError error(const Wrong& what) const {
    ScenarioError error{files_[current_.origin.file], what.place, what.what, current_.text};
    error.row = row_;
    return error;
  }

 private:
  struct Row {
    std::string name;
    Values values;
  };

  // ---- include

  void include(const std::string& file, std::string_view text, Lines& lines) {
    const std::size_t number = files_.size();
    files_.push_back(file);
    open_.push_back(file);
    bool in_block = false;
    std::size_t line_number = 0;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      SourceLine line{std::string(text.substr(0, end)), {number, ++line_number}, in_block};
      if (line.text.ends_with('\r')) line.text.pop_back();
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (toggles_block(line.text, in_block)) in_block = !in_block;
      line.in_block = line.in_block && in_block;
      if (number > 0) refuse_in_included(line);
      if (line.first_word() == "include") {
        include_at(line, lines);
      } else {
        lines.push_back(std::move(line));
        if (lines.size() > most_lines) too_many_lines(lines.back());
      }
    }
    open_.pop_back();
  }

  void include_at(const SourceLine& line, Lines& lines) {
    current_ = line;
    Words words(piece_of(line));
    words.next("include");
    const Piece path = words.next("a file beside this one");
    if (!words.at_end()) wrong(words.rest(), "the end of the line");
    const auto file = beside(open_.back(), path.text);
    if (!file) wrong(path, "a path relative to this file");
    if (file->ends_with(".flow")) {
      throw Wrong{path.place, "'" + path.text + "' is a scenario of its own: what is included ends otherwise, as .inc"};
    }
    if (std::ranges::find(open_, *file) != open_.end()) {
      throw Wrong{path.place, "'" + path.text + "' includes itself"};
    }
    if (open_.size() > deepest_include) {
      throw Wrong{path.place, "files include each other no more than " + std::to_string(deepest_include) + " deep"};
    }
    if (files_.size() > most_included) {
      throw Wrong{path.place, "no more than " + std::to_string(most_included) + " files are included in all"};
    }
    const auto text = surroundings_.read_file(*file);
    if (!text) throw Wrong{path.place, "cannot read '" + path.text + "': " + text.error()};
    changed_ = true;
    include(*file, *text, lines);
  }

  [[noreturn]] void too_many_lines(const SourceLine& line) {
    current_ = line;
    throw Wrong{{line.origin.number, 1}, "more than " + std::to_string(most_lines) + " lines are written out"};
  }

  void refuse_in_included(const SourceLine& line) {
    if (line.first_word() != "scenario" && !line.text.starts_with("----")) return;
    current_ = line;
    throw Wrong{{line.origin.number, 1}, "what is included has neither a scenario's name nor a ladder"};
  }

  // ---- table

  // Its lines are taken out: with them, each row would write out as many lines as there are rows.
  std::vector<Row> take_table(Lines& lines) {
    std::vector<Row> rows;
    Lines others;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].first_word() != "table") {
        others.push_back(std::move(lines[i]));
        continue;
      }
      current_ = lines[i];
      if (!rows.empty()) throw Wrong{{lines[i].origin.number, 1}, "one file, one table"};
      const std::vector<std::string> columns = columns_of(lines[i]);
      while (i + 1 < lines.size() && continues(lines[i + 1])) {
        current_ = lines[++i];
        if (!piece_of(current_).text.empty()) add_row(columns, rows);
      }
      if (rows.empty())
        throw Wrong{{current_.origin.number, 1}, "expected rows below, indented: a name and its values"};
    }
    if (rows.empty()) {
      rows.push_back({});
    } else {
      changed_ = true;
    }
    lines = std::move(others);
    return rows;
  }

  static bool continues(const SourceLine& line) {
    const std::string_view text = without_comment(line.text);
    return trim(text).empty() || text.front() == ' ' || text.front() == '\t';
  }

  static std::vector<std::string> columns_of(const SourceLine& line) {
    Words words(piece_of(line));
    words.next("table");
    std::vector<std::string> columns;
    while (!words.at_end()) {
      const Piece name = words.next("the name of a column");
      if (!is_name(name.text)) wrong(name, "the name of a column");
      if (name.text == "row") throw Wrong{name.place, "'row' is the name of the row: call the column otherwise"};
      if (std::ranges::find(columns, name.text) != columns.end()) {
        throw Wrong{name.place, "the column '" + name.text + "' is there already"};
      }
      columns.push_back(name.text);
    }
    return columns;
  }

  void add_row(const std::vector<std::string>& columns, std::vector<Row>& rows) {
    const std::vector<Piece> values = split_columns(piece_of(current_));
    const Piece& name = values.front();
    if (!is_name(name.text)) wrong(name, "the row's name, then two spaces before each value");
    if (!row_names_.insert(name.text).second) {
      throw Wrong{name.place, "the row '" + name.text + "' is there already"};
    }
    if (rows.size() == most_rows) {
      throw Wrong{name.place, "a table has no more than " + std::to_string(most_rows) + " rows"};
    }
    if (values.size() != columns.size() + 1) {
      throw Wrong{name.place, "expected " + std::to_string(columns.size()) + " value(s) behind '" + name.text +
                                  "', two spaces before each (\"\" for nothing), got " +
                                  std::to_string(values.size() - 1)};
    }
    Row row{name.text, {{"row", name.text}}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& value = values[i + 1].text;
      row.values.insert_or_assign(columns[i], value == "\"\"" ? std::string() : value);
    }
    rows.push_back(std::move(row));
  }

  // ---- repeat, and what stands for the values

  void write(std::span<const SourceLine> lines, const Values& values, Lines& result, std::size_t depth) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      current_ = filled(lines[i], values);
      const std::string word = current_.first_word();
      if (word == "end") throw Wrong{{current_.origin.number, 1}, "no 'repeat' stands above that this could end"};
      if (word == "repeat") {
        const std::size_t length = length_of_repeat(lines.subspan(i));
        repeat(lines.subspan(i, length), values, result, depth);
        i += length - 1;
        continue;
      }
      result.push_back(current_);
      if (result.size() > most_lines) too_many_lines(result.back());
    }
  }

  // With the lines of both ends.
  std::size_t length_of_repeat(std::span<const SourceLine> lines) const {
    std::size_t open = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string word = lines[i].first_word();
      if (word == "repeat") ++open;
      if (word == "end" && --open == 0) return i + 1;
    }
    throw Wrong{{current_.origin.number, 1}, "this is never ended: expected a line 'end' below"};
  }

  // lines.front() is "repeat 3 as i", filled as current_; lines.back() is "end".
  void repeat(std::span<const SourceLine> lines, const Values& values, Lines& result, std::size_t depth) {
    changed_ = true;
    Words words(piece_of(current_));
    const Piece keyword = words.next("repeat");
    if (depth >= deepest_repeat) {
      throw Wrong{keyword.place, "'repeat' stands no more than " + std::to_string(deepest_repeat) + " deep"};
    }
    const Piece number = words.next("how often, as in 'repeat 3 as i'");
    const auto count = parse_decimal<std::size_t>(number.text);
    if (!count || *count == 0 || *count > most_repetitions) {
      wrong(number, "how often, from 1 to " + std::to_string(most_repetitions));
    }
    if (const Piece as = words.next("'as'"); as.text != "as") wrong(as, "'as'");
    const Piece name = words.next("the index's name");
    if (!is_name(name.text)) wrong(name, "the index's name");
    if (values.contains(name.text)) throw Wrong{name.place, "'" + name.text + "' is there already"};
    if (!words.at_end()) wrong(words.rest(), "the end of the line");
    const SourceLine& last = lines.back();
    if (piece_of(last).text != "end") {
      current_ = last;
      throw Wrong{{last.origin.number, 1}, "expected 'end' alone"};
    }
    for (std::size_t i = 1; i <= *count; ++i) {
      Values inside = values;
      inside.emplace(name.text, std::to_string(i));
      write(lines.subspan(1, lines.size() - 2), inside, result, depth + 1);
    }
  }

  // "{name}" becomes its value; "\{name}" stays, and so do all braces where nothing has values.
  SourceLine filled(const SourceLine& line, const Values& values) {
    if (values.empty()) return line;
    current_ = line;
    SourceLine result = line;
    const std::size_t end = line.in_block ? line.text.size() : without_comment(line.text).size();
    result.text.clear();
    for (std::size_t i = 0; i < end; ++i) {
      const std::size_t close = line.text.find('}', i);
      const bool opens = line.text[i] == '{' && (i == 0 || line.text[i - 1] != '\\') && close < end;
      const std::string name = opens ? line.text.substr(i + 1, close - i - 1) : std::string();
      if (!is_name(name)) {
        result.text += line.text[i];
        continue;
      }
      const auto value = values.find(name);
      if (value == values.end()) throw Wrong{{line.origin.number, i + 1}, unknown(name, values)};
      result.text += value->second;
      i = close;
    }
    return result;
  }

  static std::string unknown(const std::string& name, const Values& values) {
    std::vector<std::string> names;
    for (const auto& [known, value] : values) names.push_back(known);
    return "nothing is called '" + name + "' here" + suggestion(name, names);
  }

  Written joined(const Lines& lines) const {
    Written written{row_, {}, {files_, {}}};
    for (const SourceLine& line : lines) written.text.append(line.text).append("\n");
    if (!changed_) return written;
    written.origins.lines.reserve(lines.size());
    for (const SourceLine& line : lines) written.origins.lines.push_back(line.origin);
    return written;
  }

  const Surroundings& surroundings_;
  std::vector<std::string> files_;
  std::vector<std::string> open_;  // files that are being read
  SourceLine current_;
  std::set<std::string, std::less<>> row_names_;
  std::string row_;
  bool changed_ = false;  // a line does not stand where it stood in the file
};

}  // namespace

Surroundings nothing_around() {
  return {[](const std::string&) -> std::expected<std::string, std::string> {
    return std::unexpected("there are no files here");
  }};
}

std::optional<std::string> beside(std::string_view file, std::string_view path) {
  if (path.empty() || path.front() == '/') return std::nullopt;
  return std::string(file.substr(0, file.rfind('/') + 1)).append(path);
}

Origins::Line Origins::of(std::size_t line) const {
  if (line == 0 || line > lines.size()) return {0, line};
  return lines[line - 1];
}

std::string Origins::at(std::size_t line) const { return file_of(line) + ':' + std::to_string(of(line).number); }

std::expected<std::vector<Written>, ScenarioError> write_out(const std::string& file, std::string_view text,
                                                             const Surroundings& surroundings) {
  Writer writer(surroundings);
  try {
    return writer.run(file, text);
  } catch (const Wrong& what) {
    return std::unexpected(writer.error(what));
  }
}

}  // namespace intermediary::sim
