#include "conformance/target/needs.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conformance/flow_files.h"
#include "sim/scenario_text.h"
#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

using sim::CheckLine;
using sim::Condition;
using sim::ConnectionLine;
using sim::MessageLine;
using sim::NodeSetup;
using sim::PartySetup;
using sim::Scenario;

bool is_plain(Transport transport) { return transport == Transport::Udp || transport == Transport::Tcp; }

class Reading {
 public:
  explicit Reading(const Script& script) : scenario_(script.scenario), text_(script.text) {}

  Needs read() {
    for (const auto& inhabitant : scenario_.inhabitants) read_inhabitant(inhabitant);
    if (nodes_ != 1) obstacle(nodes_ == 0 ? "there is no node" : "several nodes work together");
    if (!scenario_.hosts.empty() || !scenario_.zone.empty())
      obstacle("the target would have to ask name servers of ours");
    if (!scenario_.web.empty()) obstacle("the target would have to ask HTTP servers of ours");
    if (!scenario_.nats.empty()) obstacle("parties stand behind NAT boxes");
    if (!scenario_.faults.empty()) obstacle("faults are injected");
    for (const sim::LinkLine& link : scenario_.links) read_link(link);
    for (const sim::Line& line : scenario_.lines) read_line(line);
    for (const sim::LogicalLine& line : sim::logical_lines(text_)) read_declaration(line);
    if (scenario_.partial) obstacle("it leaves open what the node sends");
    if (!scenario_.locations.empty()) word("registrar");
    needs_.setup.assign(words_.begin(), words_.end());
    return std::move(needs_);
  }

 private:
  void obstacle(std::string what) {
    if (std::ranges::find(needs_.obstacles, what) == needs_.obstacles.end())
      needs_.obstacles.push_back(std::move(what));
  }
  void word(std::string text) { words_.insert(std::move(text)); }

  template <class Inhabitant>
  void read_inhabitant(const Inhabitant& inhabitant) {
    if (const auto* node = std::get_if<NodeSetup>(&inhabitant)) {
      ++nodes_;
      read_sockets(sim::sockets_of(node->config), true);
    } else if (const auto* party = std::get_if<PartySetup>(&inhabitant)) {
      read_sockets(party->sockets, false);
    } else {
      obstacle("user agents act by themselves");
    }
  }

  void read_sockets(const std::vector<sim::Socket>& sockets, bool of_node) {
    for (const sim::Socket& socket : sockets) {
      if (!is_plain(socket.transport)) {
        obstacle(std::string(via_name(socket.transport)) + " is not spoken here");
      } else if (!socket.address.address.is_v4()) {
        obstacle("IPv6 is not spoken here");
      }
      if (of_node && socket.address != sockets.front().address) obstacle("the node listens at several addresses");
      // A party that listens over TCP as well may be reached by UDP alone; a node's transports are all asked for.
      if (of_node) needs_.transports.insert(socket.transport);
    }
  }

  void read_link(const sim::LinkLine& link) {
    const auto is_set = [](const auto& share) { return share && *share != std::remove_cvref_t<decltype(*share)>{}; };
    if (is_set(link.change.loss) || is_set(link.change.duplicate) || is_set(link.change.reorder) ||
        is_set(link.change.jitter)) {
      obstacle("the network has faults");
    }
  }

  void read_line(const sim::Line& line) {
    const Duration until = sim::head_of(line).when.to;
    elapsed_ = sim::head_of(line).when.after_previous ? elapsed_ + until : std::max(elapsed_, until);
    needs_.whole_length = std::max(needs_.whole_length, elapsed_);
    if (const auto* message = std::get_if<MessageLine>(&line)) {
      needs_.length = std::max(needs_.length, elapsed_);
      const bool refuses = message->start.kind == sim::Start::Kind::Response && message->sender == node_name() &&
                           (message->start.status == 403 || message->start.status == 404);
      expects_refusal_ = expects_refusal_ || refuses;
      read_conditions(*message);
    } else if (const auto* connection = std::get_if<ConnectionLine>(&line)) {
      needs_.length = std::max(needs_.length, elapsed_);
      const bool refuses =
          connection->verb == ConnectionLine::Verb::Refuses || connection->verb == ConnectionLine::Verb::Accepts;
      if (refuses && connection->actor == node_name()) obstacle("a node that refuses connections");
    } else if (const auto* check = std::get_if<CheckLine>(&line)) {
      if (check->kind != CheckLine::Kind::Idle) ++needs_.unseen;
    } else {
      obstacle("something happens to the node, the network or a name server that cannot be made from outside");
    }
  }

  void read_conditions(const MessageLine& message) {
    for (const Condition& condition : message.conditions) {
      if (condition.kind == Condition::Kind::Signed) obstacle("signatures would cover addresses that are others here");
    }
  }

