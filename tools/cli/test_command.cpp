#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "sim/runner.h"
#include "sim/scenario.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"

namespace intermediary::cli {
namespace {

namespace fs = std::filesystem;

struct TestOptions {
  std::vector<std::string> paths;
  std::optional<std::uint64_t> seed;
  bool rewrite = false;
  bool json = false;
};

struct Result {
  std::string file;
  bool passed = false;
  bool rewritten = false;
  std::string failure;
  Duration virtual_time{0};
  std::chrono::microseconds real_time{0};
};

// Files as they are named; of folders, every *.flow below, by name.
std::expected<std::vector<std::string>, std::string> scenario_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) return std::unexpected("there is no '" + path + '\'');
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
      if (entry.path().extension() == ".flow") found.push_back(entry.path().string());
    }
    if (error) return std::unexpected("cannot read '" + path + "': " + error.message());
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) return std::unexpected("there is no .flow file");
  return files;
}

// Puts the drawn ladder into the file; an error is what kept it from there.
std::string rewrite(const sim::Scenario& scenario, const std::string& ladder) {
  std::ofstream out(scenario.file, std::ios::binary | std::ios::trunc);
  out << sim::with_ladder(scenario, ladder);
  out.close();
  return out ? "" : "cannot write '" + scenario.file + "'\n";
}

Result run_text(const std::string& file, const std::string& text, const TestOptions& options) {
  Result result;
  result.file = file;
  auto scenario = sim::parse_scenario(file, text);
  if (!scenario) {
    result.failure = scenario.error().to_string() + '\n';
    return result;
  }
  sim::Report report = sim::run_scenario(*scenario, options.seed);
  result.virtual_time = report.virtual_time;
  result.failure = report.explanation();
  bool same_seed = options.seed.value_or(scenario->seed) == scenario->seed;
  if (report.passed && options.rewrite && report.ladder != scenario->ladder) {
    result.failure = rewrite(*scenario, report.ladder);
    result.rewritten = true;
  } else if (report.passed && same_seed) {
    result.failure = sim::ladder_difference(*scenario, report.ladder);
  }
  result.passed = result.failure.empty();
  return result;
}

Result run_file(const std::string& file, const TestOptions& options) {
  auto began = std::chrono::steady_clock::now();
  auto text = read_file(file);
  Result result = text ? run_text(file, *text, options) : Result{.file = file, .failure = text.error() + '\n'};
  result.real_time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  return result;
}

std::string milliseconds(std::chrono::microseconds time) {
  std::string fraction = std::to_string(1000 + time.count() % 1000).substr(1);
  return std::to_string(time.count() / 1000) + '.' + fraction.substr(0, 1);
}

void print_line(const Result& result) {
  std::cout << (result.passed ? "ok    " : "FAIL  ") << result.file << "  (" << sim::seconds_text(result.virtual_time)
            << " s in " << milliseconds(result.real_time) << " ms)" << (result.rewritten ? "  ladder rewritten" : "")
            << '\n';
  if (!result.passed) std::cout << result.failure;
}

void print_json(const std::vector<Result>& results, std::size_t failed) {
  std::cout << "{\"passed\": " << results.size() - failed << ", \"failed\": " << failed << ", \"scenarios\": [";
  const char* separator = "\n  ";
  for (const Result& result : results) {
    std::cout << separator << "{\"file\": " << json_string(result.file)
              << ", \"passed\": " << (result.passed ? "true" : "false")
              << ", \"virtual_us\": " << result.virtual_time.count() << ", \"real_us\": " << result.real_time.count()
              << ", \"failure\": " << json_string(result.failure) << "}";
    separator = ",\n  ";
  }
  std::cout << "]}\n";
}

int test(const TestOptions& options) {
  auto files = scenario_files(options.paths);
  if (!files) {
    std::cerr << "intermediary-cli test: " << files.error() << '\n';
    return exit_usage;
  }
  std::vector<Result> results;
  for (const std::string& file : *files) {
    results.push_back(run_file(file, options));
    if (!options.json) print_line(results.back());
  }
  auto failed = static_cast<std::size_t>(std::ranges::count(results, false, &Result::passed));
  if (options.json) {
    print_json(results, failed);
  } else {
    std::cout << results.size() << (results.size() == 1 ? " scenario, " : " scenarios, ") << failed << " failed\n";
  }
  return failed == 0 ? exit_fine : exit_failed;
}

}  // namespace

void add_test(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TestOptions>();
  CLI::App* command = app.add_subcommand("test", "Run scenario files in virtual time (docs/scenarios.md)");
  command->add_option("PATH", options->paths, "Scenario files, or folders to search for *.flow")->required();
  command->add_flag("--rewrite", options->rewrite, "Draw the ladders anew; review the difference");
  command->add_option("--seed", options->seed, "Instead of each scenario's own seed; ladders are not compared then")
      ->check([](const std::string& text) {
        return parse_decimal<std::uint64_t>(text) ? std::string() : '\'' + text + "' is no whole number from 0";
      });
  command->add_flag("--json", options->json, "One JSON object, for programs");
  command->footer("Example:\n  intermediary-cli test conformance/scenarios");
  command->callback([options, &exit_code] { exit_code = test(*options); });
}

}  // namespace intermediary::cli
