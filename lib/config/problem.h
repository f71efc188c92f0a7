// What is wrong with a configuration file, and where: file, line and column, counted from 1.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace intermediary {

struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  friend auto operator<=>(const Position&, const Position&) = default;
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

// Collects the problems of one file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void error(Position at, std::string message);
  void warning(Position at, std::string message);

  std::size_t errors() const;
  // In the order of the file.
  const std::vector<ConfigProblem>& all() const { return problems_; }

 private:
  void add(ConfigProblem problem);

  std::string file_;
  std::vector<ConfigProblem> problems_;
};

}  // namespace intermediary
