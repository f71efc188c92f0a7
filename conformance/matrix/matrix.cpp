#include "conformance/matrix/matrix.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>
#include <utility>
#include <variant>

#include "base/text.h"
#include "config/document.h"
#include "conformance/flow_files.h"

namespace intermediary::conformance {
namespace {

namespace fs = std::filesystem;

// What ends the reading: a file that is not as it has to be.
struct Unreadable {
  std::string what;
};

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Unreadable{"cannot read '" + path.string() + "'"};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Files below `folder` that end so, by path.
std::vector<fs::path> files_below(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name.starts_with('.'))) it.disable_recursion_pending();
    if (it->is_regular_file() && name.ends_with(ending)) found.push_back(it->path());
  }
  std::ranges::sort(found);
  return found;
}

// ---- statements.tsv and counted.tsv, each with a heading

std::vector<Statement> read_statements(const fs::path& requirements) {
  std::vector<Statement> statements;
  std::set<std::tuple<int, std::string, int>> seen;
  const std::vector<std::string> lines = lines_of(read_whole(requirements / "statements.tsv"));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string where = "statements.tsv:" + std::to_string(i + 1) + ": ";
    const std::vector<std::string> cells = split(lines[i], '\t');
    if (cells.size() < 5 || cells.size() > 6) {
      throw Unreadable{where + std::to_string(cells.size()) + " cells where 5 or 6 belong"};
    }
    const auto rfc = parse_decimal<int>(cells[0]);
    const auto ordinal = parse_decimal<int>(cells[2]);
    if (!rfc || !ordinal) throw Unreadable{where + "RFC and ordinal are numbers"};
    if (!seen.emplace(*rfc, cells[1], *ordinal).second) throw Unreadable{where + "the same statement as above"};
    statements.push_back({*rfc, cells[1], *ordinal, cells[3], cells[4], cells.size() == 6 ? cells[5] : std::string()});
  }
  return statements;
}

Counted read_counted(const fs::path& requirements) {
  Counted counted;
  const std::vector<std::string> lines = lines_of(read_whole(requirements / "counted.tsv"));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> cells = split(lines[i], '\t');
    const auto rfc = parse_decimal<int>(cells[0]);
    if (!rfc || cells.size() != 2) throw Unreadable{"counted.tsv:" + std::to_string(i + 1) + ": an RFC and sections"};
    counted[*rfc] = cells[1] == "all" ? std::vector<std::string>() : split(cells[1], ' ');
  }
  return counted;
}

// ---- rows

[[noreturn]] void wrong_key(const std::string& file, const Row& row, const std::string& what) {
  throw Unreadable{file + ": " + (row.id.empty() ? "a row without an id" : row.id) + ": " + what};
}

std::vector<std::string> text_list(const std::string& file, const Row& row, const KeyedNode& entry) {
  std::vector<std::string> list;
  const Array* array = std::get_if<Array>(&entry.value.value);
  if (array == nullptr) wrong_key(file, row, "'" + entry.key + "' is a list of strings");
  for (const Node& element : *array) {
    const std::string* text = std::get_if<std::string>(&element.value);
    if (text == nullptr) wrong_key(file, row, "'" + entry.key + "' is a list of strings");
    list.push_back(*text);
  }
  return list;
}

Row read_row(const std::string& file, const Table& table) {
  Row row;
  row.file = file;
  const std::map<std::string, std::string Row::*> texts = {
      {"id", &Row::id}, {"level", &Row::level}, {"says", &Row::says}, {"applies", &Row::applies}, {"gap", &Row::gap}};
  for (const KeyedNode& entry : table) {
    if (const auto known = texts.find(entry.key); known != texts.end()) {
      const std::string* text = std::get_if<std::string>(&entry.value.value);
      if (text == nullptr) wrong_key(file, row, "'" + entry.key + "' is a string");
      row.*known->second = *text;
    } else if (entry.key == "binds") {
      row.binds = text_list(file, row, entry);
    } else if (entry.key == "tests") {
      row.tests = text_list(file, row, entry);
    } else {
      wrong_key(file, row, "unknown key '" + entry.key + "'");
    }
  }
  return row;
}

void read_rows(const fs::path& requirements, const fs::path& path, std::vector<Row>& rows) {
  const std::string file = fs::relative(path, requirements).string();
  Problems problems(file);
  const auto document = parse_document(read_whole(path), empty_surroundings(), problems);
  if (!problems.all().empty()) throw Unreadable{problems.all().front().to_string()};
  for (const KeyedNode& entry : *document) {
    const Array* array = entry.key == "row" ? std::get_if<Array>(&entry.value.value) : nullptr;
    if (array == nullptr) throw Unreadable{file + ": nothing but [[row]] belongs here"};
    for (const Node& element : *array) rows.push_back(read_row(file, std::get<Table>(element.value)));
  }
}

