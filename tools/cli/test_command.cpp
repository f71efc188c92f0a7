#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "sim/ladder.h"
#include "sim/ladder_page.h"
#include "sim/runner.h"
#include "sim/scenario.h"
#include "tools/cli/blocks.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/explore.h"
#include "tools/cli/worlds.h"

namespace intermediary::cli {
namespace {

namespace fs = std::filesystem;

// Colours are for people who look on, and who have not asked for none (https://no-color.org).
bool is_colour_terminal() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) != 0 && (!no_colour || *no_colour == '\0');
}

struct TestOptions {
  std::vector<std::string> paths;
  std::optional<std::uint64_t> seed;
  bool rewrite = false;
  bool json = false;
  std::string config;  // the file that takes the place of each node's own; "": none
  sim::Surroundings surroundings;
  std::vector<std::string> tags;      // any of them, where there are some
  std::vector<std::string> tags_not;  // none of them
  bool ladder = false;
  std::string colour = "auto";
  std::string html;

  bool coloured() const { return colour == "always" || (colour == "auto" && is_colour_terminal()); }
  bool looks_on() const { return ladder || !html.empty() || (coloured() && !json); }
  std::size_t faults = 0;
  std::size_t runs = 0;
  std::size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  std::string folder = ".";
};

struct Result {
  std::string file;  // and the row of its table
  bool passed = false;
  bool rewritten = false;
  std::string failure;
  std::string ladder{};  // plain; of a run
  std::optional<sim::Chronicle> chronicle{};
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
  std::set<fs::path> seen;
  std::erase_if(files, [&](const std::string& file) {
    std::error_code error;
    return !seen.insert(fs::weakly_canonical(file, error)).second;
  });
  if (files.empty()) return std::unexpected("there is no .flow file");
  return files;
}

// Puts the drawn ladders into the file; an error is what kept them from there.
std::string rewrite(const std::vector<sim::Scenario>& scenarios, const std::vector<std::string>& ladders) {
  const std::string& file = scenarios.front().file;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << sim::with_ladders(scenarios, ladders);
  out.close();
  return out ? "" : "cannot write '" + file + "'\n";
}

std::chrono::microseconds since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
}

bool is_wanted(const sim::Scenario& scenario, const TestOptions& options) {
  const auto has = [&](const std::string& tag) { return std::ranges::find(scenario.tags, tag) != scenario.tags.end(); };
  return (options.tags.empty() || std::ranges::any_of(options.tags, has)) &&
         std::ranges::none_of(options.tags_not, has);
}

// One row of a file; `ladder` is drawn.
Result run_row(const sim::Scenario& scenario, const TestOptions& options, std::string& ladder) {
  const auto began = std::chrono::steady_clock::now();
  std::optional<sim::Chronicle> chronicle;
  if (options.looks_on()) chronicle.emplace();
  sim::Report report = sim::run_scenario(scenario, options.seed, chronicle ? &*chronicle : nullptr);
  Result result{.file = scenario.title(), .failure = report.failure, .virtual_time = report.virtual_time};
  const bool same_world = options.seed.value_or(scenario.seed) == scenario.seed && options.config.empty();
  if (report.passed && same_world && !options.rewrite) {
    result.failure = sim::ladder_difference(scenario, report.ladder);
  }
  ladder = std::move(report.ladder);
  result.passed = result.failure.empty();
  result.real_time = since(began);
  if (chronicle) chronicle->failure = result.failure;
  result.chronicle = std::move(chronicle);
  result.ladder = ladder;
  return result;
}

// A result for each row; for none where the file is not wanted.
std::vector<Result> run_file(const std::string& file, const TestOptions& options) {
  const auto text = read_file(file);
  if (!text) return {{.file = file, .failure = "cannot read '" + file + "': " + text.error() + '\n'}};
  const auto scenarios = sim::parse_scenarios(file, *text, options.surroundings);
  if (!scenarios) return {{.file = file, .failure = scenarios.error().to_string() + '\n'}};
  std::vector<Result> results;
  if (!is_wanted(scenarios->front(), options)) return results;
  std::vector<std::string> ladders(scenarios->size());
  for (std::size_t i = 0; i < scenarios->size(); ++i) {
    results.push_back(run_row((*scenarios)[i], options, ladders[i]));
  }
  if (options.rewrite && std::ranges::all_of(results, &Result::passed) &&
      sim::with_ladders(*scenarios, ladders) != *text) {
    results.front().failure = rewrite(*scenarios, ladders);
    results.front().passed = results.front().failure.empty();
    results.front().rewritten = true;
  }
  return results;
}

// Two scenarios of one name would be one to every report; "" where there are none.
std::string named_twice(const std::vector<std::string>& files) {
  std::map<std::string, std::string> by_name;
  for (const std::string& file : files) {
    const auto [other, fresh] = by_name.emplace(fs::path(file).stem().string(), file);
    if (fresh) continue;
    return "two scenarios are called '" + other->first + "': " + other->second + " and " + file;
  }
  return "";
}

