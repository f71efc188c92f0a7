#include "config/problem.h"

#include <algorithm>
#include <utility>

namespace intermediary {

std::string ConfigProblem::to_string() const {
  const char* kind = severity == Severity::Error ? "error" : "warning";
  return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) + ": " + kind + ": " + message;
}

std::uint32_t Problems::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string Problems::place(Position at) const {
  return file(at) + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

void Problems::error(Position at, std::string message) {
  add({file(at), at, ConfigProblem::Severity::Error, std::move(message)});
}

void Problems::warning(Position at, std::string message) {
  add({file(at), at, ConfigProblem::Severity::Warning, std::move(message)});
}

void Problems::add(ConfigProblem problem) {
  const auto after = std::ranges::upper_bound(problems_, problem.at, {}, &ConfigProblem::at);
  problems_.insert(after, std::move(problem));
}

std::size_t Problems::errors() const {
  return static_cast<std::size_t>(
      std::ranges::count(problems_, ConfigProblem::Severity::Error, &ConfigProblem::severity));
}

}  // namespace intermediary