  std::string node_name() const {
    for (const auto& inhabitant : scenario_.inhabitants) {
      if (const auto* node = std::get_if<NodeSetup>(&inhabitant)) return node->name;
    }
    return {};
  }

  void read_declaration(const sim::LogicalLine& line) {
    sim::Words words(line.first);
    const std::string keyword = words.next("a line").text;
    if (keyword == "node") return read_node(words);
    if (keyword == "rule") {
      words.next("a node");
      std::string rule = "rule";
      while (auto each = words.next_if_any()) {
        if (!each->text.starts_with("name=")) rule += ' ' + each->text;
      }
      word(std::move(rule));
    } else if (keyword == "users") {
      obstacle("credentials cover addresses that are others here");
    }
  }

  void read_node(sim::Words& words) {
    words.next("its name");
    words.next("proxy");
    const std::string mode = words.next("its mode").text;
    if (mode != "stateful") word(mode);
    bool relays = false;
    bool has_domain = false;
    while (auto option = words.next_if_any()) {
      const std::string& text = option->text;
      if (sim::parse_address(text.substr(0, text.find(';')), 5060)) continue;
      if (text.starts_with("domain=")) {
        has_domain = true;
        word(text.find(',') == std::string::npos ? "domain" : text);
      } else if (text.starts_with("relay=")) {
        relays = true;
      } else if (text.starts_with("key=")) {
        continue;  // nobody sees it
      } else {
        word(text);
      }
    }
    const bool closed = has_domain && !relays;
    needs_.refuses_to_relay = closed && expects_refusal_;
    if (!closed) word("relay");
  }

  const Scenario& scenario_;
  const std::string& text_;
  Needs needs_;
  std::set<std::string> words_;
  std::size_t nodes_ = 0;
  bool expects_refusal_ = false;
  Duration elapsed_{0};
};

}  // namespace

std::expected<std::vector<Script>, std::string> scripts_of(const std::string& file, std::string_view text,
                                                           const sim::Surroundings& surroundings) {
  auto scenarios = sim::parse_scenarios(file, text, surroundings);
  if (!scenarios) return std::unexpected(scenarios.error().to_string());
  const auto written = sim::write_out(file, *scenarios->front().above_ladder, surroundings);
  if (!written) return std::unexpected(written.error().to_string());
  std::vector<Script> scripts;
  for (sim::Scenario& scenario : *scenarios) {
    const auto row = std::ranges::find(*written, scenario.row, &sim::Written::row);
    if (row == written->end()) return std::unexpected(scenario.title() + ": no such row");
    scripts.push_back({std::move(scenario), row->text});
  }
  return scripts;
}

std::expected<std::vector<Script>, std::string> scripts_of(const std::string& path) {
  return scripts_of(path, read_text(path), files_beside());
}

Needs needs_of(const Script& script) { return Reading(script).read(); }

std::vector<std::string> lacking(const Needs& needs, const Setup& have) {
  std::vector<std::string> missing;
  for (const std::string& word : needs.setup) {
    const bool has_domain = word == "domain" && std::ranges::any_of(have, [](const std::string& each) {
                              return each.starts_with("domain=");
                            });
    if (!has_domain && !have.contains(word)) missing.push_back(word);
  }
  return missing;
}

std::string_view meaning_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> meanings{{
      {"domain", "it is responsible for a domain: --have domain=example.com"},
      {"registrar", "it takes REGISTERs for any user of its domain, without credentials, and forks to all bindings"},
      {"record-route", "it stays in the path of dialogs"},
      {"relay", "it forwards to any address in a Request-URI or Route, for the parties at least"},
      {"outbound", "it is the first hop of user agents (RFC 5626)"},
      {"stateless", "it forwards without transactions"},
      {"call-stateful", "it follows dialogs"},
  }};
  const auto found = std::ranges::find(meanings, word, &std::pair<std::string_view, std::string_view>::first);
  return found == meanings.end() ? std::string_view() : found->second;
}

bool is_asked_of(Profile profile, const Scenario& scenario) {
  if (profile == Profile::Proxy) return true;
  const auto sends_requests = [&](const sim::Line& line) {
    const auto* message = std::get_if<MessageLine>(&line);
    if (!message || message->start.kind != sim::Start::Kind::Request) return false;
    return std::ranges::any_of(scenario.inhabitants, [&](const auto& inhabitant) {
      const auto* node = std::get_if<NodeSetup>(&inhabitant);
      return node && node->name == message->sender;
    });
  };
  if (profile == Profile::B2bua) return true;
  return std::ranges::none_of(scenario.lines, sends_requests);
}

const NodeSetup& node_of(const Scenario& scenario) {
  for (const auto& inhabitant : scenario.inhabitants) {
    if (const auto* node = std::get_if<NodeSetup>(&inhabitant)) return *node;
  }
  std::unreachable();
}

}  // namespace intermediary::conformance
