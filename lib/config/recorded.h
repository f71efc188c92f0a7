// Configurations of records: what load_config asked the world for, kept to load it again.
//
//   ConfigWitness witness(surroundings_of(path));
//   auto loaded = load_config(text, path, witness.surroundings());
//   RecordedConfig recorded = witness.recorded(path, text, loaded->config);
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/load.h"
#include "engine/record.h"

namespace intermediary {

class ConfigWitness {
 public:
  explicit ConfigWitness(ConfigSurroundings world) : world_(std::move(world)) { seen_.folder = world_.folder; }
  ConfigWitness(const ConfigWitness&) = delete;
  ConfigWitness& operator=(const ConfigWitness&) = delete;

  // The same world, watched: good as long as the witness.
  ConfigSurroundings surroundings();
  // What was asked for. The private keys of TLS are left out: no engine has them, and a record must not leak them. What
  // S/MIME signs with stays.
  RecordedConfig recorded(const std::string& name, std::string_view text, const Config& config) const;

 private:
  ConfigSurroundings world_;
  RecordedConfig seen_;
};

// The configuration as the engine of that record had it: the text with all that it named, the listeners as bound, the
// drawn key. The error says what load_config said.
std::expected<Config, std::string> load_recorded(const RecordHeader& header);

}  // namespace intermediary
