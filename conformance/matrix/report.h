// The judged matrix for people and programs.
#pragma once

#include <string>

#include "conformance/matrix/results.h"

namespace intermediary::conformance {

// A table of the sections, what fails, and the total in a line; `gaps`: each gap with its reason, too.
std::string text_report(const Results& results, bool gaps);

// One object: "total", "sections" with their rows, "scenarios", "contradictions".
std::string json_report(const Results& results);

// A suite for each section, a case for each row; gaps and what does not apply are skipped. Contradictions are a suite
// of their own.
std::string junit_report(const Results& results);

// One file that needs nothing else: figures, bars, and the rows with their proofs, to search and filter.
std::string html_report(const Results& results);

}  // namespace intermediary::conformance
