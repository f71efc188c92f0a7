#include "sim/replay/scenario_export.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/overloaded.h"
#include "base/text.h"
#include "message/uri.h"
#include "sim/replay/policy_text.h"
#include "sim/replay/rule_text.h"
#include "sim/scenario.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

// So late may a deadline of a real clock be noticed.
constexpr Duration lateness = std::chrono::milliseconds(50);

std::string socket_text(Transport transport, const Endpoint& endpoint) {
  std::string text = endpoint.to_string();
  if (transport != Transport::Udp) text += ";transport=" + std::string(parameter_name(transport));
  return text;
}

// What stands for itself in a pattern and in what is written.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '$' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// A block that gives exactly these bytes.
std::string block(std::string_view bytes) {
  std::string out = "\"\"\"";
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || c == '"' || octet < 0x20 || octet >= 0x7f) {
      out += "\\x";
      out += "0123456789abcdef"[octet >> 4];
      out += "0123456789abcdef"[octet & 0xf];
    } else {
      out += c;
    }
  }
  return out + "\"\"\"";
}

bool is_written_by_the_party(std::string_view name) {
  static const std::set<std::string, std::less<>> names = {
      "Via", "Max-Forwards", "Content-Length", "CSeq", "Route", "Record-Route", "Authorization", "Proxy-Authorization"};
  return names.contains(name);
}

// The headers of a message that begins a dialog, or stands outside of any, as they were.
std::string header_lines(const WireMessage& message) {
  std::string lines;
  std::set<std::string> done;
  for (const WireHeader& header : message.headers) {
    const std::string name = long_name(header.name);
    if (is_written_by_the_party(name) || !done.insert(name).second) continue;
    for (const std::string& value : message.values(name)) lines += "        " + name + " = " + literal(value) + '\n';
  }
  return lines;
}

std::string body_line(const WireMessage& message) {
  return message.body.empty() ? "        !body\n" : "        body " + block(message.body) + '\n';
}

std::string type_line(const WireMessage& message) {
  if (message.body.empty() || !message.has("Content-Type")) return {};
  return "        Content-Type = " + literal(message.value("Content-Type")) + '\n';
}

std::string request_text(const WireMessage& request) {
  const std::string method = request.method();
  if (method == "ACK" || method == "CANCEL") return method + (request.body.empty() ? "\n" : "\n" + body_line(request));
  if (!request.to_tag().empty()) return method + '\n' + type_line(request) + body_line(request);
  return method + ' ' + literal(request.uri()) + '\n' + header_lines(request) + body_line(request);
}

std::string response_text(const WireMessage& response) {
  std::string text = std::to_string(response.status()) + ' ' + response.method() + '\n';
  const std::string reason = response.start_line.substr(std::min<std::size_t>(response.start_line.size(), 12));
  if (!trim(reason).empty()) text += "        reason " + literal(trim(reason)) + '\n';
  if (response.status() > 100 && !response.to_tag().empty())
    text += "        To: *;tag=" + literal(response.to_tag()) + '\n';
  for (const std::string name : {"Contact", "Require", "Supported", "Allow", "Session-Expires"}) {
    for (const std::string& value : response.values(name)) text += "        " + name + " = " + literal(value) + '\n';
  }
  return text + type_line(response) + body_line(response);
}

std::string expected_text(const WireMessage& message) {
  if (message.is_response()) return std::to_string(message.status()) + ' ' + message.method();
  const std::string method = message.method();
  return method == "ACK" || method == "CANCEL" ? method : method + ' ' + literal(message.uri());
}

std::string record_text(const DnsRecord& record) {
  return std::visit(
      Overloaded{
          [](const IpAddress& address) { return (address.is_v4() ? "A " : "AAAA ") + address.to_string(); },
          [](const SrvRecord& srv) {
            return "SRV " + std::to_string(srv.priority) + ' ' + std::to_string(srv.weight) + ' ' +
                   std::to_string(srv.port) + ' ' + srv.target;
          },
          [](const NaptrRecord& naptr) {
            return "NAPTR " + std::to_string(naptr.order) + ' ' + std::to_string(naptr.preference) + ' ' + naptr.flags +
                   ' ' + naptr.service + ' ' + naptr.replacement;
          },
      },
      record);
}

std::string failure_text(const DnsFailure& failure) {
  switch (failure.kind) {
    case DnsFailure::Kind::NoSuchName:
    case DnsFailure::Kind::NoRecords:
      return "none";
    case DnsFailure::Kind::Failed:
      return "fails";
    case DnsFailure::Kind::TimedOut:
      return "times-out";
  }
  return "";
}

