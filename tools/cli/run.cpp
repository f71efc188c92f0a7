#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>

#include "config/words.h"
#include "runtime/entropy.h"
#include "runtime/server.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"
#include "tools/cli/default_config.h"

namespace intermediary::cli {
namespace {

struct RunOptions {
  std::string config;  // "": the default
  std::vector<std::string> listen;
  std::string log = "info";
  std::string grace = "5s";
  bool print_default = false;
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

// Who reads the log may end before us. Sockets tell of a peer that is gone by an error anyway.
void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

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
  ignore_broken_pipes();
  const std::expected<Duration, std::string> grace = parse_duration(options.grace);
  if (!grace) return fail_usage("--grace: " + grace.error());
  const auto listeners = parse_listeners(options.listen);
  if (!listeners) return fail_usage(listeners.error());
  const std::string name = options.config.empty() ? "(default)" : options.config;
  const auto text = options.config.empty() ? std::string(default_config) : read_file(options.config);
  if (!text) return fail_usage("cannot read '" + options.config + "': " + text.error());
  auto loaded = load_config(*text, name, surroundings_of(options.config));
  for (const ConfigProblem& problem : loaded ? loaded->warnings : loaded.error()) {
    std::cerr << problem.to_string() << '\n';
  }
  if (!loaded) return exit_failed;

  const std::unique_ptr<Log> log = make_stderr_log(log_levels.at(options.log));
  if (!listeners->empty()) {
    loaded->config.listeners = *listeners;
  } else if (options.config.empty()) {
    leave_out_ipv6(loaded->config, *log);
  }
  if (loaded->config.proxy.key == HashKey{0, 0}) loaded->config.proxy.key = draw_key();
  return serve(std::move(loaded->config), {draw_seed(), std::chrono::duration_cast<std::chrono::milliseconds>(*grace)},
               *log);
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
  command->add_flag("--print-default", options->print_default,
                    "Print the configuration that stands in for FILE, and end");
  command->footer("Example:\n  intermediary-cli run --listen udp:127.0.0.1:5060 --log debug");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace intermediary::cli
