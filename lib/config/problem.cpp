#include "config/problem.h"

#include <algorithm>
#include <utility>

namespace intermediary {

std::string ConfigProblem::to_string() const {
  const char* kind = severity == Severity::Error ? "error" : "warning";
  return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) + ": " + kind + ": " + message;
}

void Problems::error(Position at, std::string message) {
  add({file_, at, ConfigProblem::Severity::Error, std::move(message)});
}

void Problems::warning(Position at, std::string message) {
  add({file_, at, ConfigProblem::Severity::Warning, std::move(message)});
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
