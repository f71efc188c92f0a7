#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/keyed_hash.h"
#include "base/utf8.h"
#include "sim/ladder.h"
#include "sim/ladder_page.h"
#include "sim/replay/capture.h"
#include "sim/replay/comparison.h"
#include "sim/replay/replay.h"
#include "sim/replay/scenario_export.h"
#include "sim/replay/wire_log.h"
#include "sim/runner.h"
#include "sim/scenario.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/record_files.h"

namespace intermediary::cli {
namespace {

struct ReplayOptions {
  std::string record;
  std::vector<std::string> calls;
  std::string pcap, html, scenario, config;
  bool ladder = false;
  bool unmasked = false;
  bool json = false;

  bool looks_at_messages() const { return ladder || !pcap.empty() || !html.empty() || !scenario.empty(); }
};

int fail(const std::string& what) {
  std::cerr << "intermediary-cli replay: " << what << '\n';
  return exit_usage;
}

std::string seconds(TimePoint time) { return sim::seconds_text(time.time_since_epoch()); }

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

// The first input whose outputs differ: what it is, and what it leads to now.
struct Difference {
  std::uint64_t number = 0;  // of the input, counted from 1
  TimePoint time{};
  std::string input;
  OutputsMark recorded{};
  std::vector<std::string> outputs{};
};

Difference difference_of(const sim::Replay& replay, const sim::Replay::Step& step, sim::WireLog& log) {
  Difference difference{replay.summary().inputs, step.input.time,
                        log.shown(sim::input_text(step.input.input, replay.config())),
                        step.input.outputs.value_or(OutputsMark{})};
  for (const Output& output : step.outputs) {
    difference.outputs.push_back(log.shown(sim::output_text(output, replay.config())));
  }
  return difference;
}

std::string span_text(const sim::Replay::Summary& summary) {
  return seconds(summary.first ? at(*summary.last - *summary.first) : TimePoint{}) + " s";
}

bool is_good(const sim::Replay::Summary& summary) { return summary.differing == 0 && summary.trouble.empty(); }

void print_text(const sim::Replay::Summary& summary, const std::optional<Difference>& first) {
  std::cout << counted(summary.inputs, "input") << ", " << counted(summary.outputs, "output") << ", "
            << counted(summary.call_ids, "Call-ID") << ", " << counted(summary.calls, "call") << " in "
            << span_text(summary) << ", " << counted(summary.segments, "segment") << '\n';
  std::cout << "the record " << (summary.whole ? "is whole: " : "breaks off: ") << summary.end << ", byte "
            << summary.end_byte << '\n';
  if (summary.unfinished_last) std::cout << "its last input was being handled when it ended\n";
  if (!summary.trouble.empty()) std::cout << summary.trouble << '\n';
  if (first) {
    std::cout << "input " << first->number << " at " << seconds(first->time)
              << " s is the first with other outputs: " << printable(first->input)
              << "\n  recorded: " << counted(first->recorded.count, "output") << "; now: " << first->outputs.size()
              << '\n';
    for (const std::string& output : first->outputs) std::cout << "    " << printable(output) << '\n';
    std::cout << counted(summary.differing, "input") << " with other outputs in all\n";
  } else {
    std::cout << "every output equal, hash " << to_hex(summary.hash) << '\n';
  }
}

void print_json(const sim::Replay::Summary& summary, const std::optional<Difference>& first) {
  std::cout << "{\"equal\": " << (is_good(summary) ? "true" : "false") << ", \"inputs\": " << summary.inputs
            << ", \"outputs\": " << summary.outputs << ", \"call_ids\": " << summary.call_ids
            << ", \"calls\": " << summary.calls << ", \"segments\": " << summary.segments
            << ", \"virtual_us\": " << (summary.first ? (*summary.last - *summary.first).count() : 0)
            << ", \"whole\": " << (summary.whole ? "true" : "false") << ", \"end\": " << json_string(summary.end)
            << ", \"end_byte\": " << summary.end_byte
            << ", \"last_input_unfinished\": " << (summary.unfinished_last ? "true" : "false")
            << ", \"trouble\": " << json_string(summary.trouble) << ", \"hash\": \"" << to_hex(summary.hash)
            << "\", \"differing\": " << summary.differing;
  if (first) {
    std::cout << ", \"first_difference\": {\"input\": " << first->number
              << ", \"time_us\": " << first->time.time_since_epoch().count()
              << ", \"what\": " << json_string(first->input) << ", \"recorded_outputs\": " << first->recorded.count
              << ", \"outputs\": [";
    for (const std::string& output : first->outputs) {
      std::cout << (&output == &first->outputs.front() ? "" : ", ") << json_string(output);
    }
    std::cout << "]}";
  }
  std::cout << "}\n";
}

// ---- the same traffic under another configuration

void print_comparison(const sim::Comparison& comparison, sim::WireLog& log) {
  for (const auto& [call_id, call] : comparison.calls()) {
    if (!call.differ()) continue;
    std::cout << "Call-ID " << printable(call_id) << " at " << seconds(call.since)
              << " s: " << printable(log.shown(call.request)) << '\n';
    const auto print = [&](std::string_view who, const std::vector<sim::Decision>& lines) {
      for (const sim::Decision& line : lines) std::cout << "  " << who << printable(log.shown(line.text())) << '\n';
      if (lines.empty()) std::cout << "  " << who << "nothing\n";
    };
    print("recorded:  ", call.recorded);
    print("otherwise: ", call.other);
  }
  std::cout << comparison.differing() << " of " << counted(comparison.calls().size(), "Call-ID")
            << " decided otherwise; " << counted(comparison.unasked(), "datagram")
            << " answered what would not have been sent\n";
  if (comparison.reloads() == 0) return;
  std::cout << "the server changed its configuration " << counted(comparison.reloads(), "time")
            << "; the other one was kept throughout\n";
}

std::string json_list(const std::vector<sim::Decision>& lines, sim::WireLog& log) {
  std::string text = "[";
  for (const sim::Decision& line : lines) {
    text += (text.size() > 1 ? ", " : "") + json_string(log.shown(line.text()));
  }
  return text + ']';
}

void print_comparison_json(const sim::Comparison& comparison, sim::WireLog& log) {
  std::cout << "{\"call_ids\": " << comparison.calls().size() << ", \"differing\": " << comparison.differing()
            << ", \"unasked\": " << comparison.unasked() << ", \"reloads\": " << comparison.reloads()
            << ", \"differences\": [";
  const char* separator = "\n  ";
  for (const auto& [call_id, call] : comparison.calls()) {
    if (!call.differ()) continue;
    std::cout << separator << "{\"call_id\": " << json_string(call_id)
              << ", \"time_us\": " << call.since.time_since_epoch().count()
              << ", \"request\": " << json_string(log.shown(call.request))
              << ", \"recorded\": " << json_list(call.recorded, log)
              << ", \"otherwise\": " << json_list(call.other, log) << "}";
    separator = ",\n  ";
  }
  std::cout << "]}\n";
}

// ---- what is exported: for its owner alone, since masks leave addresses and Call-IDs

// What is there already may have been for others to read: it is made its owner's before anything is in it.
bool is_for_its_owner_alone(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return false;
  if (!S_ISREG(status.st_mode)) return true;  // a pipe, a terminal: whoever made it knows who reads it
  return ::fchmod(file, S_IRUSR | S_IWUSR) == 0 && ::ftruncate(file, 0) == 0;
}

std::string written(const std::string& path, std::string_view contents) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  bool good = file >= 0 && is_for_its_owner_alone(file);
  while (good && !contents.empty()) {
    const ssize_t count = ::write(file, contents.data(), contents.size());
    good = count > 0;
    if (good) contents.remove_prefix(static_cast<std::size_t>(count));
  }
  const int error = errno;
  if (file >= 0) ::close(file);
  return good ? std::string() : "cannot write '" + path + "': " + std::generic_category().message(error);
}

// By whatever path or link; what is neither there nor a regular file is the same only by its name.
bool is_same_file(const std::string& one, const std::string& other) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(one, error) && !fs::is_regular_file(one, error)) return false;
  if (fs::equivalent(one, other, error)) return true;
  return fs::weakly_canonical(one, error) == fs::weakly_canonical(other, error);
}

