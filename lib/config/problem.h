// What is wrong with a configuration file, and where: file, line and column, counted from 1.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace intermediary {

struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t file = 0;  // of Problems: 0 is the one that includes the others

  friend auto operator<=>(const Position& a, const Position& b) {
    return std::tie(a.file, a.line, a.column) <=> std::tie(b.file, b.line, b.column);
  }
  friend bool operator==(const Position&, const Position&) = default;
};

struct ConfigProblem {
  enum class Severity : std::uint8_t { Error, Warning };

  std::string file;
  Position at;
  Severity severity = Severity::Error;
  std::string message;  // one line: what, and what would be right

  std::string to_string() const;  // "sip.toml:3:1: error: unknown key 'domians'; did you mean 'domains'?"

  friend bool operator==(const ConfigProblem&, const ConfigProblem&) = default;
};

// Collects the problems of one file, and of those that it includes.
class Problems {
 public:
  explicit Problems(std::string file) : files_{std::move(file)} {}

  // One that is included: its number, for positions in it.
  std::uint32_t add_file(std::string name);
  const std::string& file(Position at) const { return files_[at.file]; }
  const std::vector<std::string>& files() const { return files_; }
  // "users.toml:3:1".
  std::string place(Position at) const;

  void error(Position at, std::string message);
  void warning(Position at, std::string message);

  std::size_t errors() const;
  // In the order of the files.
  const std::vector<ConfigProblem>& all() const { return problems_; }

 private:
  void add(ConfigProblem problem);

  std::vector<std::string> files_;
  std::vector<ConfigProblem> problems_;
};

}  // namespace intermediary
