#include "tools/cli/explore.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "base/utf8.h"
#include "sim/explore/explorer.h"
#include "sim/runner.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/crew.h"

namespace intermediary::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// What became of one file, as lines from a process that explores to the one that prints: of the summary, one line of
// numbers; then as many lines of text as it says.
struct Outcome {
  std::size_t file = 0;
  std::size_t scenarios = 0, runs = 0, pruned = 0, different = 0, failures = 0;
  std::string text;  // what went wrong, for people
  std::string json;  // of its failures, a list's inside
};

// Counts files between processes.
class Tickets {
 public:
  Tickets() {
    void* page =
        mmap(nullptr, sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    next_ = new (page) std::atomic<std::size_t>(0);
  }
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;
  ~Tickets() { munmap(next_, sizeof(*next_)); }
  std::size_t take() { return next_->fetch_add(1); }

 private:
  std::atomic<std::size_t>* next_ = nullptr;
};

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

// Files lie relative to the scenario that names them: of one that is written elsewhere, from there.
std::string moved(const std::string& text, const fs::path& from, const fs::path& to) {
  const auto from_there = [&](std::string_view file) {
    return fs::proximate(fs::absolute(from / file), fs::absolute(to)).generic_string();
  };
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, name, config, file;
    words >> first;
    if (first == "include") {
      words >> file;
    } else if (first == "node") {
      words >> name >> config >> file;
      if (config != "config" || file.starts_with("\"\"\"") || file.find('=') != std::string::npos) file.clear();
    }
    if (!file.empty()) line.replace(line.rfind(file), file.size(), from_there(file));
    result += line + '\n';
  }
  return result;
}

void describe(const sim::Scenario& scenario, const sim::Failure& failure, std::size_t number,
              const ExploreOptions& options, Outcome& outcome) {
  const std::string name = scenario.name + "-fault-" + std::to_string(number);
  const std::string file = (fs::path(options.folder) / (name + ".flow")).string();
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << moved(sim::with_faults(scenario, failure.schedule, name), fs::path(scenario.file).parent_path(),
               options.folder);
  out.close();
  std::string promises, list;
  for (const std::string& promise : failure.verdict.broken_promises) {
    promises += "  " + promise + '\n';
    list += (list.empty() ? "" : ", ") + json_string(promise);
  }
  const std::string seed = options.seed ? " --seed " + std::to_string(*options.seed) : "";
  const std::string config = options.config.empty() ? "" : " --config " + options.config;
  outcome.text +=
      scenario.title() + ": with " + sim::to_string(failure.schedule) + '\n' + promises +
      indented(failure.verdict.ladder) +
      (out ? "  again: intermediary-cli test" + config + seed + ' ' + file : "  cannot write '" + file + '\'') + '\n';
  outcome.json += std::string(outcome.json.empty() ? "" : ", ") +
                  "{\"schedule\": " + json_string(sim::to_string(failure.schedule)) +
                  (out ? ", \"file\": " : ", \"cannot_write\": ") + json_string(file) + ", \"promises\": [" + list +
                  "]}";
}

void explore_row(const sim::Scenario& scenario, const ExploreOptions& options, Outcome& outcome) {
  sim::ExplorerOptions how;
  how.faults = options.faults;
  how.seed = options.seed;
  const sim::Exploration found = sim::explore(scenario, how);
  outcome.runs += found.runs;
  outcome.pruned += found.pruned;
  outcome.different += found.different;
  for (const sim::Failure& failure : found.failures) describe(scenario, failure, ++outcome.failures, options, outcome);
}

Outcome explore_file(std::size_t index, const ExploreOptions& options) {
  Outcome outcome;
  outcome.file = index;
  const std::string& file = options.files[index];
  const auto fail = [&](const std::string& what) {
    outcome.failures = 1;
    outcome.text = what + '\n';
    outcome.json = "{\"promises\": [" + json_string(what) + "]}";
    return outcome;
  };
  const auto text = read_file(file);
  if (!text) return fail("cannot read '" + file + "': " + text.error());
  const auto scenarios = sim::parse_scenarios(file, *text, options.surroundings);
  if (!scenarios) return fail(scenarios.error().to_string());
  if (options.wanted && !options.wanted(scenarios->front())) return outcome;
  outcome.scenarios = scenarios->size();
  for (const sim::Scenario& scenario : *scenarios) explore_row(scenario, options, outcome);
  return outcome;
}

