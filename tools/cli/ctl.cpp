// ctl: what a running server is asked over its local socket.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <iostream>
#include <memory>
#include <system_error>

#include "base/percent.h"
#include "base/text.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"

namespace intermediary::cli {
namespace {

struct CtlOptions {
  std::string config;
  std::string socket;
  bool json = false;
  std::uint32_t most = 1000;
  std::string peer;
  std::string call_id;
  std::uint32_t seconds = 600;
};

struct CtlReply {
  int status = 0;
  std::string body;
};

std::string escaped_for_query(std::string_view text) { return percent_encoded(text, ":/"); }

std::string system_reason() { return std::generic_category().message(errno); }

struct Closing {
  int value;
  ~Closing() {
    if (value >= 0) ::close(value);
  }
};

std::expected<std::string, std::string> answer_to(const std::string& path, std::string_view request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected("the path is too long for a socket");
  path.copy(address.sun_path, path.size());
  const Closing socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  constexpr timeval patience{10, 0};
  ::setsockopt(socket.value, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket.value, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(system_reason() + "; does the server run, with [control] in its configuration?");
  }
  while (!request.empty()) {
    const ssize_t sent = ::send(socket.value, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) return std::unexpected(system_reason());
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string reply;
  std::string buffer(std::size_t{64} << 10U, '\0');
  while (true) {
    const ssize_t received = ::recv(socket.value, buffer.data(), buffer.size(), 0);
    if (received < 0) return std::unexpected(errno == EAGAIN ? std::string("no answer in time") : system_reason());
    if (received == 0) return reply;
    reply.append(buffer, 0, static_cast<std::size_t>(received));
  }
}

std::expected<CtlReply, std::string> ask(const std::string& socket, std::string_view method,
                                         const std::string& target) {
  const std::string request = std::string(method) + ' ' + target +
                              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  const auto reply = answer_to(socket, request);
  if (!reply) return std::unexpected(reply.error());
  constexpr std::string_view version = "HTTP/1.1 ";
  const std::size_t end = reply->find("\r\n\r\n");
  const auto status = reply->starts_with(version) && reply->size() > version.size() + 3
                          ? parse_decimal<std::uint32_t>(std::string_view(*reply).substr(version.size(), 3))
                          : std::nullopt;
  if (!status || end == std::string::npos) return std::unexpected("what answers there is no server of ours");
  return CtlReply{static_cast<int>(*status), reply->substr(end + 4)};
}

std::expected<std::string, std::string> socket_of(const CtlOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (options.config.empty())
    return std::unexpected("--socket PATH or --config FILE is needed: where the server listens");
  const auto text = read_file(options.config);
  if (!text) return std::unexpected("cannot read '" + options.config + "': " + text.error());
  const auto loaded = load_config(*text, options.config, surroundings_of(options.config));
  if (!loaded) return std::unexpected(loaded.error().front().to_string());
  if (loaded->config.control.socket.empty()) {
    return std::unexpected("'" + options.config + "' has no [control] with a socket");
  }
  return loaded->config.control.socket;
}

int run_ctl(const CtlOptions& options, std::string_view method, const std::string& target) {
  const auto socket = socket_of(options);
  if (!socket) {
    std::cerr << "intermediary-cli ctl: " << socket.error() << '\n';
    return exit_usage;
  }
  const auto reply = ask(*socket, method, target);
  if (!reply) {
    std::cerr << "intermediary-cli ctl: '" << *socket << "': " << reply.error() << '\n';
    return exit_failed;
  }
  const bool fine = reply->status < 300;
  (fine ? std::cout : std::cerr) << reply->body;
  return fine ? exit_fine : exit_failed;
}

std::string looked_at(const CtlOptions& options, const std::string& what) {
  return "/" + what + "?most=" + std::to_string(options.most) + (options.json ? "" : "&format=lines");
}

}  // namespace

void add_ctl(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CtlOptions>();
  CLI::App* ctl = app.add_subcommand("ctl", "Look into a running server, and give it orders");
  ctl->require_subcommand(1);
  ctl->fallthrough();
  ctl->add_option("--config", options->config, "The configuration of the server, which names its socket");
  ctl->add_option("--socket", options->socket, "The socket itself ([control] of the configuration)");
  ctl->add_flag("--json", options->json, "JSON, for programs");
  ctl->footer("Example:\n  intermediary-cli ctl --config sip.toml calls");
  const auto add_look = [&](const std::string& name, const std::string& what) {
    CLI::App* command = ctl->add_subcommand(name, what);
    command->add_option("--most", options->most, "At most so many")->default_str("1000");
    command->footer("Example:\n  intermediary-cli ctl --config sip.toml " + name);
    command->callback([options, name, &exit_code] { exit_code = run_ctl(*options, "GET", looked_at(*options, name)); });
  };
  add_look("calls", "The calls that are there, one a line");
  add_look("registrations", "Who is registered, and where");
  add_look("pools", "The peers of pools: state and calls");
  add_look("trunks", "The peers of trunks: state and calls");
  add_look("rules", "The rules, and how many requests each took");
  add_look("figures", "What is live, and what happened since the start");
  const auto add_drain = [&](const std::string& name, const std::string& what) {
    CLI::App* command = ctl->add_subcommand(name, what);
    command->add_option("PEER", options->peer, "A pool or trunk, or a peer of it: trunk:acme, pool:app/10.0.0.11");
    command->footer("Example:\n  intermediary-cli ctl --config sip.toml " + name + " pool:app/10.0.0.11");
    command->callback([options, name, &exit_code] {
      const std::string query = options->peer.empty() ? "" : "?peer=" + escaped_for_query(options->peer);
      exit_code = run_ctl(*options, "POST", "/" + name + query);
    });
  };
  add_drain("drain", "Refuse new requests with 503, or give a peer no new calls");
  add_drain("resume", "The end of 'drain'");
  CLI::App* reload = ctl->add_subcommand("reload", "Read the configuration and the certificates again");
  reload->footer("Example:\n  intermediary-cli ctl --config sip.toml reload");
  reload->callback([options, &exit_code] { exit_code = run_ctl(*options, "POST", "/reload"); });
  CLI::App* log = ctl->add_subcommand("log", "Log all messages and events of one call, whatever the level");
  log->add_option("CALL-ID", options->call_id, "Its Call-ID")->required();
  log->add_option("--seconds", options->seconds, "For so long")->default_str("600");
  log->footer("Example:\n  intermediary-cli ctl --config sip.toml log a84b4c76e66710@pc33.example.com");
  log->callback([options, &exit_code] {
    exit_code =
        run_ctl(*options, "POST",
                "/log?call_id=" + escaped_for_query(options->call_id) + "&seconds=" + std::to_string(options->seconds));
  });
}

}  // namespace intermediary::cli