// Writing must not destroy what is read, nor what was written a moment ago. "" when it does not.
std::string overwriting(const ReplayOptions& options, const std::vector<std::string>& segments) {
  std::vector<std::pair<std::string, std::string>> named = {{"RECORD", options.record}};
  for (const std::string& segment : segments) named.emplace_back("RECORD", segment);
  const std::pair<std::string, std::string> exports[] = {
      {"--pcap", options.pcap}, {"--html", options.html}, {"--scenario", options.scenario}};
  for (const auto& [option, path] : exports) {
    if (path.empty()) continue;
    for (const auto& [other_option, other] : named) {
      if (!is_same_file(path, other)) continue;
      return other_option + " '" + other + "' and " + option + " '" + path +
             "' are the same file: nothing is written over it";
    }
    named.emplace_back(option, path);
  }
  return {};
}

std::string page_of(const ReplayOptions& options, const sim::WireLog& log) {
  sim::Chronicle chronicle;
  chronicle.name = options.record;
  chronicle.prose = "What a record holds.";
  chronicle.ladder = log.rungs();
  chronicle.is_node.assign(chronicle.ladder.lanes.size(), false);
  chronicle.is_node.front() = true;
  chronicle.transcript = log.transcript();
  std::ostringstream page;
  sim::write_ladder_page(page, {std::move(chronicle)});
  return page.str();
}

