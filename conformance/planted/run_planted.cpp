// run_planted FILE — runs scenarios under planted edits. FILE names a scenario a line; orders come by standard input:
//
//     reach I             prints "I N N …": the sites of edits that scenario I comes by
//     run EDIT I I …      prints "EDIT I OUTCOME" for each: ok, failed, crashed, hung, or skipped when too many hung
//
// and each order ends with the line "done". EDIT 0 is the code as it is. Scenarios are read before any edit is in
// force, and run in a process of their own: an edit may crash it, or never end.

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <expected>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "conformance/planted/planted.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace {

// What one file holds: a scenario for each row of its table.
using Scenario = std::vector<intermediary::sim::Scenario>;

constexpr long processor_seconds = 2;  // most scenarios take milliseconds
constexpr rlim_t most_memory = rlim_t{4} << 30;
constexpr std::size_t most_hung = 3;  // of one edit: the others would only take as long

bool passes(const Scenario& scenario) {
  return std::ranges::all_of(scenario, [](const intermediary::sim::Scenario& row) {
    const intermediary::sim::Report report = intermediary::sim::run_scenario(row);
    return report.passed && intermediary::sim::ladder_difference(row, report.ladder).empty();
  });
}

void start_clock() {
  const itimerval limit{{0, 0}, {processor_seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

// One character for each scenario that came to its end.
[[noreturn]] void run_all(std::uint32_t edit, const std::vector<const Scenario*>& scenarios, int results) {
  const rlimit memory{most_memory, most_memory};
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &no_core);
  if (close(STDERR_FILENO) != 0) _exit(1);  // failed assertions speak there
  planted::active = edit;
  for (const Scenario* scenario : scenarios) {
    start_clock();
    const char outcome = passes(*scenario) ? 'o' : 'f';
    if (write(results, &outcome, 1) != 1) _exit(1);
  }
  _exit(0);
}

struct Ended {
  std::string outcomes;  // of those that came to their end
  bool hung = false;     // the one behind them did; otherwise it crashed
};

Ended run_in_child(std::uint32_t edit, const std::vector<const Scenario*>& scenarios) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) run_all(edit, scenarios, ends[1]);
  close(ends[1]);
  Ended ended;
  std::array<char, 512> buffer{};
  for (ssize_t count; (count = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.outcomes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  ended.hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
  return ended;
}

void run(std::uint32_t edit, const std::vector<std::size_t>& indices, const std::vector<Scenario>& all) {
  std::size_t next = 0;
  std::size_t hung = 0;
  const auto say = [&](const char* outcome) { std::cout << edit << ' ' << indices[next++] << ' ' << outcome << '\n'; };
  while (next < indices.size() && hung < most_hung) {
    std::vector<const Scenario*> rest;
    for (std::size_t i = next; i < indices.size(); ++i) rest.push_back(&all[indices[i]]);
    const Ended ended = run_in_child(edit, rest);
    for (const char outcome : ended.outcomes) say(outcome == 'o' ? "ok" : "failed");
    if (next == indices.size()) return;
    if (ended.hung) ++hung;
    say(ended.hung ? "hung" : "crashed");
  }
  while (next < indices.size()) say("skipped");
}

void reach(std::size_t index, const std::vector<Scenario>& all) {
  std::set<std::uint32_t> sites;
  planted::reached_sites = &sites;
  for (const auto& row : all[index]) intermediary::sim::run_scenario(row);
  planted::reached_sites = nullptr;
  std::cout << index;
  for (const std::uint32_t site : sites) std::cout << ' ' << site;
  std::cout << '\n';
}

std::expected<std::string, std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("there is no such file");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Scenario> read_scenarios(const char* list) {
  std::vector<Scenario> scenarios;
  std::ifstream names(list);
  for (std::string name; std::getline(names, name);) {
    auto scenario = intermediary::sim::parse_scenarios(name, read_text(name).value_or(""), {read_text});
    if (!scenario) throw std::runtime_error(scenario.error().to_string());
    scenarios.push_back(*std::move(scenario));
  }
  return scenarios;
}

void obey(const std::string& order, const std::vector<Scenario>& scenarios) {
  std::istringstream words(order);
  std::string verb;
  std::uint32_t edit = 0;
  words >> verb;
  if (verb == "run") words >> edit;
  std::vector<std::size_t> indices;
  for (std::size_t index = 0; words >> index;) indices.push_back(index);
  for (const std::size_t index : indices) {
    if (index >= scenarios.size()) throw std::runtime_error("no such scenario: " + order);
  }
  if (verb == "run") {
    run(edit, indices, scenarios);
  } else if (verb == "reach") {
    for (const std::size_t index : indices) reach(index, scenarios);
  } else {
    throw std::runtime_error("no such order: " + order);
  }
  std::cout << "done" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: run_planted FILE\n";
    return 2;
  }
  try {
    const std::vector<Scenario> scenarios = read_scenarios(argv[1]);
    std::cout << "done" << std::endl;
    for (std::string order; std::getline(std::cin, order);) obey(order, scenarios);
  } catch (const std::exception& error) {
    std::cerr << "run_planted: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
