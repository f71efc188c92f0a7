#include "sim/random_call.h"

#include <algorithm>

#include "sim/explore/invariants.h"
#include "sim/ladder.h"
#include "sim/node_options.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;

// After the talk: longer than any patience and any timer together.
constexpr Duration everything_is_over = 30min;

Endpoint address(std::uint8_t last) { return {IpAddress::v4({192, 0, 2, last}), 5060}; }

Config proxy_config(Endpoint here, ProxyMode mode, bool record_route, const std::string& domain) {
  NodeOptions options;
  for (Transport transport : {Transport::Udp, Transport::Tcp}) {
    ListenerConfig listener;
    listener.name = parameter_name(transport);
    listener.transport = transport;
    listener.bind = here;
    options.config.listeners.push_back(std::move(listener));
  }
  options.config.proxy.mode = mode;
  options.config.proxy.record_route = record_route;
  if (!domain.empty()) options.config.domains.push_back(domain);
  options.relays = true;
  options.config.rules = usual_rules(options);
  return options.config;
}

struct Watcher final : Observer {
  explicit Watcher(const World& world) : witness(world) {}
  void entering(HostId node, const Input& input) override { witness.entering(node, input); }
  void settled(HostId node) override { witness.settled(node); }
  Witness witness;
};

class CallWorld {
 public:
  CallWorld(const CallPlan& plan, std::uint64_t seed) : plan_(plan), world_(seed) {
    world_.reload_after_each(plan.reload_after);
    world_.network().change_links(
        {plan.quality.latency, plan.quality.jitter, plan.quality.loss, plan.quality.duplicate, plan.quality.reorder});
    Transport transport = plan.caller_over_tcp ? Transport::Tcp : Transport::Udp;
    caller_ = world_.add_agent({"caller", {{transport, address(10)}}, ""}, {});
    for (std::size_t i = 1; i <= plan.proxies; ++i) add_proxy(i);
    for (std::size_t i = 0; i < plan.callees.size(); ++i) add_callee(i);
    if (plan.proxies == 2) world_.zone().add_host("example.com", {{address(2).address, {}, {}}});
  }

  CallOutcome run() {
    Watcher watcher(world_);
    world_.set_observer(&watcher);
    world_.network().set_judge([&](const Transmission& sent) {
      watcher.witness.sent(sent);
      return Fate::Delivered;
    });
    world_.call(caller_, world_.find("p1"), "sip:callee@example.com", plan_.talk);
    if (plan_.gives_up) {
      world_.run_until(at(plan_.gives_up_after));
      world_.give_up(caller_);
    }
    bool ended = world_.run_until_idle(at(plan_.talk + everything_is_over));
    CallOutcome outcome;
    outcome.trace_hash = world_.network().trace_hash();
    outcome.virtual_time = world_.now().time_since_epoch();
    outcome.steps = world_.steps();
    outcome.transmissions = world_.network().transcript().size();
    outcome.talked = world_.agent(caller_).calls().front().status == 200;
    outcome.ladder = draw_ladder(world_.network(), {"caller"});
    if (!ended) broken_.push_back("the world is not idle at " + seconds_text(world_.now().time_since_epoch()));
    for (const std::string& left : world_.leftovers()) broken_.push_back(left);
    watcher.witness.ended();
    broken_.insert(broken_.end(), watcher.witness.broken().begin(), watcher.witness.broken().end());
    world_.set_observer(nullptr);
    check_agents();
    outcome.broken_promises = std::move(broken_);
    return outcome;
  }

 private:
  // The last proxy knows where the callees are; one before it relays.
  void add_proxy(std::size_t number) {
    bool last = number == plan_.proxies;
    ProxyMode mode = number == 1 && plan_.first_is_stateless ? ProxyMode::Stateless : ProxyMode::Stateful;
    Config config =
        proxy_config(address(static_cast<std::uint8_t>(number)), mode, plan_.record_route, last ? "example.com" : "");
    world_.add_node({"p" + std::to_string(number), std::move(config)});
  }

  void add_callee(std::size_t index) {
    std::string name = "callee" + std::to_string(index + 1);
    HostId callee = world_.add_agent({name, {{Transport::Udp, address(static_cast<std::uint8_t>(20 + index))}}, ""},
                                     plan_.callees[index]);
    HostId registrar = world_.find("p" + std::to_string(plan_.proxies));
    world_.engine(registrar).add_binding(at(0s), "sip:callee@example.com", world_.party(callee).contact_uri(), 2h);
    callees_.push_back(callee);
  }

