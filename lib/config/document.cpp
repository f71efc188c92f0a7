#include "config/document.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/overloaded.h"
#include "base/text.h"

namespace intermediary {
namespace {

// toml++ 3.3 asserts what some files do not fulfil: "[" and the end of the line. A file is no mistake of the program.
struct BrokenAssumption {};
[[noreturn]] void not_as_assumed() { throw BrokenAssumption(); }

}  // namespace
}  // namespace intermediary

#undef NDEBUG  // with it, toml++ takes its assertions for granted
#define TOML_ASSERT(condition) ((condition) ? void() : ::intermediary::not_as_assumed())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace intermediary {
namespace {

Position position_of(const toml::source_region& region, std::uint32_t file) {
  return {region.begin.line, region.begin.column, file};
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

class Converter {
 public:
  Converter(const ConfigSurroundings& surroundings, Problems& problems, std::uint32_t file)
      : surroundings_(surroundings), problems_(problems), file_(file) {}

  Table table(const toml::table& source) {
    Table entries;
    for (const auto& [key, value] : source) {
      entries.push_back({std::string(key.str()), position_of(key.source(), file_), node(value)});
    }
    std::ranges::sort(entries, {}, &KeyedNode::key_at);  // toml++ keeps them by name
    return entries;
  }

 private:
  Node node(const toml::node& source) {
    Node result{position_of(source.source(), file_), OtherValue{}};
    switch (source.type()) {
      case toml::node_type::table:
        result.value = table(*source.as_table());
        break;
      case toml::node_type::array:
        result.value = array(*source.as_array());
        break;
      case toml::node_type::string:
        result.value = text(source.as_string()->get(), result.at);
        break;
      case toml::node_type::integer:
        result.value = source.as_integer()->get();
        break;
      case toml::node_type::boolean:
        result.value = source.as_boolean()->get();
        break;
      case toml::node_type::floating_point:
        result.value = OtherValue{"a number with a fraction"};
        break;
      default:
        result.value = OtherValue{"a date or time"};
        break;
    }
    return result;
  }

  Array array(const toml::array& source) {
    Array elements;
    for (const toml::node& element : source) elements.push_back(node(element));
    return elements;
  }

  using NodeValue = decltype(Node::value);

  NodeValue text(const std::string& source, Position at) {
    if (source.starts_with("file:")) return contents(source.substr(5), at);
    std::string expanded;
    std::size_t position = 0;
    for (std::size_t dollar; (dollar = source.find("${", position)) != std::string::npos;) {
      const std::size_t end = source.find('}', dollar);
      if (end == std::string::npos) return bad(at, "'${' has no '}'");
      const std::string name = source.substr(dollar + 2, end - dollar - 2);
      if (!is_variable_name(name)) return bad(at, "'${" + name + "}' is not the name of an environment variable");
      const std::optional<std::string> value = surroundings_.variable(name);
      if (!value) return bad(at, "the environment variable " + name + " is not set");
      expanded += source.substr(position, dollar - position) + *value;
      position = end + 1;
    }
    return expanded + source.substr(position);
  }

  NodeValue contents(const std::string& path, Position at) {
    std::expected<std::string, std::string> read = surroundings_.read_file(path);
    if (!read) return bad(at, "cannot read '" + path + "': " + read.error());
    while (!read->empty() && is_space(read->back())) read->pop_back();  // the end of the last line
    return *std::move(read);
  }

  NodeValue bad(Position at, std::string message) {
    problems_.error(at, std::move(message));
    return OtherValue{};
  }

  const ConfigSurroundings& surroundings_;
  Problems& problems_;
  std::uint32_t file_;
};

bool breaks_assumption(std::string_view text) {
  try {
    std::ignore = toml::parse(text);
  } catch (const toml::parse_error&) {
    return false;
  } catch (const BrokenAssumption&) {
    return true;
  }
  return false;
}

// The assertions do not say where. Whatever is cut off behind the place, the beginning of the file breaks there; what
// ends before it does not.
std::uint32_t first_broken_line(std::string_view text) {
  std::vector<std::size_t> line_ends;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    line_ends.push_back(end + 1);
  }
  const auto first =
      std::ranges::partition_point(line_ends, [&](std::size_t end) { return !breaks_assumption(text.substr(0, end)); });
  return static_cast<std::uint32_t>(first - line_ends.begin() + 1);
}

}  // namespace

std::string Node::kind() const {
  return std::visit(Overloaded{
                        [](const OtherValue& other) { return other.kind; },
                        [](const std::string&) { return std::string("a string"); },
                        [](std::int64_t) { return std::string("an integer"); },
                        [](bool) { return std::string("a boolean"); },
                        [](const Array&) { return std::string("an array"); },
                        [](const Table&) { return std::string("a table"); },
                    },
                    value);
}

std::optional<Table> parse_document(std::string_view text, const ConfigSurroundings& surroundings, Problems& problems,
                                    std::uint32_t file) {
  try {
    return Converter(surroundings, problems, file).table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    problems.error(position_of(error.source(), file), std::string(error.description()));
  } catch (const BrokenAssumption&) {
    problems.error({first_broken_line(text), 1, file}, "this line is not TOML");
  }
  return std::nullopt;
}

}  // namespace intermediary