std::string milliseconds(std::chrono::microseconds time) {
  std::string fraction = std::to_string(1000 + time.count() % 1000).substr(1);
  return std::to_string(time.count() / 1000) + '.' + fraction.substr(0, 1);
}

void print_ladder(const Result& result, const TestOptions& options) {
  if (!result.passed) std::cout << "  so far:\n";
  if (!result.chronicle) {
    std::cout << result.ladder;
  } else {
    std::cout << sim::draw_ladder(result.chronicle->ladder,
                                  options.coloured() ? sim::LadderStyle::Coloured : sim::LadderStyle::Plain);
  }
}

void print_line(const Result& result, const TestOptions& options) {
  std::cout << (result.passed ? "ok    " : "FAIL  ") << result.file << "  (" << sim::seconds_text(result.virtual_time)
            << " s in " << milliseconds(result.real_time) << " ms)" << (result.rewritten ? "  ladder rewritten" : "")
            << '\n';
  std::cout << printable(result.failure);
  if ((options.ladder || !result.passed) && !result.ladder.empty()) print_ladder(result, options);
}

bool is_configuration(const std::string& path) { return path.ends_with(".toml"); }

void print_block(const Result& result) {
  std::cout << (result.passed ? "ok    " : "FAIL  ") << printable(result.file) << '\n' << printable(result.failure);
}

// What keeps the page from being written; "" when nothing does.
std::string write_html(const std::string& file, std::vector<Result>& results) {
  std::vector<sim::Chronicle> runs;
  for (Result& result : results) {
    if (result.chronicle && !result.ladder.empty()) runs.push_back(*std::move(result.chronicle));
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  sim::write_ladder_page(out, runs);
  out.close();
  return out ? "" : "cannot write '" + file + "': " + std::generic_category().message(errno);
}

void print_json(const std::vector<Result>& results, std::size_t failed) {
  std::cout << "{\"passed\": " << results.size() - failed << ", \"failed\": " << failed << ", \"scenarios\": [";
  const char* separator = "\n  ";
  for (const Result& result : results) {
    std::cout << separator << "{\"file\": " << json_string(result.file)
              << ", \"passed\": " << (result.passed ? "true" : "false")
              << ", \"virtual_us\": " << result.virtual_time.count() << ", \"real_us\": " << result.real_time.count()
              << ", \"failure\": "
              << json_string(result.passed || result.ladder.empty() ? result.failure
                                                                    : result.failure + "  so far:\n" + result.ladder)
              << "}";
    separator = ",\n  ";
  }
  std::cout << "]}\n";
}

// What scenarios may name, and the configuration from outside; what that has of problems is printed.
int prepare(TestOptions& options) {
  options.surroundings.read_file = read_file;
  options.surroundings.list_files = list_files;
  options.surroundings.variable = surroundings_of("").variable;
  if (options.config.empty()) return exit_fine;
  auto text = read_file(options.config);
  if (!text) {
    std::cerr << "intermediary-cli test: cannot read '" << options.config << "': " << text.error() << '\n';
    return exit_usage;
  }
  const auto loaded = load_config(*text, options.config, surroundings_of(options.config));
  if (!loaded) {
    for (const ConfigProblem& problem : loaded.error()) std::cerr << problem.to_string() << '\n';
    return exit_failed;
  }
  options.surroundings.node_config = sim::Surroundings::NodeConfig{options.config, *std::move(text)};
  return exit_fine;
}

// The [[test]] blocks of --config and of each PATH that is a configuration, which is taken off the list.
std::vector<Result> run_test_blocks(TestOptions& options, bool& has_problems) {
  std::vector<std::string> configs;
  if (!options.config.empty() && options.faults == 0) configs.push_back(options.config);
  std::ranges::copy_if(options.paths, std::back_inserter(configs), is_configuration);
  std::erase_if(options.paths, is_configuration);
  std::vector<Result> results;
  for (const std::string& file : configs) {
    bool is_wrong = false;
    for (BlockOutcome& outcome : run_blocks(file, is_wrong)) {
      results.push_back(
          {.file = std::move(outcome.name), .passed = outcome.passed, .failure = std::move(outcome.failure)});
      if (!options.json) print_block(results.back());
    }
    has_problems |= is_wrong;
  }
  return results;
}

int sum_up(const std::vector<Result>& results, const TestOptions& options) {
  const auto failed = static_cast<std::size_t>(std::ranges::count(results, false, &Result::passed));
  if (options.json) {
    print_json(results, failed);
  } else {
    std::cout << results.size() << (results.size() == 1 ? " scenario, " : " scenarios, ") << failed << " failed\n";
  }
  if (results.empty()) std::cerr << "intermediary-cli test: there is no [[test]] block\n";
  return failed == 0 && !results.empty() ? exit_fine : exit_failed;
}

int test(TestOptions& options) {
  if (options.runs > 0 && options.paths.empty()) {
    return explore_worlds({options.seed.value_or(1), options.runs, options.jobs, options.folder, options.json});
  }
  const bool has_what = !options.paths.empty() || !options.config.empty();
  if (options.runs > 0 || !has_what) {
    std::cerr << "intermediary-cli test: expected "
              << (options.runs > 0 ? "--runs without PATH: random worlds have no file\n"
                                   : "PATH, --config with [[test]] blocks, or --runs for random worlds\n");
    return exit_usage;
  }
  if (const int wrong = prepare(options); wrong != exit_fine) return wrong;
  bool has_problems = false;
  std::vector<Result> blocks = run_test_blocks(options, has_problems);
  if (has_problems) return exit_failed;
  if (options.paths.empty()) return sum_up(blocks, options);
  auto files = scenario_files(options.paths);
  if (!files) {
    std::cerr << "intermediary-cli test: " << files.error() << '\n';
    return exit_usage;
  }
  if (const std::string twice = named_twice(*files); !twice.empty()) {
    std::cerr << "intermediary-cli test: " << twice << '\n';
    return exit_usage;
  }
  if (options.faults > 0) {
    return explore_files({*files, options.faults, options.jobs, options.seed, options.config, options.folder,
                          options.json, options.surroundings,
                          [&options](const sim::Scenario& scenario) { return is_wanted(scenario, options); }});
  }
  std::vector<Result> results = std::move(blocks);
  for (const std::string& file : *files) {
    for (Result& result : run_file(file, options)) {
      results.push_back(std::move(result));
      if (!options.json) print_line(results.back(), options);
    }
  }
  if (results.empty()) {
    std::cerr << "intermediary-cli test: no scenario has these tags\n";
    return exit_usage;
  }
  const int outcome = sum_up(results, options);
  if (!options.html.empty()) {
    if (const std::string problem = write_html(options.html, results); !problem.empty()) {
      std::cerr << "intermediary-cli test: --html: " << problem << '\n';
      return exit_usage;
    }
  }
  return outcome;
}

}  // namespace