// Written, whether it runs or not.
struct ExportedScenario {
  std::string unwritten;  // why it could not be written
  std::string problem;    // why it does not run as the call did
};

ExportedScenario export_scenario(const ReplayOptions& options, const sim::ScenarioExport& call) {
  std::string name = std::filesystem::path(options.scenario).stem().string();
  const std::string text = call.text(name);
  auto scenario = sim::parse_scenario(options.scenario, text);
  std::string contents = text, problem;
  if (!scenario) {
    problem = scenario.error().to_string();
  } else if (const sim::Report report = sim::run_scenario(*scenario); report.passed) {
    contents = sim::with_ladders({*scenario}, {report.ladder});
  } else {
    problem = report.explanation();
  }
  return {written(options.scenario, contents), problem};
}

// "" when all is written.
std::string exported(const ReplayOptions& options, const sim::Replay& replay, const sim::WireLog& log) {
  if (options.looks_at_messages() && log.transcript().empty()) return "no message of that call is in the record";
  if (options.ladder) std::cout << sim::draw_ladder(log.rungs(), sim::LadderStyle::Plain);
  std::string problem;
  if (!options.pcap.empty()) {
    problem = written(options.pcap, sim::capture_of(log.transcript(), replay.header().wall_at_zero));
  }
  if (problem.empty() && !options.html.empty()) problem = written(options.html, page_of(options, log));
  return problem;
}

// The other configuration on the record's listeners and, where it names none, with the record's key: the traffic was
// made for these. The error is for people.
std::expected<Config, std::string> other_config(const std::string& path, const RecordHeader& header) {
  const auto text = read_file(path);
  if (!text) return std::unexpected("cannot read '" + path + "': " + text.error());
  auto loaded = load_config(*text, path, surroundings_of(path));
  if (!loaded) {
    std::string problems = "--config " + path + " is not valid";
    for (const ConfigProblem& problem : loaded.error()) problems += '\n' + problem.to_string();
    return std::unexpected(std::move(problems));
  }
  loaded->config.listeners = header.listeners;
  for (ListenerConfig& listener : loaded->config.listeners) listener.handshake_auth.clear();
  for (const ListenerConfig& listener : header.listeners) {
    for (const std::string& name : listener.certificates) loaded->config.certificates.push_back({name, {}, {}});
  }
  if (loaded->config.proxy.key == HashKey{0, 0}) loaded->config.proxy.key = header.key;
  if (const std::string problem = problem_with(loaded->config); !problem.empty()) {
    return std::unexpected("--config " + path + " cannot be used: " + problem);
  }
  return std::move(loaded->config);
}

