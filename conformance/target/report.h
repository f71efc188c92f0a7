// What became of the rows and scenarios, for people and programs.
#pragma once

#include <string>

#include "conformance/target/suite.h"

namespace intermediary::conformance {

// Sections, then each violation with its ladder, what differs, and why the rest was not asked.
std::string target_text(const TargetReport& report);
std::string target_json(const TargetReport& report);
// A suite for each section, a case for each row: a violation fails, what was not shown is skipped.
std::string target_junit(const TargetReport& report);
// One file that needs nothing else.
std::string target_html(const TargetReport& report);

// "RFC 3261 §16.7" for "RFC3261#16.7.5a", the letter left out.
std::string cited(const std::string& row);
// The first line of a reason.
std::string first_line(const std::string& text);

}  // namespace intermediary::conformance
