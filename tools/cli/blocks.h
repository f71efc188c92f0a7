// [[test]] blocks of configuration files, for `test`.
#pragma once

#include <string>
#include <vector>

namespace intermediary::cli {

struct BlockOutcome {
  std::string name;  // "sip.toml:12: national number leaves as E.164"
  bool passed = false;
  std::string failure{};  // lines
};

// Of a file that cannot be read or is not valid: one outcome that says so. `problems`: the file has no valid
// configuration.
std::vector<BlockOutcome> run_blocks(const std::string& file, bool& problems);

}  // namespace intermediary::cli
