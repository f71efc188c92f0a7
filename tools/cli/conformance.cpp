#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "conformance/matrix/matrix.h"
#include "conformance/matrix/report.h"
#include "conformance/matrix/results.h"
#include "tools/cli/commands.h"
#include "tools/cli/conformance_target.h"

namespace intermediary::cli {
namespace {

namespace fs = std::filesystem;

struct ConformanceOptions {
  std::string report = "text";
  std::string output;
  std::string matrix;
  TargetOptions target;
  bool gaps = false;
  bool files = false;
};

bool holds_matrix(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "requirements/statements.tsv", error) && fs::is_directory(folder / "scenarios", error);
}

// The conformance folder of the checkout that `start` lies in.
std::optional<std::string> find_above(fs::path start) {
  while (true) {
    if (holds_matrix(start / "conformance")) return (start / "conformance").string();
    if (start == start.parent_path()) return std::nullopt;
    start = start.parent_path();
  }
}

std::expected<std::string, std::string> matrix_folder(const std::string& named) {
  if (!named.empty()) {
    if (holds_matrix(named)) return named;
    return std::unexpected("'" + named + "' holds no requirements/statements.tsv and scenarios/");
  }
  std::error_code error;
  if (auto found = find_above(fs::current_path(error))) return *found;
  if (auto found = find_above(fs::read_symlink("/proc/self/exe", error).parent_path())) return *found;
  return std::unexpected(
      "no conformance folder here or above, nor above the program: --matrix DIR names the one of a checkout");
}

std::string report_of(const conformance::Results& results, const ConformanceOptions& options) {
  if (options.report == "json") return conformance::json_report(results);
  if (options.report == "junit") return conformance::junit_report(results);
  if (options.report == "html") return conformance::html_report(results);
  return conformance::text_report(results, options.gaps);
}

// Where a terminal looks on, and the report itself does not appear there bit by bit.
int fail(const std::string& what) {
  std::cerr << "intermediary-cli conformance: " << what << '\n';
  return exit_usage;
}

int write_report(const std::string& text, std::ofstream& file, const ConformanceOptions& options, int exit_code) {
  std::ostream& out = options.output.empty() ? std::cout : file;
  out << text << std::flush;
  if (!out) return fail("cannot write " + (options.output.empty() ? "the report" : "'" + options.output + "'"));
  return exit_code;
}

int conformance_command(const ConformanceOptions& options) {
  const auto folder = matrix_folder(options.matrix);
  if (!folder) return fail(folder.error());
  const auto matrix = conformance::read_matrix(*folder);
  if (!matrix) {
    std::cerr << "intermediary-cli conformance: " << matrix.error() << '\n';
    return exit_failed;
  }
  std::ofstream file;
  if (!options.output.empty()) {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) return fail("cannot write '" + options.output + "'");
  }
  if (options.target.any()) {
    std::string text;
    const int exit_code = conformance_of_target(*matrix, *folder, options.target, options.report, text);
    return text.empty() ? exit_code : write_report(text, file, options, exit_code);
  }
  const conformance::Results results = conformance::judge(*matrix, !options.files, show_progress);
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  return write_report(report_of(results, options), file, options, results.passed() ? exit_fine : exit_failed);
}

// The first of these that stands there, and would be left out in silence; "" when none does.
std::string given(const CLI::App& command, std::initializer_list<const char*> names, const std::string& why) {
  for (const char* name : names) {
    if (command.get_option(name)->count() > 0) return name + (' ' + why);
  }
  return {};
}

std::string told_in_vain(const CLI::App& command, const TargetOptions& target) {
  std::string found;
  if (target.target.empty()) found = given(command, {"--local", "--tolerance", "--parallel"}, "goes with --target");
  if (!target.any() && found.empty()) {
    found = given(command, {"--transport", "--profile", "--have", "--fast", "PATH"},
                  "goes with --target or --requirements");
  }
  if (target.any() && found.empty()) {
    found = given(command, {"--gaps", "--files"}, "goes without --target and --requirements");
  }
  if (target.requirements && found.empty()) found = given(command, {"--report"}, "goes without --requirements");
  return found;
}

}  // namespace

void show_progress(std::size_t done, std::size_t of) {
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K" << done << " of " << of << " scenarios" << std::flush;
}

void add_conformance(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ConformanceOptions>();
  CLI::App* command = app.add_subcommand(
      "conformance",
      "Run every scenario, in virtual time or against a server, and print which requirements of the RFCs are proved");
  command->add_option("--report", options->report, "For whom")
      ->check(CLI::IsMember({"text", "json", "junit", "html"}))
      ->default_str("text");
  command->add_option("--output", options->output, "Write the report to this file");
  command->add_flag("--gaps", options->gaps, "Name each gap with its reason (text; the others always do)");
  command->add_flag("--files", options->files, "Only compare the files with each other; run nothing");
  command->add_option("--matrix", options->matrix,
                      "The folder with requirements/ and scenarios/ (of the checkout, where there is one)");
  TargetOptions& target = options->target;
  command->add_option("--target", target.target, "HOST:PORT of a server: the scenarios are played on real sockets")
      ->check(
          [](const std::string& text) { return text.empty() ? std::string("'' is not HOST:PORT") : std::string(); });
  command
      ->add_option("--transport", target.transports,
                   "What the target is spoken to over: udp (unless said otherwise), tcp")
      ->check(CLI::IsMember({"udp", "tcp"}))
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--profile", target.profile, "What kind of server the target is")
      ->check(CLI::IsMember({"proxy", "registrar", "b2bua", "redirect"}))
      ->default_str("proxy");
  command
      ->add_option("--have", target.have,
                   "What the target is set up as, such as domain=example.com,registrar,relay; @FILE has a word a line")
      ->allow_extra_args(false);
  command->add_option("--local", target.local,
                      "Address of this machine for all parties (a target on loopback: one for each)");
  command->add_option("--tolerance", target.tolerance, "How much earlier or later than written is no difference")
      ->default_str("250ms");
  command->add_option("--parallel", target.beside_each_other, "Scenarios beside each other")
      ->check(CLI::Range(1, 1000))
      ->default_str("32");
  command->add_flag("--fast", target.fast, "Skip scenarios that take longer than 5 s");
  command->add_flag("--requirements", target.requirements, "What each scenario needs of a target; nothing is sent");
  command->add_option("PATH", target.paths, "Scenarios or folders of them (all, unless said otherwise)");
  command->footer(
      "Examples:\n  intermediary-cli conformance --report html --output conformance.html\n"
      "  intermediary-cli conformance --target 127.0.0.1:5060 --have domain=example.com,registrar --fast");
  command->callback([options, command, &exit_code] {
    const std::string wrong = told_in_vain(*command, options->target);
    exit_code = wrong.empty() ? conformance_command(*options) : fail(wrong);
  });
}

}  // namespace intermediary::cli
