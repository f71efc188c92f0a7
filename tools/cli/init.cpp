#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>

#include "config/words.h"
#include "tools/cli/commands.h"
#include "tools/cli/presets.h"

namespace intermediary::cli {
namespace {

// Kinds that are designed and not yet there.
constexpr std::array<std::string_view, 2> later_presets = {"b2bua", "sbc"};

int init(const std::string& kind) {
  const auto found = std::ranges::find(presets, kind, &Preset::name);
  if (found != presets.end()) {
    std::cout << found->text;
    return exit_fine;
  }
  if (std::ranges::find(later_presets, kind) != later_presets.end()) {
    std::cerr << "intermediary-cli init: '" << kind << "' is not available in this version\n";
    return exit_usage;
  }
  std::vector<std::string> names;
  for (const Preset& preset : presets) names.emplace_back(preset.name);
  std::cerr << "intermediary-cli init: unknown kind '" << kind << '\'' << suggestion(kind, names) << '\n';
  return exit_usage;
}

}  // namespace

void add_init(CLI::App& app, int& exit_code) {
  const auto kind = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("init", "Print a configuration to begin with, which runs as it is");
  command->add_option("KIND", *kind, "proxy, registrar, trunk, balancer or gateway")->required();
  command->footer("Example:\n  intermediary-cli init registrar > sip.toml");
  command->callback([kind, &exit_code] { exit_code = init(*kind); });
}

}  // namespace intermediary::cli
