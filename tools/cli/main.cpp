#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "config/words.h"
#include "tools/cli/commands.h"

namespace intermediary::cli {
namespace {

constexpr std::string_view nothing_given = "what is given is empty";

// Where a script's variable is not set, nothing must silently be left out: "" is no file, and no name either.
void refuse_empty_values(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_expected_min() == 0) continue;  // a flag
      option->check(
          [](const std::string& value) { return value.empty() ? std::string(nothing_given) : std::string(); });
    }
  }
}

// "--pcap=" would take the next word for its value.
void refuse_missing_values(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;
    if (!word.starts_with("--") || word.find('=') != word.size() - 1) continue;
    throw CLI::ValidationError(std::string(word.substr(0, word.size() - 1)), std::string(nothing_given));
  }
}

int run_command_line(int argc, char** argv) {
  CLI::App app(
      "Intermediary: a SIP proxy and registrar that runs alike on the wire and in the simulator.\n"
      "Exit codes: 0 all is well, 1 a check or test failed, 2 bad usage.",
      "intermediary-cli");
  app.set_version_flag("--version", "intermediary-cli " INTERMEDIARY_VERSION);
  app.require_subcommand(1);
  app.footer("Example:\n  intermediary-cli run --config sip.toml");
  int exit_code = exit_fine;
  add_run(app, exit_code);
  add_check(app, exit_code);
  add_explain(app, exit_code);
  add_init(app, exit_code);
  add_schema(app, exit_code);
  add_test(app, exit_code);
  add_replay(app, exit_code);
  add_conformance(app, exit_code);
  add_ctl(app, exit_code);
  refuse_empty_values(app);
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  if (argc > 1 && *argv[1] != '-' && std::ranges::find(commands, argv[1]) == commands.end()) {
    std::cerr << "intermediary-cli: unknown command '" << argv[1] << '\'' << suggestion(argv[1], commands) << '\n';
    return exit_usage;
  }
  try {
    refuse_missing_values(argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_fine : exit_usage;
  }
  return exit_code;
}

}  // namespace
}  // namespace intermediary::cli

int main(int argc, char** argv) { return intermediary::cli::run_command_line(argc, argv); }