// "sip:bob@example.com" of whatever stands around it.
// As the location service has it; "" where it is no URI.
std::string asked_for(std::string_view uri) {
  const auto read = Uri::parse(uri);
  return read ? address_of_record(*read) : std::string();
}

}  // namespace

ScenarioExport::ScenarioExport(const Replay& replay, WireLog& log, std::string call_id)
    : replay_(replay), log_(log), call_id_(std::move(call_id)) {}

void ScenarioExport::add(const Replay::Step& step) {
  if (is_begun() && !std::exchange(begun_, true)) {
    bindings_begun_ = bindings_;
    config_ = replay_.config();
  }
  reloaded_ |= begun_ && std::holds_alternative<ConfigurationChanged>(step.input.input);
  const bool by_timer = std::holds_alternative<DeadlineReached>(step.input.input);
  while (sent_.size() < log_.transcript().size()) sent_.push_back({sent_.size(), by_timer});
  if (const auto* answered = std::get_if<DnsAnswered>(&step.input.input)) {
    if (const auto asked = asked_.find(answered->query); asked != asked_.end()) {
      const Duration after = begun_ ? step.input.time - asked->second.asked : Duration::zero();
      zone_.insert_or_assign(asked->second.question, Zone{asked->second.asked, after, answered->answer});
    }
  }
  for (const Output& output : step.outputs) {
    if (const auto* query = std::get_if<DnsQuery>(&output)) asked_[query->query] = {query->question, step.input.time};
    if (const auto* event = std::get_if<Event>(&output)) {
      if (const auto* change = std::get_if<BindingChanged>(event)) note(*change);
    }
  }
}

void ScenarioExport::note(const BindingChanged& change) {
  std::vector<std::string>& contacts = bindings_[log_.shown(change.address_of_record)];
  const std::string contact = log_.shown(change.contact);
  const auto there = std::ranges::find(contacts, contact);
  const bool stands =
      change.change == BindingChanged::Change::Added || change.change == BindingChanged::Change::Refreshed;
  if (stands && there == contacts.end()) contacts.push_back(contact);
  if (!stands && there != contacts.end()) contacts.erase(there);
}

std::string ScenarioExport::text(const std::string& name) const {
  std::string prose =
      "# The call " + log_.shown(call_id_) + " of a record: what the server was told, and what it sent.\n";
  if (reloaded_) prose += "# The server has read another configuration since: this is the one with which it began.\n";
  return prose + "scenario " + name + "\n" + node_lines() + party_lines() + location_lines() + zone_lines() + "\n" +
         message_lines();
}

std::string ScenarioExport::name_of(HostId host) const {
  return host == recorded_server ? std::string("server") : "peer" + std::to_string(host.value - 1);
}

// ---- the world

std::string ScenarioExport::node_lines() const {
  const Config& config = config_ ? *config_ : replay_.config();
  std::string line = "node     server proxy " + mode_text(config.proxy.mode);
  for (const ListenerConfig& listener : config.listeners) {
    line += ' ' + socket_text(listener.transport, listener.bind);
    if (!listener.advertise_host.empty()) line += " advertise=" + listener.advertise_host;
  }
  if (config.proxy.record_route) line += " record-route";
  if (config.proxy.outbound) line += " outbound";
  if (!config.domains.empty()) line += " domain=" + joined(config.domains);
  if (!config.proxy.tcp_for_large_requests) line += " large-over-tcp=no";
  line += " timer-c=" + microseconds_text(config.proxy.timer_c);
  line += " failover-after=" + microseconds_text(config.proxy.failover_after);
  line += " t1=" + microseconds_text(config.timings.t1) + " t2=" + microseconds_text(config.timings.t2) +
          " t4=" + microseconds_text(config.timings.t4);
  if (!config.server_name.empty() && !config.server_name.contains(' ')) line += " server=" + config.server_name;
  line += '\n';
  if (!config.times.empty() && !log_.transcript().empty()) {
    line += "wall     " + wall_text(replay_.wall(log_.transcript().front().time)) + '\n';
  }
  line += policy_lines(config, "server");
  for (const Rule& rule : config.rules) {
    const auto* relay = std::get_if<RelayAction>(&rule.action);
    if (relay && !relay->groups.empty()) {
      line +=
          "# The next rule relays to " + joined(relay->groups) + ": run this with --config and the server's file.\n";
    }
    if (const auto* ask = std::get_if<AskAction>(&rule.action)) {
      line += "# The next rule asks " + ask->source + ": run this with --config and the server's file.\n";
    }
    line += "rule     server " + rule_text(rule, config) + '\n';
  }
  return line;
}

