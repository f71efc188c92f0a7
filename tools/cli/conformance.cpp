#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "conformance/matrix/matrix.h"
#include "conformance/matrix/report.h"
#include "conformance/matrix/results.h"
#include "tools/cli/commands.h"

namespace intermediary::cli {
namespace {

namespace fs = std::filesystem;

struct ConformanceOptions {
  std::string report = "text";
  std::string output;
  std::string matrix;
  std::string target;
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
void show_progress(std::size_t done, std::size_t of) {
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K" << done << " of " << of << " scenarios" << std::flush;
}

int fail(const std::string& what) {
  std::cerr << "intermediary-cli conformance: " << what << '\n';
  return exit_usage;
}

int conformance_command(const ConformanceOptions& options) {
  if (!options.target.empty()) return fail("--target (a real peer) is not available in this version");
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
  const conformance::Results results = conformance::judge(*matrix, !options.files, show_progress);
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  std::ostream& out = options.output.empty() ? std::cout : file;
  out << report_of(results, options) << std::flush;
  if (!out) return fail("cannot write " + (options.output.empty() ? "the report" : "'" + options.output + "'"));
  return results.passed() ? exit_fine : exit_failed;
}

}  // namespace

void add_conformance(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ConformanceOptions>();
  CLI::App* command = app.add_subcommand(
      "conformance", "Run every scenario in virtual time, and print which requirements of the RFCs are proved");
  command->add_option("--report", options->report, "For whom")
      ->check(CLI::IsMember({"text", "json", "junit", "html"}))
      ->default_str("text");
  command->add_option("--output", options->output, "Write the report to this file");
  command->add_flag("--gaps", options->gaps, "Name each gap with its reason (text; the others always do)");
  command->add_flag("--files", options->files, "Only compare the files with each other; run nothing");
  command->add_option("--matrix", options->matrix,
                      "The folder with requirements/ and scenarios/ (of the checkout, where there is one)");
  command->add_option("--target", options->target, "A real peer instead of the simulator: not in this version");
  command->footer("Example:\n  intermediary-cli conformance --report html --output conformance.html");
  command->callback([options, &exit_code] { exit_code = conformance_command(*options); });
}

}  // namespace intermediary::cli
