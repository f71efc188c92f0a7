#include "runtime/control/metrics.h"

#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <string_view>
#include <vector>

namespace intermediary {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Of Shard::all_figures(), those that go up and down.
constexpr auto gauges = std::to_array<std::string_view>(
    {"server_transactions", "client_transactions", "response_contexts", "queries", "flows", "bindings", "dialogs",
     "calls", "trunk_registrations", "subscriptions", "timers", "waiting", "handshakes", "call_records_waiting"});

ClientMetric metric_of(MetricType type, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

double number(std::uint64_t value) { return static_cast<double>(value); }

void add_figures(const Shard& shard, std::vector<MetricFamily>& families) {
  for (const auto& [name, value] : shard.all_figures()) {
    const bool is_gauge = std::ranges::find(gauges, name) != gauges.end();
    const MetricType type = is_gauge ? MetricType::Gauge : MetricType::Counter;
    families.push_back({"intermediary_" + std::string(name) + (is_gauge ? "" : "_total"),
                        is_gauge ? "So many there are now" : "So many there were since the start",
                        type,
                        {metric_of(type, number(value))}});
  }
}

void add_events(const Shard& shard, std::vector<MetricFamily>& families) {
  MetricFamily family{"intermediary_events_total", "Events since the start, by name", MetricType::Counter, {}};
  for (const auto& [name, count] : shard.events()) {
    family.metric.push_back(metric_of(MetricType::Counter, number(count), {{"event", std::string(name)}}));
  }
  families.push_back(std::move(family));
}

void add_rules(const Shard& shard, std::vector<MetricFamily>& families) {
  MetricFamily family{
      "intermediary_rule_hits_total", "Requests that a rule took, but ACK and CANCEL", MetricType::Counter, {}};
  for (const RuleView& rule : shard.engine().rules()) {
    family.metric.push_back(metric_of(MetricType::Counter, number(rule.hits), {{"rule", rule.name}}));
  }
  families.push_back(std::move(family));
}

void add_peers(const Shard& shard, std::vector<MetricFamily>& families) {
  MetricFamily up{"intermediary_peer_up", "1: the peer of a pool or trunk gets new calls", MetricType::Gauge, {}};
  MetricFamily calls{"intermediary_peer_calls", "Calls that are followed, by peer", MetricType::Gauge, {}};
  for (const auto& peer : shard.engine().peers()) {
    const std::vector<ClientMetric::Label> labels = {{"group", peer.group}, {"peer", peer.peer}};
    up.metric.push_back(metric_of(MetricType::Gauge, peer.state == "up" ? 1 : 0, labels));
    calls.metric.push_back(metric_of(MetricType::Gauge, number(peer.calls), labels));
  }
  families.push_back(std::move(up));
  families.push_back(std::move(calls));
}

void add_registrations(const Shard& shard, std::vector<MetricFamily>& families) {
  MetricFamily family{
      "intermediary_trunk_registered", "1: the trunk is registered with whom it leads to", MetricType::Gauge, {}};
  for (const TrunkRegistrationView& view : shard.engine().trunk_registrations()) {
    family.metric.push_back(metric_of(MetricType::Gauge, view.state == "registered" ? 1 : 0,
                                      {{"trunk", view.trunk}, {"aor", view.address_of_record}}));
  }
  families.push_back(std::move(family));
}

void add_latencies(const Shard& shard, std::vector<MetricFamily>& families) {
  const Shard::Latencies& latencies = shard.latencies();
  MetricFamily answers{
      "intermediary_answers_total", "Final answers to proxied requests, by class", MetricType::Counter, {}};
  for (std::size_t i = 2; i < latencies.by_class.size(); ++i) {
    const std::string name = std::to_string(i) + "xx";
    answers.metric.push_back(metric_of(MetricType::Counter, number(latencies.by_class[i]), {{"class", name}}));
  }
  families.push_back(std::move(answers));
  constexpr double microseconds = 1e6;
  ClientMetric times;
  times.histogram.sample_count = latencies.count;
  times.histogram.sample_sum = static_cast<double>(latencies.sum.count()) / microseconds;
  for (std::size_t i = 0; i < latencies.within.size(); ++i) {
    const double bound = static_cast<double>(Shard::Latencies::bounds_us[i]) / microseconds;
    times.histogram.bucket.push_back({latencies.within[i], bound});
  }
  times.histogram.bucket.push_back({latencies.count, std::numeric_limits<double>::infinity()});
  families.push_back({"intermediary_answer_seconds",
                      "From a proxied request to its final answer, ringing included",
                      MetricType::Histogram,
                      {times}});
}

void add_process(std::vector<MetricFamily>& families) {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  if (!(statm >> total >> resident)) return;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  families.push_back({"process_resident_memory_bytes",
                      "Memory of the process",
                      MetricType::Gauge,
                      {metric_of(MetricType::Gauge, number(resident * page))}});
}

}  // namespace

std::expected<void, std::string> can_tell_metrics() { return {}; }

std::string metrics_text(const Shard& shard) {
  std::vector<MetricFamily> families;
  add_figures(shard, families);
  add_events(shard, families);
  add_rules(shard, families);
  add_peers(shard, families);
  add_registrations(shard, families);
  add_latencies(shard, families);
  add_process(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace intermediary
