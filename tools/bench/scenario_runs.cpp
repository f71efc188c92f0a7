// scenario_runs FILE [SECONDS]: how often a scenario runs in a second of processor time, from its text to its ladder.
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "sim/runner.h"

namespace {

using namespace intermediary;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

bool passes(const std::string& file, const std::string& text) {
  const auto scenario = sim::parse_scenario(file, text);
  if (!scenario) return std::cerr << scenario.error().to_string() << '\n', false;
  const sim::Report report = sim::run_scenario(*scenario);
  if (!report.passed) std::cerr << report.explanation();
  return report.passed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: scenario_runs FILE [SECONDS]\n";
    return 2;
  }
  const double wanted = argc == 3 ? std::atof(argv[2]) : 5;
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in || wanted <= 0) {
    std::cerr << "scenario_runs: cannot read " << argv[1] << ", or '" << argv[argc - 1] << "' is no time\n";
    return 2;
  }
  if (!passes(argv[1], text)) return 1;
  const double began = processor_seconds();
  long runs = 0;
  for (; processor_seconds() - began < wanted; ++runs) {
    if (!passes(argv[1], text)) return 1;
  }
  const double took = processor_seconds() - began;
  std::cout << runs << " runs in " << took
            << " s of processor time: " << static_cast<long>(static_cast<double>(runs) / took) << " a second\n";
}
