#include "sim/figures.h"

#include <algorithm>
#include <array>
#include <utility>

namespace intermediary::sim {
namespace {

using Reader = std::uint64_t (*)(const LiveObjects&, const Counters&);
constexpr auto figures = std::to_array<std::pair<std::string_view, Reader>>({
    {"transactions",
     [](const LiveObjects& l, const Counters&) -> std::uint64_t {
       return l.server_transactions + l.client_transactions;
     }},
    {"server-transactions",
     [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.server_transactions; }},
    {"client-transactions",
     [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.client_transactions; }},
    {"contexts", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.response_contexts; }},
    {"queries", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.queries; }},
    {"flows", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.flows; }},
    {"bindings", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.bindings; }},
    {"dialogs", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.dialogs; }},
    {"calls", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.calls; }},
    {"subscriptions", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.subscriptions; }},
    {"trunk-registrations",
     [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.trunk_registrations; }},
    {"timers", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.timers; }},
    {"waiting", [](const LiveObjects& l, const Counters&) -> std::uint64_t { return l.waiting; }},
    {"requests-in", [](const LiveObjects&, const Counters& c) { return c.requests_in; }},
    {"responses-in", [](const LiveObjects&, const Counters& c) { return c.responses_in; }},
    {"requests-out", [](const LiveObjects&, const Counters& c) { return c.requests_out; }},
    {"responses-out", [](const LiveObjects&, const Counters& c) { return c.responses_out; }},
    {"retransmissions-in", [](const LiveObjects&, const Counters& c) { return c.retransmissions_in; }},
    {"rejected", [](const LiveObjects&, const Counters& c) { return c.rejected; }},
    {"refused", [](const LiveObjects&, const Counters& c) { return c.refused; }},
    {"rate-limited", [](const LiveObjects&, const Counters& c) { return c.rate_limited; }},
    {"overload-refused", [](const LiveObjects&, const Counters& c) { return c.overload_refused; }},
    {"overload-dropped", [](const LiveObjects&, const Counters& c) { return c.overload_dropped; }},
    {"overload-held", [](const LiveObjects&, const Counters& c) { return c.overload_held; }},
    {"limit-refused", [](const LiveObjects&, const Counters& c) { return c.limit_refused; }},
    {"strays", [](const LiveObjects&, const Counters& c) { return c.strays; }},
    {"send-failures", [](const LiveObjects&, const Counters& c) { return c.send_failures; }},
    {"stun-answered", [](const LiveObjects&, const Counters& c) { return c.stun_answered; }},
    {"stun-ignored", [](const LiveObjects&, const Counters& c) { return c.stun_ignored; }},
    {"dns-questions", [](const LiveObjects&, const Counters& c) { return c.dns_questions; }},
    {"store-requests", [](const LiveObjects&, const Counters& c) { return c.store_requests; }},
    {"store-failures", [](const LiveObjects&, const Counters& c) { return c.store_failures; }},
    {"store-conflicts", [](const LiveObjects&, const Counters& c) { return c.store_conflicts; }},
    {"http-requests", [](const LiveObjects&, const Counters& c) { return c.asks.http_requests; }},
    {"http-failures", [](const LiveObjects&, const Counters& c) { return c.asks.http_failures; }},
    {"routes-asked", [](const LiveObjects&, const Counters& c) { return c.asks.routes_asked; }},
    {"routes-failed", [](const LiveObjects&, const Counters& c) { return c.asks.routes_failed; }},
    {"routes-unasked", [](const LiveObjects&, const Counters& c) { return c.asks.routes_unasked; }},
    {"known-lookups", [](const LiveObjects&, const Counters& c) { return c.known_lookups; }},
    {"user-lookups", [](const LiveObjects&, const Counters& c) { return c.user_lookups; }},
    {"user-lookup-failures", [](const LiveObjects&, const Counters& c) { return c.user_lookup_failures; }},
    {"trunk-registers", [](const LiveObjects&, const Counters& c) { return c.trunk_registers; }},
    {"trunk-register-failures", [](const LiveObjects&, const Counters& c) { return c.trunk_register_failures; }},
    {"reloads", [](const LiveObjects&, const Counters& c) { return c.reloads; }},
    {"reloads-refused", [](const LiveObjects&, const Counters& c) { return c.reloads_refused; }},
    {"identities-signed", [](const LiveObjects&, const Counters& c) { return c.identities.signed_calls; }},
    {"identities-unsigned", [](const LiveObjects&, const Counters& c) { return c.identities.unsigned_calls; }},
    {"identities-passed", [](const LiveObjects&, const Counters& c) { return c.identities.passed; }},
    {"identities-failed", [](const LiveObjects&, const Counters& c) { return c.identities.failed; }},
    {"identities-absent", [](const LiveObjects&, const Counters& c) { return c.identities.absent; }},
    {"certificates-fetched", [](const LiveObjects&, const Counters& c) { return c.identities.fetched; }},
    {"certificate-failures", [](const LiveObjects&, const Counters& c) { return c.identities.fetch_failures; }},
});

const std::pair<std::string_view, Reader>* find(std::string_view name) {
  auto found = std::ranges::find(figures, name, &std::pair<std::string_view, Reader>::first);
  return found == figures.end() ? nullptr : &*found;
}

}  // namespace

bool is_figure(std::string_view name) { return find(name) != nullptr; }

std::vector<std::string> known_figures() {
  std::vector<std::string> names;
  for (const auto& [name, reader] : figures) names.emplace_back(name);
  return names;
}

std::uint64_t figure(const Engine& engine, std::string_view name) {
  return find(name)->second(engine.live(), engine.counters());
}

}  // namespace intermediary::sim
