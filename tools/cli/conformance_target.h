// `conformance --target`: the scenarios against a server elsewhere.
#pragma once

#include <string>
#include <vector>

#include "conformance/matrix/matrix.h"

namespace intermediary::cli {

struct TargetOptions {
  std::string target;
  std::vector<std::string> transports;  // "udp", "tcp"
  std::string profile = "proxy";
  std::vector<std::string> have;  // words of the set-up, "@FILE" for a file of them
  std::string local;
  std::string tolerance = "250ms";
  std::size_t beside_each_other = 32;
  bool fast = false;
  bool requirements = false;
  std::vector<std::string> paths;

  // A target is asked, or asked about.
  bool any() const { return !target.empty() || requirements; }
};

// On a terminal.
void show_progress(std::size_t done, std::size_t of);

// Writes the report of the format into `text`; the exit code. What goes wrong is written to standard error.
int conformance_of_target(const conformance::Matrix& matrix, const std::string& folder, const TargetOptions& options,
                          const std::string& format, std::string& text);

}  // namespace intermediary::cli
