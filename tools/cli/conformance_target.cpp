#include "tools/cli/conformance_target.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "base/utf8.h"
#include "conformance/target/probe.h"
#include "conformance/target/report.h"
#include "conformance/target/suite.h"
#include "sim/scenario_text.h"
#include "tools/cli/commands.h"

namespace intermediary::cli {
namespace {

using conformance::SuiteOptions;

int fail(int code, const std::string& what) {
  std::cerr << "intermediary-cli conformance: " << printable(what) << '\n';
  return code;
}

// "a, b,rule lookup fork=serial" and "@FILE", a word on each line.
std::expected<void, std::string> add_words(const std::string& text, conformance::Setup& have) {
  if (text.starts_with('@')) {
    std::ifstream file(text.substr(1));
    if (!file) return std::unexpected("--have: cannot read '" + text.substr(1) + "'");
    for (std::string line; std::getline(file, line);) {
      const std::string_view word = trim(std::string_view(line).substr(0, line.find('#')));
      if (!word.empty()) have.emplace(word);
    }
    return {};
  }
  std::stringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    if (!trim(word).empty()) have.emplace(trim(word));
  }
  return {};
}

// As far as it can be put into URIs.
bool is_host(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-'; });
}

std::expected<void, std::string> read_target(const TargetOptions& from, SuiteOptions& to) {
  to.target.transports.clear();
  for (const std::string& each : from.transports) {
    to.target.transports.insert(each == "tcp" ? Transport::Tcp : Transport::Udp);
  }
  if (to.target.transports.empty()) to.target.transports.insert(Transport::Udp);
  for (const std::string& each : to.have) {
    if (!each.starts_with("domain=")) continue;
    if (!to.target.domain.empty()) return std::unexpected("--have: two domains");
    to.target.domain = each.substr(7);
    if (!is_host(to.target.domain)) return std::unexpected("--have '" + each + "': that is no name of a domain");
  }
  if (to.have.contains("registrar") && to.target.domain.empty()) {
    return std::unexpected("--have registrar: of which domain? Add domain=NAME");
  }
  if (from.target.empty()) return {};
  const auto endpoint = conformance::resolve_target(from.target);
  if (!endpoint) return std::unexpected("--target " + endpoint.error());
  to.target.endpoint = *endpoint;
  if (!from.local.empty()) {
    const auto local = IpAddress::parse(from.local);
    if (!local || !local->is_v4()) return std::unexpected("--local '" + from.local + "' is no IPv4 address");
    if (const auto ours = conformance::check_local(*local); !ours) return std::unexpected("--local " + ours.error());
    to.target.local = *local;
  } else if (!endpoint->address.is_loopback()) {
    const auto local = conformance::local_address_towards(*endpoint);
    if (!local) return std::unexpected(local.error());
    to.target.local = *local;
  }
  return {};
}

std::expected<SuiteOptions, std::string> suite_options(const TargetOptions& from) {
  static const std::map<std::string, conformance::Profile, std::less<>> profiles{
      {"proxy", conformance::Profile::Proxy},
      {"registrar", conformance::Profile::Registrar},
      {"b2bua", conformance::Profile::B2bua},
      {"redirect", conformance::Profile::Redirect}};
  SuiteOptions to;
  to.profile = profiles.at(from.profile);
  to.fast = from.fast;
  to.paths = from.paths;
  to.beside_each_other = from.beside_each_other;
  for (const std::string& each : from.have) {
    if (auto added = add_words(each, to.have); !added) return std::unexpected(added.error());
  }
  const auto tolerance = sim::parse_duration(from.tolerance);
  if (!tolerance || tolerance->count() == 0) {
    return std::unexpected("--tolerance '" + from.tolerance + "' is no duration such as 250ms");
  }
  to.rules.tolerance = *tolerance;
  if (auto read = read_target(from, to); !read) return std::unexpected(read.error());
  return to;
}

std::string name_of(const conformance::Target& target) {
  std::string text = target.endpoint.to_string() + " over ";
  const char* between = "";
  for (const Transport transport : target.transports) {
    text.append(between).append(via_name(transport));
    between = " and ";
  }
  return text;
}

std::string written(const conformance::TargetReport& report, const std::string& format) {
  if (format == "json") return conformance::target_json(report);
  if (format == "junit") return conformance::target_junit(report);
  if (format == "html") return conformance::target_html(report);
  return conformance::target_text(report);
}

}  // namespace

int conformance_of_target(const conformance::Matrix& matrix, const std::string& folder, const TargetOptions& options,
                          const std::string& format, std::string& text) {
  const auto suite = suite_options(options);
  if (!suite) return fail(exit_usage, suite.error());
  const auto annotations = conformance::read_annotations(folder);
  if (!annotations) return fail(exit_failed, annotations.error());
  if (const auto unknown = conformance::unknown_words(matrix, suite->have); !unknown.empty()) {
    return fail(exit_usage, "--have '" + unknown.front() + "': no scenario needs that; --requirements lists the words");
  }
  auto candidates = conformance::candidates(matrix, *suite);
  if (candidates.empty()) return fail(exit_usage, "no scenario of that name or in that folder");
  if (options.requirements) {
    text = conformance::requirements_text(candidates, suite->have);
    return exit_fine;
  }
  const auto server = conformance::probe(suite->target);
  if (!server) return fail(exit_failed, server.error());
  if (suite->have.contains("registrar")) {
    if (const auto fine = conformance::probe_registrar(suite->target); !fine) {
      return fail(exit_failed, "--have registrar: " + fine.error());
    }
  }
  auto report = conformance::run_suite(matrix, *annotations, candidates, *suite, show_progress);
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  report.target = name_of(suite->target);
  report.server = *server;
  text = written(report, format);
  if (!report.ended.empty()) return fail(exit_failed, "the target: " + report.ended);
  if (report.asked() == 0) {
    return fail(exit_failed, "nothing was asked of the target; " + report.trials.front().name + ": " +
                                 conformance::first_line(report.trials.front().reason));
  }
  return report.passed() ? exit_fine : exit_failed;
}

}  // namespace intermediary::cli