// ---- several processes

std::string packed(const Outcome& outcome) {
  std::string head;
  for (const std::size_t number : {outcome.file, outcome.scenarios, outcome.runs, outcome.pruned, outcome.different,
                                   outcome.failures, outcome.text.size(), outcome.json.size()}) {
    head += std::to_string(number) + ' ';
  }
  return head + '\n' + outcome.text + outcome.json;
}

// Takes a whole outcome off the front.
bool unpack(std::string& buffer, Outcome& outcome) {
  const std::size_t line = buffer.find('\n');
  if (line == std::string::npos) return false;
  std::istringstream head(buffer.substr(0, line));
  std::size_t text = 0, json = 0;
  head >> outcome.file >> outcome.scenarios >> outcome.runs >> outcome.pruned >> outcome.different >>
      outcome.failures >> text >> json;
  if (buffer.size() < line + 1 + text + json) return false;
  outcome.text = buffer.substr(line + 1, text);
  outcome.json = buffer.substr(line + 1 + text, json);
  buffer.erase(0, line + 1 + text + json);
  return true;
}

// ---- what is printed

std::string seconds(Clock::duration time) {
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(time).count() / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

}  // namespace

int explore_files(const ExploreOptions& options) {
  const auto began = Clock::now();
  const bool terminal = !options.json && isatty(STDERR_FILENO) != 0;
  std::map<std::size_t, Outcome> outcomes;
  std::size_t scenarios = 0, runs = 0, pruned = 0, different = 0, failed = 0;
  const auto take = [&](const Outcome& outcome) {
    scenarios += outcome.scenarios;
    runs += outcome.runs;
    pruned += outcome.pruned;
    different += outcome.different;
    failed += outcome.failures > 0;
    outcomes.emplace(outcome.file, outcome);
    if (terminal) std::cerr << "\r\033[K";
    if (!options.json && outcome.failures > 0) std::cout << "FAIL  " << printable(outcome.text) << std::flush;
    if (!terminal) return;
    std::cerr << outcomes.size() << '/' << options.files.size() << "  " << runs << " schedules  "
              << options.files[outcome.file] << std::flush;
  };
  Tickets tickets;
  Crew crew(std::max<std::size_t>(1, options.jobs), [&](std::size_t, int results) {
    for (std::size_t file = tickets.take(); file < options.files.size(); file = tickets.take()) {
      write_all(results, packed(explore_file(file, options)));
    }
  });
  const bool well = crew.listen([&](std::string& written) {
                          for (Outcome outcome; unpack(written, outcome);) take(outcome);
                        })
                        .empty();
  if (terminal) std::cerr << "\r\033[K";
  const auto took = Clock::now() - began;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  const std::size_t a_second = runs * 1000 / static_cast<std::size_t>(std::max<std::int64_t>(1, milliseconds));
  if (options.json) {
    std::cout << "{\"scenarios\": " << scenarios << ", \"failed\": " << failed << ", \"runs\": " << runs
              << ", \"pruned\": " << pruned << ", \"different\": " << different << ", \"real_ms\": " << milliseconds
              << ", \"failures\": [";
    const char* separator = "\n  ";
    for (const auto& [index, outcome] : outcomes) {
      if (outcome.failures == 0) continue;
      std::cout << separator << "{\"file\": " << json_string(options.files[index]) << ", \"found\": [" << outcome.json
                << "]}";
      separator = ",\n  ";
    }
    std::cout << "]}\n";
  } else {
    std::cout << scenarios << " scenarios under up to " << options.faults
              << (options.faults == 1 ? " fault: " : " faults: ") << runs << " schedules run, " << pruned << " pruned, "
              << different << " different runs; " << failed << " scenarios failed; " << seconds(took) << " s, "
              << a_second << " runs/s\n";
  }
  if (scenarios == 0 && failed == 0) {
    std::cerr << "intermediary-cli test: no scenario has these tags\n";
    return exit_usage;
  }
  if (!well) std::cerr << "intermediary-cli test: a process that explores has ended badly\n";
  return failed == 0 && well ? exit_fine : exit_failed;
}

}  // namespace intermediary::cli
