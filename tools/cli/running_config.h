// The configuration of a server as `run` reads it: at its start, and again whenever the server is told to.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "runtime/reload.h"

namespace intermediary::cli {

struct RunningConfig {
  std::string file;                       // "": the default
  std::vector<ListenerConfig> listeners;  // instead of the configuration's; empty: those
  // Takes out what this machine cannot have; of the default alone.
  std::function<void(Config& config)> adapt{};

  // Every problem is a line: "intermediary.toml:3:1: …".
  std::expected<NewConfiguration, std::vector<std::string>> read() const;
};

}  // namespace intermediary::cli