int compare(const ReplayOptions& options, sim::Replay& replay) {
  const auto other = other_config(options.config, replay.header());
  if (!other) return fail(other.error());
  sim::Comparison comparison(replay, *other);
  sim::WireLog log(replay, {{}, !options.unmasked});
  std::uint64_t differing = 0;
  while (const sim::Replay::Step* step = replay.next()) {
    comparison.add(*step);
    differing += step->equal ? 0 : 1;
  }
  if (differing != 0) {
    std::cerr << "intermediary-cli replay: with the record's own configuration " << counted(differing, "input")
              << " already had other outputs than recorded: another version of the program?\n";
  }
  const sim::Replay::Summary& summary = replay.summary();
  if (!summary.trouble.empty()) {
    std::cerr << "intermediary-cli replay: not all was compared: " << summary.end << "; " << summary.trouble << '\n';
  }
  (options.json ? print_comparison_json : print_comparison)(comparison, log);
  return comparison.differing() == 0 && differing == 0 && summary.trouble.empty() ? exit_fine : exit_failed;
}

int replay_segments(const ReplayOptions& options, const std::vector<std::string_view>& segments) {
  auto replay = sim::Replay::open(segments);
  if (!replay) return fail('\'' + options.record + "' cannot be replayed: " + replay.error());
  if (!options.config.empty()) return compare(options, *replay);
  sim::WireLog log(*replay, {options.calls, !options.unmasked});
  sim::ScenarioExport call(*replay, log, options.calls.empty() ? std::string() : options.calls.front());
  std::optional<Difference> first;
  while (const sim::Replay::Step* step = replay->next()) {
    if (!step->equal && !first) first = difference_of(*replay, *step, log);
    if (!options.looks_at_messages()) continue;
    log.add(*step);
    if (!options.scenario.empty()) call.add(*step);
  }
  if (const std::string problem = exported(options, *replay, log); !problem.empty()) return fail(problem);
  ExportedScenario scenario;
  if (!options.scenario.empty()) scenario = export_scenario(options, call);
  if (!scenario.unwritten.empty()) return fail(scenario.unwritten);
  (options.json ? print_json : print_text)(replay->summary(), first);
  if (!scenario.problem.empty()) {
    std::cerr << "intermediary-cli replay: the scenario is written, but does not run as the call did:\n"
              << scenario.problem << '\n';
    return exit_failed;
  }
  return is_good(replay->summary()) ? exit_fine : exit_failed;
}

std::string wrong_options(const ReplayOptions& options) {
  if (options.json && options.ladder) return "--json and --ladder both print: choose one of them";
  if (!options.scenario.empty() && options.calls.size() != 1) return "--scenario is of one call: name it by --call";
  if (!options.config.empty() && (options.looks_at_messages() || !options.calls.empty())) {
    return "--config compares all calls; ladders and exports are of the record alone";
  }
  return {};
}

int replay(const ReplayOptions& options) {
  if (const std::string wrong = wrong_options(options); !wrong.empty()) return fail(wrong);
  const auto paths = record_files(options.record);
  if (!paths) return fail(paths.error());
  if (const std::string wrong = overwriting(options, *paths); !wrong.empty()) return fail(wrong);
  std::vector<MappedFile> files;
  std::vector<std::string_view> segments;
  for (const std::string& path : *paths) {
    auto file = MappedFile::open(path);
    if (!file) return fail("cannot read '" + path + "': " + file.error());
    files.push_back(*std::move(file));
    segments.push_back(files.back().bytes());
  }
  return replay_segments(options, segments);
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "Run a record again, and compare every output (docs/records.md)");
  command->add_option("RECORD", options->record, "What 'run --record' wrote: a file, a segment, or all segments of it")
      ->required();
  command->add_option("--call", options->calls, "Of ladders and captures: only messages with this Call-ID; repeatable")
      ->allow_extra_args(false);
  command->add_flag("--ladder", options->ladder, "Draw what went over the wire");
  command->add_option("--html", options->html, "Write that as a page for a browser");
  command->add_option("--pcap", options->pcap, "Write the messages as a capture file for Wireshark");
  command->add_option("--scenario", options->scenario, "Write the one call of --call as a scenario, and run it");
  command->add_option("--config", options->config,
                      "Tell an engine with this configuration the same, and print which calls it decides otherwise");
  command->add_flag("--unmasked", options->unmasked,
                    "Show users, numbers, credentials and keys as they are, instead of others or x");
  command->add_flag("--json", options->json, "One JSON object, for programs");
  command->footer(
      "Example:\n  intermediary-cli replay incident.record --call a84b4c76e66710@pc33.example.com --ladder");
  command->callback([options, &exit_code] { exit_code = replay(*options); });
}

}  // namespace intermediary::cli
