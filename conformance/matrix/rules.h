// Where the files of the matrix contradict each other.
#pragma once

#include <string>
#include <vector>

#include "conformance/matrix/matrix.h"

namespace intermediary::conformance {

// A line each, "file: what". Among them: a scenario that names what is no row, a row with neither proof nor gap nor
// reason, a statement with neither row nor reason.
std::vector<std::string> contradictions(const Matrix& matrix);

}  // namespace intermediary::conformance