std::vector<Row> read_all_rows(const fs::path& requirements) {
  std::vector<Row> rows;
  for (const fs::path& path : files_below(requirements, ".toml")) read_rows(requirements, path, rows);
  return rows;
}

// ---- proofs

std::vector<Proof> read_scenarios(const fs::path& folder) {
  std::vector<Proof> proofs;
  for (const fs::path& path : files_below(folder / "scenarios", ".flow")) {
    Proof proof{"conformance/" + fs::relative(path, folder).string(), path.string(), {}, {}};
    auto scenarios = scenarios_of(path.string());
    if (scenarios) {
      proof.covers = std::move(scenarios->front().covers);
    } else {
      proof.unreadable = scenarios.error().to_string();
    }
    proofs.push_back(std::move(proof));
  }
  return proofs;
}

std::vector<std::string> read_examples(const fs::path& document) {
  std::vector<std::string> covers;
  if (!fs::exists(document)) return covers;
  for (const std::string& line : lines_of(read_whole(document))) {
    std::istringstream words(line);
    std::string word;
    if (line.starts_with("covers") && words >> word && word == "covers") {
      while (words >> word) covers.push_back(word);
    }
  }
  return covers;
}

// The word at `at`, which moves behind it and the white space around it.
std::string take_word(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_space(text[at])) ++at;
  const std::size_t begin = at;
  while (at < text.size() && (is_alpha(text[at]) || is_digit(text[at]) || text[at] == '_')) ++at;
  std::string word(text.substr(begin, at - begin));
  while (at < text.size() && is_space(text[at])) ++at;
  return word;
}

// "TEST_F(Suite, Name" at the beginning of a line.
void read_unit_tests(const std::string& text, std::set<std::string>& names) {
  constexpr auto macros =
      std::to_array<std::string_view>({"TEST", "TEST_F", "TEST_P", "RC_GTEST_PROP", "RC_GTEST_FIXTURE_PROP"});
  for (std::size_t line = 0; line != std::string::npos; line = text.find('\n', line + 1)) {
    std::size_t at = line;
    if (std::ranges::find(macros, take_word(text, at)) == macros.end() || text[at] != '(') continue;
    const std::string suite = take_word(text, ++at);
    if (text[at] == ',') names.insert(suite + "." + take_word(text, ++at));
  }
}

// As the sources have them: the programs that hold them may not be built.
std::set<std::string> read_unit_tests(const fs::path& project) {
  std::set<std::string> names;
  for (const fs::path& path : files_below(project, "_test.cpp")) read_unit_tests(read_whole(path), names);
  return names;
}

int number_at(std::string_view text, std::size_t at) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
  return parse_decimal<int>(text.substr(at, end - at)).value_or(0);
}

}  // namespace

std::string Statement::where() const {
  return "statements.tsv: RFC " + std::to_string(rfc) + " section " + section + ", statement " +
         std::to_string(ordinal);
}

std::string section_of(std::string_view id) {
  const std::size_t hash = std::min(id.find('#'), id.size());
  std::string name(id.substr(0, hash));
  if (hash == id.size()) return name;
  const std::string_view section = id.substr(hash + 1);
  return name + " " + std::string(section.substr(0, section.find_first_not_of("0123456789")));
}

bool section_goes_before(const std::string& a, const std::string& b) {
  const auto key = [](std::string_view name) {
    const std::size_t space = std::min(name.find(' '), name.size());
    return std::pair(number_at(name, 3), number_at(name, space + 1));
  };
  return key(a) < key(b);
}

std::expected<Matrix, std::string> read_matrix(const std::string& folder) {
  const fs::path root = folder;
  const fs::path requirements = root / "requirements";
  const fs::path project = fs::absolute(root).lexically_normal().parent_path();
  try {
    Matrix matrix;
    matrix.statements = read_statements(requirements);
    matrix.counted = read_counted(requirements);
    matrix.rows = read_all_rows(requirements);
    matrix.scenarios = read_scenarios(root);
    matrix.examples = read_examples(project / "docs/scenarios.md");
    matrix.has_sources = fs::exists(project / "lib");
    if (matrix.has_sources) matrix.unit_tests = read_unit_tests(project);
    return matrix;
  } catch (const Unreadable& reason) {
    return std::unexpected(reason.what);
  } catch (const fs::filesystem_error& error) {
    return std::unexpected(error.what());
  }
}

}  // namespace intermediary::conformance