std::string ScenarioExport::party_lines() const {
  std::map<HostId, std::string> sockets;
  for (const Transmission& sent : log_.transcript()) {
    const bool inward = sent.to == recorded_server;
    sockets.try_emplace(inward ? sent.from : sent.to,
                        socket_text(sent.transport, inward ? sent.source : sent.destination));
  }
  std::string lines;
  for (const auto& [host, socket] : sockets) lines += "party    " + name_of(host) + ' ' + socket + '\n';
  return lines;
}

// Of whoever is asked for in the call, not of everybody who is registered.
std::string ScenarioExport::location_lines() const {
  std::set<std::string> wanted;
  for (const Transmission& sent : log_.transcript()) {
    const auto message = WireMessage::read(sent.bytes);
    if (message && message->is_request()) wanted.insert(asked_for(message->uri()));
  }
  std::string lines;
  for (const auto& [address, contacts] : begun_ ? bindings_begun_ : bindings_) {
    if (!wanted.contains(address) || contacts.empty()) continue;
    lines += "location server " + address + " = ";
    for (const std::string& contact : contacts) lines += (&contact == &contacts.front() ? "<" : ", <") + contact + '>';
    lines += '\n';
  }
  return lines;
}

std::string ScenarioExport::zone_lines() const {
  constexpr std::size_t most_lines = 100;
  std::string lines;
  std::size_t count = 0;
  for (const auto& [question, zone] : zone_) {
    if (!log_.transcript().empty() && zone.asked > log_.transcript().back().time) continue;
    if (++count > most_lines) break;
    std::string line = "dns      " + question.name + ' ' + std::string(dns_type_text(question.type)) + ' ';
    if (zone.answer) {
      std::string records;
      for (const DnsRecord& record : zone.answer->records) {
        const std::string text = record_text(record);
        records += (records.empty() ? "" : ", ") + text.substr(text.find(' ') + 1);
      }
      line += records + "  ttl=" + std::to_string(zone.answer->ttl.count()) + 's';
    } else {
      line += failure_text(zone.answer.error());
    }
    if (zone.after > Duration::zero()) line += " after=" + microseconds_text(zone.after);
    lines += line + '\n';
  }
  return lines;
}

// ---- the lines

std::string ScenarioExport::message_lines() const {
  const std::vector<Transmission>& transcript = log_.transcript();
  if (transcript.empty()) return {};
  // What ended in a challenge of our own is not there, so neither is the challenge.
  std::set<std::pair<HostId, std::string>> challenged;
  for (const Transmission& sent : transcript) {
    const auto message = WireMessage::read(sent.bytes);
    const bool refused = message && (message->status() == 401 || message->status() == 407);
    if (refused && sent.from == recorded_server) challenged.emplace(sent.to, std::to_string(message->cseq_number()));
  }
  std::string lines;
  std::set<std::string> seen;
  const TimePoint begin = transcript.front().time;
  for (const Sent& entry : sent_) {
    const Transmission& sent = transcript[entry.place];
    const auto message = WireMessage::read(sent.bytes);
    if (sent.kind != Transmission::Kind::Message || !message) continue;
    const HostId peer = sent.from == recorded_server ? sent.to : sent.from;
    if (challenged.contains({peer, std::to_string(message->cseq_number())})) continue;
    const Duration time = sent.time - begin;
    const bool again = !seen.insert(name_of(sent.from) + name_of(sent.to) + sent.bytes).second;
    std::string when = seconds_text(time);
    if (sent.from == recorded_server && entry.by_timer) {
      when = seconds_text(std::max(Duration::zero(), time - lateness)) + '~' + when;
    }
    const std::string head =
        when + "  " + name_of(sent.from) + (sent.fate == Fate::Lost ? " -x " : " -> ") + name_of(sent.to) + "  ";
    if (again) {
      lines += head + (message->is_response() ? std::to_string(message->status()) + ' ' : std::string()) +
               message->method() + " again\n";
    } else if (sent.from == recorded_server) {
      lines += head + expected_text(*message) + '\n';
    } else {
      lines += head + (message->is_request() ? request_text(*message) : response_text(*message));
    }
  }
  return lines;
}

}  // namespace intermediary::sim
