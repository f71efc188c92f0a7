#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>

#include "base/text.h"
#include "config/words.h"
#include "runtime/entropy.h"
#include "runtime/server.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/default_config.h"
#include "tools/cli/running_config.h"

namespace intermediary::cli {
namespace {

struct RunOptions {
  std::string config;  // "": the default
  std::vector<std::string> listen;
  std::string log = "info";
  std::string grace = "5s";
  bool print_default = false;
  std::string record;  // "": nothing is recorded
  std::string segment;
  std::uint32_t keep = 0;
};

const std::map<std::string, LogLevel> log_levels = {
    {"debug", LogLevel::Debug}, {"info", LogLevel::Info}, {"warning", LogLevel::Warning}, {"error", LogLevel::Error}};

int fail_usage(const std::string& what) {
  std::cerr << "intermediary-cli run: " << what << '\n';
  return exit_usage;
}

// The default must start on any machine; a configuration of the operator's own says what it means.
void leave_out_ipv6(Config& config, Log& log) {
  if (has_ipv6_loopback()) return;
  std::erase_if(config.listeners, [&](const ListenerConfig& listener) {
    if (listener.bind.address.is_v4()) return false;
    log.write(LogLevel::Info, "skipped listener=" + log_value(listener.name) + " reason=\"this host has no IPv6\"");
    return true;
  });
}

std::expected<std::vector<ListenerConfig>, std::string> parse_listeners(const std::vector<std::string>& texts) {
  std::vector<ListenerConfig> listeners;
  for (const std::string& text : texts) {
    const std::expected<ListenerConfig, std::string> listener = parse_listener(text);
    if (!listener) return std::unexpected("--listen " + text + ": " + listener.error());
    if (listener->bind.address.is_unspecified()) {
      return std::unexpected("--listen " + text +
                             ": name one address; to listen on all, a configuration with 'advertise' is needed");
    }
    listeners.push_back(*listener);
  }
  return listeners;
}

// "64M": bytes, or KiB, MiB, GiB.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "KMG";
  int shift = 0;
  if (!text.empty() && units.contains(text.back())) {
    shift = 10 * (static_cast<int>(units.find(text.back())) + 1);
    text.remove_suffix(1);
  }
  const auto number = parse_decimal<std::uint32_t>(text);
  if (!number) return std::nullopt;
  return std::uint64_t{*number} << shift;
}

std::expected<RecorderOptions, std::string> record_options(const RunOptions& options) {
  constexpr std::uint64_t least_segment = std::uint64_t{64} << 10;
  if (options.record.empty() && (!options.segment.empty() || options.keep != 0)) {
    return std::unexpected("--record-segment and --record-keep are of --record FILE, which is missing");
  }
  if (options.segment.empty() && options.keep != 0) {
    return std::unexpected("--record-keep needs --record-segment SIZE: a record that is one file stays whole");
  }
  if (options.segment.empty()) return RecorderOptions{options.record};
  const auto bytes = parse_size(options.segment);
  if (!bytes || *bytes < least_segment) {
    return std::unexpected("--record-segment " + options.segment +
                           ": a size from 64K on is wanted, such as 64M: bytes, or K, M, G behind the number");
  }
  return RecorderOptions{options.record, *bytes, options.keep};
}

// Who reads the log may end before us, and a record may meet a limit. Both are told by errors anyway.
void ignore_what_errors_tell() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

int serve(Config config, const ServerOptions& options, Log& log) {
  const auto server = Server::open(std::move(config), options, log);
  if (!server) {
    log.write(LogLevel::Error, "not-started reason=" + log_value(server.error()));
    return exit_failed;
  }
  (*server)->stop_on_signals();
  (*server)->run();
  return exit_fine;
}

int run(const RunOptions& options) {
  if (options.print_default) {
    std::cout << default_config;
    return exit_fine;
  }
  ignore_what_errors_tell();
  const std::expected<Duration, std::string> grace = parse_duration(options.grace);
  if (!grace) return fail_usage("--grace: " + grace.error());
  const auto listeners = parse_listeners(options.listen);
  if (!listeners) return fail_usage(listeners.error());
  const auto record = record_options(options);
  if (!record) return fail_usage(record.error());
  if (!options.config.empty()) {
    if (const auto text = read_file(options.config); !text) {
      return fail_usage("cannot read '" + options.config + "': " + text.error());
    }
  }
  const std::unique_ptr<Log> log = make_stderr_log(log_levels.at(options.log));
  const RunningConfig source{options.config, *listeners, [&log](Config& config) { leave_out_ipv6(config, *log); }};
  auto read = source.read();
  for (const std::string& line : read ? read->warnings : read.error()) std::cerr << line << '\n';
  if (!read) return exit_failed;
  if (read->config.proxy.key == HashKey{0, 0}) read->config.proxy.key = draw_key();
  ServerOptions server{draw_seed(), std::chrono::duration_cast<std::chrono::milliseconds>(*grace)};
  if (!record->path.empty()) server.record = {*record, std::move(read->recorded), INTERMEDIARY_VERSION};
  server.read = [source] { return source.read(); };
  server.watched = std::move(read->watched);
  return serve(std::move(read->config), server, *log);
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Serve, until SIGTERM or SIGINT");
  command->add_option("--config", options->config,
                      "The configuration; without one a registrar and proxy for this machine alone");
  command
      ->add_option(
          "--listen", options->listen,
          "Listen here instead of where the configuration says: udp:ADDRESS:PORT, tcp:ADDRESS:PORT; repeatable")
      ->allow_extra_args(false);
  command->add_option("--log", options->log, "The least level that is logged")
      ->check(CLI::IsMember(log_levels))
      ->default_str("info");
  command->add_option("--grace", options->grace, "How long calls that are being set up may take to end after SIGTERM")
      ->default_str("5s");
  command->add_option("--record", options->record,
                      "Record every input to FILE, for 'replay' (docs/records.md); FILE must not be there yet");
  command->add_option(
      "--record-segment", options->segment,
      "Record to FILE.000001, FILE.000002, …, each about that size, such as 64M, and replayed by itself");
  command->add_option("--record-keep", options->keep, "Keep so many of these, and delete older ones")
      ->check(CLI::Range(2, 1'000'000));
  command->add_flag("--print-default", options->print_default,
                    "Print the configuration that stands in for FILE, and end");
  command->footer("Example:\n  intermediary-cli run --listen udp:127.0.0.1:5060 --log debug");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace intermediary::cli
