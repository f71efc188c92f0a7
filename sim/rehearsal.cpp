#include "sim/rehearsal.h"

#include <utility>

#include "base/overloaded.h"
#include "routing/route_json.h"

namespace intermediary::sim {

namespace {

constexpr TimePoint begin{std::chrono::seconds(1)};

constexpr const char* nobody_asked = "nobody is asked here";

Config without_store(Config config) {
  config.store = {};
  config.user_stores.clear();
  for (DigestRealm& realm : config.auth) realm.is_outside = false;
  if (config.proxy.key == HashKey{0, 0}) config.proxy.key = {1, 2};
  return config;
}

}  // namespace

Rehearsal::Rehearsal(Config config, WallTime now)
    : config_(without_store(std::move(config))), engine_(config_, seed_from_number(1)) {
  engine_.set_trace(this);
  engine_.handle(begin, WallClock{now});
  take_outputs();
}

void Rehearsal::add_binding(const std::string& address_of_record, const std::string& contact) {
  engine_.add_binding(begin, address_of_record, contact, std::chrono::hours(1), 1000);
}

Rehearsed Rehearsal::show(std::size_t listener, const Endpoint& source, const std::string& bytes) {
  seen_ = {};
  sender_ = source;
  const ListenerId id{static_cast<std::uint32_t>(listener + 1)};
  const Transport transport = config_.listeners[listener].transport;
  if (is_reliable(transport)) {
    sender_flow_ = FlowId{1};
    engine_.handle(begin, FlowOpened{sender_flow_, transport, id, source});
    take_outputs();
    engine_.handle(begin, StreamReceived{sender_flow_, bytes});
  } else {
    engine_.handle(begin, DatagramReceived{id, source, bytes});
  }
  take_outputs();
  return std::move(seen_);
}

void Rehearsal::asked(const Rule& rule, std::string_view why_not) {
  seen_.rules.push_back({rule.name, std::string(why_not)});
}

void Rehearsal::goes_by_route_set() { seen_.by_route_set = true; }

void Rehearsal::add_answer(const std::string& source, const std::string& body) { said_.insert_or_assign(source, body); }

void Rehearsal::asks(std::string_view source) { seen_.asks.emplace_back(source); }

void Rehearsal::has_target(const Target& target, std::string_view group, std::string_view peer) {
  std::string next_hop = target.next_hop ? target.next_hop->to_string() : std::string();
  if (target.hop) next_hop = std::string(parameter_name(target.hop->transport)) + ":" + target.hop->remote.to_string();
  seen_.targets.push_back({target.uri.to_string(), std::move(next_hop), std::string(group), std::string(peer)});
}

void Rehearsal::take_outputs() {
  do {
    while (const auto output = engine_.poll()) take(*output);
    for (Input& input : std::exchange(answers_, {})) {
      engine_.handle(begin, std::move(input));
      while (const auto output = engine_.poll()) take(*output);
    }
  } while (!answers_.empty());
}

void Rehearsal::take(const Output& output) {
  std::visit(
      Overloaded{
          [&](const Transmit& out) {
            const bool back = out.hop.flow ? out.hop.flow == sender_flow_ : out.hop.remote == sender_;
            seen_.sent.push_back({out.hop.transport, name_of(out.hop.remote), out.bytes, back});
          },
          [&](const OpenFlow& out) {
            CertificateNames certificate{.dns_names = {out.server_name}, .has_alternatives = true};
            answers_.push_back(FlowOpened{out.flow, out.transport, out.listener, out.remote, certificate});
          },
          [&](const DnsQuery& query) { answer(query); },
          [&](const Event& event) { seen_.events.push_back(to_line(event)); },
          [](const CloseFlow&) {},
          [](const StoreRequest&) {},  // there is no store
          [&](const HttpRequest& request) {
            answers_.push_back(HttpReplied{request.query, said_by(seen_.asks.back())});
          },
          [&](const RouteAsked& asked) { answers_.push_back(RouteDecided{asked.query, decision_of(asked.engine)}); },
      },
      output);
}

HttpResult Rehearsal::said_by(const std::string& source) const {
  const auto found = said_.find(source);
  if (found != said_.end()) return HttpAnswer{200, "application/json", std::nullopt, found->second};
  return std::unexpected(HttpFailure{HttpFailure::Kind::Unreachable, nobody_asked});
}

RouteDecision Rehearsal::decision_of(const std::string& engine) const {
  const HttpResult said = said_by("engine:" + engine);
  auto decision = said ? read_route_answer(*said) : std::unexpected(said.error().reason);
  if (decision) return *std::move(decision);
  return RouteFailed{std::move(decision.error())};
}

// Every name has one address (RFC 2544's range for tests), and nothing else.
void Rehearsal::answer(const DnsQuery& query) {
  if (query.question.type != DnsType::A) {
    return answers_.push_back(DnsAnswered{query.query, std::unexpected(DnsFailure{DnsFailure::Kind::NoRecords})});
  }
  const auto number = static_cast<std::uint8_t>(names_.size() + 1);
  const auto [name, is_new] = names_.try_emplace(query.question.name, IpAddress::v4({198, 18, 0, number}));
  answers_.push_back(DnsAnswered{query.query, DnsAnswer{{name->second}, std::chrono::seconds(60)}});
}

std::string Rehearsal::name_of(const Endpoint& remote) const {
  for (const auto& [name, address] : names_) {
    if (address == remote.address) return name + ":" + std::to_string(remote.port);
  }
  return remote.to_string();
}

}  // namespace intermediary::sim
