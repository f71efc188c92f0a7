#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "config/load.h"
#include "message/message.h"
#include "sim/block_run.h"
#include "sim/rehearsal.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_file.h"

namespace intermediary::cli {
namespace {

struct ExplainOptions {
  std::string config;
  std::string message;
  std::string listener;
  std::string source = "192.0.2.250:5060";
  std::vector<std::string> bindings;
  bool json = false;
};

int explain_fails(const std::string& problem) {
  std::cerr << "intermediary-cli explain: " << problem << '\n';
  return exit_usage;
}

std::expected<std::string, std::string> read_message(const std::string& file) {
  if (file != "-") return read_file(file);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

// An editor's line ends become those of SIP; a file that has those is taken as it is.
std::string with_crlf(const std::string& text) {
  if (text.contains("\r\n")) return text;
  std::string message;
  for (const char c : text) message += c == '\n' ? "\r\n" : std::string(1, c);
  if (!message.contains("\r\n\r\n")) message += message.ends_with("\r\n") ? "\r\n" : "\r\n\r\n";
  return message;
}

void print_json(const sim::Rehearsed& seen) {
  std::cout << "{\"rules\": [";
  const char* separator = "";
  for (const sim::AskedRule& asked : seen.rules) {
    std::cout << separator << "{\"rule\": " << json_string(asked.rule)
              << ", \"takes\": " << (asked.why_not.empty() ? "true" : "false")
              << ", \"why_not\": " << json_string(asked.why_not) << "}";
    separator = ", ";
  }
  std::cout << "], \"by_route_set\": " << (seen.by_route_set ? "true" : "false") << ", \"asks\": [";
  separator = "";
  for (const std::string& source : seen.asks) std::cout << std::exchange(separator, ", ") << json_string(source);
  std::cout << "], \"targets\": [";
  separator = "";
  for (const sim::RehearsedTarget& target : seen.targets) {
    std::cout << separator << "{\"uri\": " << json_string(target.uri) << ", \"group\": " << json_string(target.group)
              << ", \"peer\": " << json_string(target.peer) << ", \"next_hop\": " << json_string(target.next_hop)
              << "}";
    separator = ", ";
  }
  std::cout << "], \"sent\": [";
  separator = "";
  for (const sim::RehearsedMessage& sent : seen.sent) {
    std::cout << separator << "{\"to\": " << json_string(std::string(parameter_name(sent.transport)) + ":" + sent.to)
              << ", \"answer\": " << (sent.to_sender ? "true" : "false") << ", \"bytes\": " << json_string(sent.bytes)
              << "}";
    separator = ", ";
  }
  std::cout << "]}\n";
}

std::string add_binding(sim::Rehearsal& rehearsal, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string problem = "'" + text + "' is no binding such as sip:bob@example.com=sip:bob@192.0.2.4";
  if (equals == std::string::npos) return problem;
  const std::string aor = text.substr(0, equals), contact = text.substr(equals + 1);
  const auto record = Uri::parse(aor), uri = Uri::parse(contact);
  if (!record || !uri || !record->is_sip()) return problem;
  rehearsal.add_binding(aor, contact);
  return {};
}

// Credentials for users that only a store knows look wrong here.
void note_stores(const Config& config, const std::string& bytes) {
  const auto message = Message::parse(bytes, Framing::Datagram, {});
  if (!message || !(*message)->is_request()) return;
  const bool has_credentials =
      (*message)->has(FieldName::Authorization) || (*message)->has(FieldName::ProxyAuthorization);
  if (!has_credentials) return;
  for (const UserStoreConfig& users : config.user_stores) {
    std::cerr << "intermediary-cli explain: the users of [auth." << users.auth
              << "] are in a store, which is not asked here: nobody of them is known\n";
  }
}

int explain(const ExplainOptions& options) {
  const auto text = read_file(options.config);
  if (!text) return explain_fails("cannot read '" + options.config + "': " + text.error());
  const auto loaded = load_config(*text, options.config, surroundings_of(options.config));
  if (!loaded) {
    for (const ConfigProblem& problem : loaded.error()) std::cerr << problem.to_string() << '\n';
    return exit_failed;
  }
  const std::vector<ListenerConfig>& listeners = loaded->config.listeners;
  const auto listener = options.listener.empty()
                            ? listeners.begin()
                            : std::ranges::find(listeners, options.listener, &ListenerConfig::name);
  if (listener == listeners.end()) return explain_fails("there is no listener named '" + options.listener + "'");
  const auto source = Endpoint::parse(options.source);
  if (!source) return explain_fails("'" + options.source + "' is not an address with a port, such as 192.0.2.10:5060");
  const auto message = read_message(options.message);
  if (!message) return explain_fails("cannot read '" + options.message + "': " + message.error());
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  sim::Rehearsal rehearsal(loaded->config, now);
  for (const std::string& binding : options.bindings) {
    if (const std::string problem = add_binding(rehearsal, binding); !problem.empty()) return explain_fails(problem);
  }
  const std::string bytes = with_crlf(*message);
  note_stores(loaded->config, bytes);
  const sim::Rehearsed seen = rehearsal.show(static_cast<std::size_t>(listener - listeners.begin()), *source, bytes);
  if (options.json) {
    print_json(seen);
  } else {
    std::cout << sim::shown(seen);
  }
  return exit_fine;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* command =
      app.add_subcommand("explain", "Say which rule takes a message, why the others do not, and what would leave");
  command->add_option("--config", options->config, "The configuration, TOML (docs/configuration.md)")
      ->required()
      ->type_name("FILE");
  command->add_option("MESSAGE", options->message, "A file with a SIP message, or - for the standard input")
      ->required();
  command->add_option("--listener", options->listener, "By which listener it comes in; the first one unless said")
      ->type_name("NAME");
  command->add_option("--source", options->source, "Where it comes from")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command
      ->add_option("--binding", options->bindings,
                   "A contact that is registered: sip:bob@example.com=sip:bob@192.0.2.4")
      ->type_name("AOR=CONTACT")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "One JSON object, for programs");
  command->footer("Example:\n  intermediary-cli explain --config sip.toml --source 10.0.0.7:5060 invite.sip");
  command->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace intermediary::cli