void add_test(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TestOptions>();
  CLI::App* command = app.add_subcommand("test", "Run scenario files in virtual time (docs/scenarios.md)");
  command->add_option("PATH", options->paths,
                      "Scenario files, folders to search for *.flow, and configurations (*.toml) with [[test]] blocks");
  CLI::Option* rewrite =
      command->add_flag("--rewrite", options->rewrite, "Draw the ladders anew; review the difference");
  command->add_option("--seed", options->seed, "Instead of each scenario's own seed; ladders are not compared then")
      ->check([](const std::string& text) {
        return parse_decimal<std::uint64_t>(text) ? std::string() : '\'' + text + "' is no whole number from 0";
      });
  CLI::Option* config = command
                            ->add_option("--config", options->config,
                                         "In the place of the one node of each scenario; ladders are not compared then")
                            ->type_name("FILE")
                            ->excludes(rewrite);
  CLI::Option* tag = command->add_option("--tag", options->tags, "Only scenarios with one of these tags")
                         ->delimiter(',')
                         ->allow_extra_args(false)  // what follows is a PATH
                         ->type_name("TAG");
  CLI::Option* not_tag = command->add_option("--not-tag", options->tags_not, "No scenario with one of these")
                             ->delimiter(',')
                             ->allow_extra_args(false)
                             ->type_name("TAG");
  CLI::Option* ladder =
      command->add_flag("--ladder", options->ladder, "Print the ladder of every run, not only of those that fail");
  command->add_option("--color", options->colour, "Colours in ladders: always, never, or auto, on a terminal")
      ->check(CLI::IsMember({"always", "never", "auto"}))
      ->default_str("auto");
  CLI::Option* html = command->add_option("--html", options->html, "Write all ladders into one page for a browser");
  CLI::Option* faults =
      command
          ->add_option("--faults", options->faults,
                       "Under every schedule of up to so many faults, judged by promises (docs/exploring.md)")
          ->check(CLI::Range(1, 9))
          ->excludes(rewrite, ladder, html);
  command
      ->add_option("--runs", options->runs, "Without PATH: so many random worlds, from --seed on (docs/exploring.md)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
      ->excludes(rewrite, config, tag, not_tag, ladder, html, faults);
  command->add_option("--jobs", options->jobs, "With --faults and --runs: so many processes; usually one for each core")
      ->check(CLI::Range(1, 256));
  command
      ->add_option("--save", options->folder, "With --faults and --runs: the folder for scenarios of what goes wrong")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--json", options->json, "One JSON object, for programs");
  command->footer(
      "Example:\n  intermediary-cli test conformance/scenarios\n  intermediary-cli test --seed 1 --runs 1000");
  command->callback([options, &exit_code] { exit_code = test(*options); });
}

}  // namespace intermediary::cli