  // ---- promises

  void broken(HostId host, const std::string& what) { broken_.push_back(world_.network().name(host) + ": " + what); }

  void check_agents() {
    const CallRecord& call = world_.agent(caller_).calls().front();
    if (call.state == CallRecord::State::Inviting) broken(caller_, "the call has no end");
    if (call.status == 0) broken(caller_, "the call has no final answer");
    std::vector<HostId> everybody = callees_;
    everybody.push_back(caller_);
    bool bye_lost = std::ranges::any_of(everybody, [&](HostId host) {
      return std::ranges::count(world_.agent(host).answers(), std::pair<std::string, int>("BYE", 408)) > 0;
    });
    for (HostId host : everybody) {
      for (const CallRecord& record : world_.agent(host).calls()) {
        if (record.state == CallRecord::State::Talking && !bye_lost) broken(host, "is left talking alone");
      }
    }
  }

  const CallPlan& plan_;
  World world_;
  HostId caller_;
  std::vector<HostId> callees_;
  std::vector<std::string> broken_;
};

bool one_in(RandomSource& random, std::uint64_t count) { return random.below(count) == 0; }

Duration up_to(RandomSource& random, Duration bound) {
  return Duration(static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(bound.count()) + 1)));
}

AgentManners random_manners(RandomSource& random) {
  AgentManners manners;
  manners.rings_after = up_to(random, 500ms);
  manners.answers_after = up_to(random, 5s);
  if (one_in(random, 3)) {
    std::uint64_t choice = random.below(4);
    constexpr int refusals[] = {404, 486, 503, 603};
    manners.rejects_with = refusals[choice];
  }
  if (one_in(random, 4)) manners.talks_for = up_to(random, 20s);
  return manners;
}

}  // namespace

CallPlan random_plan(std::uint64_t seed) {
  RandomSource random(seed_from_number(seed));
  CallPlan plan;
  plan.proxies = 1 + random.below(2);
  plan.first_is_stateless = plan.proxies == 2 && one_in(random, 4);
  plan.record_route = !one_in(random, 3);
  plan.caller_over_tcp = plan.record_route && !plan.first_is_stateless && one_in(random, 4);
  plan.quality.latency = up_to(random, 50ms);
  plan.quality.jitter = up_to(random, 50ms);
  plan.quality.loss = static_cast<std::uint32_t>(random.below(300'001));
  plan.quality.duplicate = static_cast<std::uint32_t>(random.below(300'001));
  plan.quality.reorder = static_cast<std::uint32_t>(random.below(300'001));
  std::uint64_t callees = 1 + random.below(3);
  for (std::uint64_t i = 0; i < callees; ++i) plan.callees.push_back(random_manners(random));
  plan.talk = up_to(random, 30s);
  plan.gives_up = one_in(random, 4);
  plan.gives_up_after = up_to(random, 6s);
  return plan;
}

std::string to_string(const CallPlan& plan) {
  std::string text =
      std::to_string(plan.proxies) + " proxies" + (plan.first_is_stateless ? ", the first stateless" : "") +
      (plan.record_route ? ", record-route" : "") + (plan.caller_over_tcp ? ", caller over TCP" : "") + ", latency " +
      seconds_text(plan.quality.latency) + ", jitter " + seconds_text(plan.quality.jitter) + ", ppm lost " +
      std::to_string(plan.quality.loss) + ", doubled " + std::to_string(plan.quality.duplicate) + ", reordered " +
      std::to_string(plan.quality.reorder) + ", talk " + seconds_text(plan.talk);
  if (plan.gives_up) text += ", gives up after " + seconds_text(plan.gives_up_after);
  for (const AgentManners& callee : plan.callees) {
    text +=
        "; rings after " + seconds_text(callee.rings_after) + ", answers after " + seconds_text(callee.answers_after);
    if (callee.rejects_with) text += " with " + std::to_string(callee.rejects_with);
    if (callee.talks_for) text += ", hangs up after " + seconds_text(*callee.talks_for);
  }
  return text;
}

CallOutcome run_call(const CallPlan& plan, std::uint64_t seed) { return CallWorld(plan, seed).run(); }

}  // namespace intermediary::sim
