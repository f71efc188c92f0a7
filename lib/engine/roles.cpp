#include "engine/roles.h"

#include <algorithm>

namespace intermediary {

namespace {

void add_inputs(const RuleMatch& when, RouteInputs& inputs) {
  inputs.source |= !when.sources.empty() || !when.trunks.empty() || !when.access.empty();
  inputs.arrival |= !when.listeners.empty() || !when.transports.empty();
  inputs.parties |= !when.from.empty() || !when.to.empty();
  for (const FieldMatch& field : when.fields) inputs.fields.push_back(field.name);
}

}  // namespace

ProxySettings proxy_settings_from(const Config& config) {
  ProxySettings settings;
  settings.record_route = config.proxy.record_route || config.proxy.mode == ProxyMode::CallStateful;
  settings.timer_c = config.proxy.timer_c;
  settings.failover_after = config.proxy.failover_after;
  settings.cancelled_wait = config.timings.t1_times_64();
  settings.max_breadth = config.proxy.max_breadth;
  settings.given_up_wait = config.timings.t2;
  settings.tcp_for_large_requests = config.proxy.tcp_for_large_requests;
  settings.path_mtu = config.limits.path_mtu;
  settings.server_name = config.server_name;
  settings.key = config.proxy.key;
  settings.outbound = config.proxy.outbound;
  settings.path = config.proxy.path;
  settings.overload_control =
      !config.overload.neighbours.empty() || std::ranges::any_of(config.groups, &PeerGroupConfig::overload_control);
  for (const Rule& rule : config.rules) add_inputs(rule.when, settings.route_inputs);
  return settings;
}

bool registers(const Config& config) {
  return std::ranges::any_of(config.rules,
                             [](const Rule& rule) { return std::holds_alternative<RegisterAction>(rule.action); });
}

bool follows_dialogs(const Config& config) {
  return config.proxy.mode == ProxyMode::CallStateful ||
         std::ranges::any_of(config.rules, [](const Rule& rule) { return rule.mode == ProxyMode::CallStateful; });
}

bool notifies(const Config& config) {
  return std::ranges::any_of(config.rules,
                             [](const Rule& rule) { return std::holds_alternative<NotifyAction>(rule.action); });
}

bool probes(const Config& config) {
  return std::ranges::any_of(config.groups,
                             [](const PeerGroupConfig& group) { return group.health.probe_every > Duration::zero(); });
}

bool registers_out(const Config& config) { return !config.registrations.empty(); }

Capabilities capabilities_from(const Config& config) {
  Capabilities capabilities = own_capabilities(registers(config), config.smime.has_value());
  if (notifies(config)) capabilities.methods.push_back(Method::Subscribe);
  return capabilities;
}

HashKey derived_key(const HashKey& key, std::string_view purpose) {
  const WideHash words = KeyedHash(key).field(purpose).finish_wide();
  return {words.high, words.low};
}

}  // namespace intermediary
