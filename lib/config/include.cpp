#include "config/include.h"

#include <algorithm>
#include <utility>

namespace intermediary {

namespace {

constexpr std::size_t deepest_include = 4;
constexpr std::size_t most_included = 256;

// With its '/'; "" where it has none.
std::string_view folder_part(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

std::string beside_includer(std::string_view includer, const std::string& path) {
  return path.starts_with('/') ? path : std::string(folder_part(includer)) + path;
}

bool holds_tables(const Node& node) {
  const Array* array = std::get_if<Array>(&node.value);
  return array &&
         std::ranges::all_of(*array, [](const Node& each) { return std::holds_alternative<Table>(each.value); });
}

class Includer {
 public:
  Includer(const ConfigSurroundings& surroundings, Problems& problems)
      : surroundings_(surroundings), problems_(problems), name_folder_(folder_part(problems.file(Position{}))) {}

  // `path`: as the configuration's folder has it; "" for the file that includes the others.
  std::optional<Table> read(std::string_view text, std::uint32_t number, const std::string& path) {
    std::optional<Table> table = parse_document(text, surroundings_, problems_, number);
    if (!table) {
      failed_ = true;
      return table;
    }
    const auto include = std::ranges::find(*table, std::string_view("include"), &KeyedNode::key);
    if (include == table->end()) return table;
    const Node names = std::move(include->value);
    table->erase(include);
    under_way_.push_back(path);
    for (const Placed& name : texts_of(names)) include_all(*table, name, path);
    under_way_.pop_back();
    return table;
  }
  bool failed() const { return failed_; }

 private:
  struct Placed {
    std::string text;
    Position at;
  };
  struct Included {
    std::string path;
    Position by;
  };

  void refuse(Position at, std::string message) {
    problems_.error(at, std::move(message));
    failed_ = true;
  }

  std::vector<Placed> texts_of(const Node& names) {
    if (const auto* text = std::get_if<std::string>(&names.value)) return {{*text, names.at}};
    std::vector<Placed> texts;
    const Array* array = std::get_if<Array>(&names.value);
    for (const Node& each : array ? *array : Array{}) {
      if (const auto* text = std::get_if<std::string>(&each.value)) texts.push_back({*text, each.at});
    }
    if (!array || array->empty() || texts.size() != array->size()) {
      refuse(names.at, "'include' must be a string or an array of strings, such as \"trunks/*.toml\"");
    }
    return texts;
  }

  void include_all(Table& into, const Placed& name, const std::string& includer) {
    const std::string path = beside_includer(includer, name.text);
    if (!path.contains('*')) return include(into, path, name.at);
    const std::string folder(folder_part(path));
    if (folder.contains('*')) return refuse(name.at, "'include': '*' may stand in the name of a file, not of a folder");
    if (!surroundings_.list_files)
      return refuse(name.at, "'include': no folder can be looked into here: name the files");
    auto files = surroundings_.list_files(path);
    if (!files) return refuse(name.at, "'include': cannot look into '" + folder + "': " + files.error());
    std::ranges::sort(*files);
    for (const std::string& file : *files) include(into, folder + file, name.at);
  }

  void include(Table& into, const std::string& path, Position by) {
    if (std::ranges::find(under_way_, path) != under_way_.end() || path == own_name()) {
      return refuse(by, "'" + path + "' includes itself");
    }
    if (const auto before = std::ranges::find(included_, path, &Included::path); before != included_.end()) {
      return refuse(by, "'" + path + "' is included already, at " + problems_.place(before->by));
    }
    if (under_way_.size() > deepest_include) {
      return refuse(by, "'" + path + "' is included by files that are included, more than " +
                            std::to_string(deepest_include) + " deep");
    }
    if (included_.size() >= most_included) {
      return refuse(by, "more than " + std::to_string(most_included) + " files are included");
    }
    included_.push_back({path, by});
    const auto text = surroundings_.read_file(path);
    if (!text) return refuse(by, "'include': cannot read '" + path + "': " + text.error());
    const std::uint32_t number = problems_.add_file(path.starts_with('/') ? path : name_folder_ + path);
    if (auto table = read(*text, number, path)) join(into, *std::move(table));
  }

  // Tables join, and lists of tables; anything else stands in one place.
  void join(Table& into, Table&& from) {
    for (KeyedNode& each : from) {
      const auto there = std::ranges::find(into, each.key, &KeyedNode::key);
      if (there == into.end()) {
        into.push_back(std::move(each));
        continue;
      }
      auto* tables = std::get_if<Table>(&there->value.value);
      auto* more = std::get_if<Table>(&each.value.value);
      if (tables && more) {
        join(*tables, std::move(*more));
      } else if (holds_tables(there->value) && holds_tables(each.value)) {
        std::ranges::move(std::get<Array>(each.value.value), std::back_inserter(std::get<Array>(there->value.value)));
      } else {
        refuse(each.key_at, "'" + each.key + "' is set already, at " + problems_.place(there->key_at));
      }
    }
  }

  std::string own_name() const { return problems_.file(Position{}).substr(name_folder_.size()); }

  const ConfigSurroundings& surroundings_;
  Problems& problems_;
  std::string name_folder_;             // what stands before the names of files that are included
  std::vector<std::string> under_way_;  // that include each other, the first on top
  std::vector<Included> included_;
  bool failed_ = false;
};

}  // namespace

std::optional<Table> read_with_includes(std::string_view text, const ConfigSurroundings& surroundings,
                                        Problems& problems) {
  Includer includer(surroundings, problems);
  std::optional<Table> table = includer.read(text, 0, "");
  return includer.failed() ? std::nullopt : std::move(table);
}

bool is_named(std::string_view file, std::string_view pattern) {
  if (file.starts_with('.') && !pattern.starts_with('.')) return false;
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return file == pattern;
  if (!file.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t skipped = star; skipped <= file.size(); ++skipped) {
    const std::string_view left = file.substr(skipped);
    if (rest.contains('*') ? is_named("x" + std::string(left), "x" + std::string(rest)) : left == rest) return true;
  }
  return false;
}

}  // namespace intermediary
