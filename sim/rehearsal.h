// One engine under a configuration, without a network: a request is shown to it, and all that it decides and sends is
// there to be looked at. Names have addresses of their own, connections open at once, stores are empty and at hand.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/trace.h"

namespace intermediary::sim {

struct AskedRule {
  std::string rule;
  std::string why_not;  // "": it takes the request
};

struct RehearsedTarget {
  std::string uri;       // what the Request-URI becomes
  std::string next_hop;  // where it goes by its rule, whatever its Request-URI says; "": there
  std::string group;     // "pool:app"
  std::string peer;
};

// A message that left.
struct RehearsedMessage {
  Transport transport = Transport::Udp;
  std::string to;  // "192.0.2.30:5060"; of a name that was looked up, "sip.acme.net:5060"
  std::string bytes;
  bool to_sender = false;
};

struct Rehearsed {
  std::vector<AskedRule> rules;
  bool by_route_set = false;
  std::vector<std::string> asks;  // "route_query:crm": who would say where it goes; nobody is asked here
  std::vector<RehearsedTarget> targets;
  std::vector<RehearsedMessage> sent;
  std::vector<std::string> events;  // as lines

  const AskedRule* taken() const { return rules.empty() || !rules.back().why_not.empty() ? nullptr : &rules.back(); }
};

class Rehearsal final : private DecisionTrace {
 public:
  // The store of the configuration is not asked: its bindings are those that are added here. REQUIRES:
  // problem_with(config) == "".
  Rehearsal(Config config, WallTime now);

  void add_binding(const std::string& address_of_record, const std::string& contact);
  // What a source says whenever it is asked, "route_query:crm" or "engine:own": the JSON of a route query's answer.
  // Without one, nobody is asked.
  void add_answer(const std::string& source, const std::string& body);
  // Shows it a request that comes in by that listener (its place in the configuration), a datagram or on a connection.
  Rehearsed show(std::size_t listener, const Endpoint& source, const std::string& bytes);

 private:
  void asked(const Rule& rule, std::string_view why_not) override;
  void goes_by_route_set() override;
  void asks(std::string_view source) override;
  void has_target(const Target& target, std::string_view group, std::string_view peer) override;
  void take_outputs();
  void take(const Output& output);
  void answer(const DnsQuery& query);
  HttpResult said_by(const std::string& source) const;
  RouteDecision decision_of(const std::string& engine) const;
  std::string name_of(const Endpoint& remote) const;

  Config config_;
  Engine engine_;
  Rehearsed seen_;
  Endpoint sender_;
  FlowId sender_flow_;
  std::vector<Input> answers_;
  std::map<std::string, IpAddress> names_;
  std::map<std::string, std::string> said_;  // by source
};

}  // namespace intermediary::sim
