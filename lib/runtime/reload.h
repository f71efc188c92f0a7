// What a server reads again while it runs (docs/adr/0054).
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "engine/config.h"
#include "engine/record.h"

namespace intermediary {

// Files whose change is a reason to read again.
struct WatchedFiles {
  bool wanted = false;
  std::vector<std::string> paths{};
};

struct NewConfiguration {
  Config config;  // its key {0, 0}: the one that is used already
  RecordedConfig recorded{};
  std::vector<std::string> warnings{};
  WatchedFiles watched{};
};

// Reads the configuration where it was read first, on a thread of its own; or every problem with it, a line each.
using ReadConfiguration = std::function<std::expected<NewConfiguration, std::vector<std::string>>()>;
// What came of a reload: one line for people, or a line for each problem.
using ReloadDone = std::function<void(std::expected<std::string, std::string>)>;

}  // namespace intermediary
