#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "base/json.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/start_checks.h"

namespace intermediary::cli {
namespace {

struct CheckOptions {
  std::string file;
  bool json = false;
  bool live = false;
};

bool is_error(const ConfigProblem& problem) { return problem.severity == ConfigProblem::Severity::Error; }

std::string json_object(const ConfigProblem& problem) {
  return "{\"file\": " + json_string(problem.file) + ", \"line\": " + std::to_string(problem.at.line) +
         ", \"column\": " + std::to_string(problem.at.column) + ", \"severity\": \"" +
         (is_error(problem) ? "error" : "warning") + "\", \"message\": " + json_string(problem.message) + "}";
}

void print_json(const std::string& file, bool valid, const std::vector<ConfigProblem>& problems) {
  std::cout << "{\"file\": " << json_string(file) << ", \"valid\": " << (valid ? "true" : "false")
            << ", \"problems\": [";
  const char* separator = "\n  ";
  for (const ConfigProblem& problem : problems) {
    std::cout << separator << json_object(problem);
    separator = ",\n  ";
  }
  std::cout << "]}\n";
}

void print_text(const std::string& file, bool valid, const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) std::cout << problem.to_string() << '\n';
  std::cout << file << (valid ? ": valid\n" : ": not valid\n");
}

int check(const CheckOptions& options) {
  const std::expected<std::string, std::string> text = read_file(options.file);
  if (!text) {
    std::cerr << "intermediary-cli check: cannot read '" << options.file << "': " << text.error() << '\n';
    return exit_usage;
  }
  const auto loaded = load_config(*text, options.file, surroundings_of(options.file));
  std::vector<ConfigProblem> problems = loaded ? loaded->warnings : loaded.error();
  const auto look = [&](auto find) {
    if (!loaded || std::ranges::any_of(problems, is_error)) return;
    for (ConfigProblem& problem : find(*loaded)) {
      problems.insert(std::ranges::upper_bound(problems, problem.at, {}, &ConfigProblem::at), std::move(problem));
    }
  };
  look(problems_at_start);
  if (options.live) look(problems_now);
  const bool valid = std::ranges::none_of(problems, is_error);
  (options.json ? print_json : print_text)(options.file, valid, problems);
  return valid ? exit_fine : exit_failed;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Check a configuration file; print every problem at its place");
  command->add_option("FILE", options->file, "The configuration, TOML (docs/configuration.md)")->required();
  command->add_flag("--json", options->json, "One JSON object, for programs");
  command->add_flag("--live", options->live,
                    "Also whether its addresses can be bound now, and whether its Redis and its name servers answer");
  command->footer("Example:\n  intermediary-cli check sip.toml");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace intermediary::cli
