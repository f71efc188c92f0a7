// From an address of record, or a GRUU, to targets (RFC 3261 §16.5, RFC 5626 §7, RFC 5627 §6.1).
#include <algorithm>
#include <utility>

#include "base/instance.h"
#include "engine/core.h"
#include "location/gruu.h"

namespace intermediary {

namespace {

Refusal nobody_there() { return {480, "nobody is registered there", {}}; }

// A flow to us is the way there, by its connection or, of datagrams, to where its REGISTER came from.
std::optional<Hop> flow_of(const Binding& binding) {
  if (!binding.path.empty() || (!binding.ends_with_flow && binding.reg_id == 0)) return std::nullopt;
  const Arrival& arrival = binding.arrival;
  return Hop{arrival.transport, arrival.remote, arrival.listener, arrival.flow};
}

// RFC 5630 §5.3: a SIP request reaches a SIPS contact as SIP, and over TLS.
void make_sip(Target& target) {
  if (!target.hop && target.path.empty()) target.next_hop = target.uri;
  target.uri.scheme = Uri::Scheme::Sip;
  target.uri.written_scheme.clear();
}

// Nullopt for a mailto: it is a contact (RFC 3261 §10.2.1), but no target of a SIP request. Nor is a SIP contact one of
// a SIPS request (RFC 5630 §5.3). Nor is a connection of another process one of ours.
std::optional<Target> target_of(const Binding& binding, bool sips) {
  if (binding.elsewhere != 0) return std::nullopt;
  std::optional<Target> target(std::in_place);
  const bool is_uri = !Uri::parse_into(target->uri, binding.contact);
  if (!is_uri || !target->uri.is_sip() || (sips && !target->uri.is_sips())) {
    target.reset();
    return target;
  }
  target->q_thousandths = binding.q_thousandths;
  target->path = binding.path;
  target->features = binding.parameters;
  target->hop = flow_of(binding);
  target->is_flow = binding.reg_id != 0;
  target->instance_place = binding.instance_place;
  if (!sips && target->uri.is_sips()) make_sip(*target);
  return target;
}

// The targets of bindings that come best first: one for each user agent, and its other bindings behind it.
class Selection {
 public:
  void add(const Binding& binding, Target&& target) {
    const std::string_view instance = binding.instance();
    const auto known =
        std::ranges::find_if(agents_, [&](const Agent& a) { return is_same_instance(a.instance, instance); });
    if (known != agents_.end()) return add_to(*known, binding, std::move(target));
    const std::size_t index = targets_.size();
    if (targets_.add(std::move(target)) && !instance.empty()) agents_.push_back({instance, index, {&binding}});
  }

  std::expected<TargetSet, Refusal> take() {
    // RFC 3261 §16.5: 404 would claim to know that there is no such user.
    if (targets_.empty()) return std::unexpected(nobody_there());
    if (has_others_first_) targets_.order_by_q();
    return std::move(targets_);
  }

 private:
  struct Agent {
    std::string_view instance;
    std::size_t index;
    std::vector<const Binding*> bindings;  // in the order in which they are tried
  };

  // RFC 5627 §6.1: whoever has started anew may have left a contact behind, so the one refreshed last comes first,
  // whatever their q. Flows are there together, and keep their order.
  void add_to(Agent& agent, const Binding& binding, Target&& target) {
    const auto is_older = [&](const Binding* other) {
      return binding.reg_id == 0 && other->reg_id == 0 && other->id < binding.id;
    };
    const auto next = std::ranges::find_if(agent.bindings, is_older);
    const auto before = static_cast<std::size_t>(next - agent.bindings.begin());
    if (before == 0) has_others_first_ = true;
    targets_.add_alternative(agent.index, before, std::move(target));
    agent.bindings.insert(next, &binding);
  }

  TargetSet targets_;
  std::vector<Agent> agents_;
  bool has_others_first_ = false;  // a target has another's place, and maybe another q
};

}  // namespace

// A Route to elsewhere would carry a stranger's request past the location service: an open relay.
bool EngineCore::leads_past_us(const Preprocessed& request) { return request.next_route && !request.in_our_dialog; }

Refusal EngineCore::foreign_route(const Preprocessed& request) {
  return {403, "its Route leads to " + request.next_route->uri.host + ", which no rule allows", {}};
}

// RFC 5630 §5.3, §8: the caller may try again without SIPS.
Refusal EngineCore::no_sips() const {
  const std::string agent = names_.find(ListenerId{1})->sent_by;
  return {
      480, "nobody is registered there with a SIPS contact", {{"Warning", "380 " + agent + " \"SIPS Not Allowed\""}}};
}

std::expected<TargetSet, Refusal> EngineCore::look_up(const Preprocessed& request) const {
  if (leads_past_us(request)) return std::unexpected(foreign_route(request));
  const Uri& uri = request.request_uri;
  if (!uri.parameters.empty() && uri.has_parameter(gruu_parameter)) return look_up_gruu(request);
  Selection selection;
  const auto bindings = location_.bindings(address_of_record(uri));
  for (const Binding& binding : bindings) {
    if (auto target = target_of(binding, uri.is_sips())) selection.add(binding, std::move(*target));
  }
  auto targets = selection.take();
  if (!targets && uri.is_sips() && !bindings.empty()) return std::unexpected(no_sips());
  return targets;
}

std::expected<TargetSet, Refusal> EngineCore::look_up_gruu(const Preprocessed& request) const {
  const auto gruu = read_gruu(gruu_key_, request.request_uri);
  if (!gruu) return std::unexpected(Refusal{404, "it is addressed to a GRUU that is not ours", {}});
  Selection selection;
  for (const Binding& binding : location_.bindings(gruu->address_of_record)) {
    if (!is_meant(gruu_key_, *gruu, binding)) continue;
    auto target = target_of(binding, request.request_uri.is_sips());
    if (!target) continue;
    // Within a dialog the route set has that part of the way.
    if (request.next_route) {
      target->path.clear();
      target->hop.reset();
      target->next_hop.reset();
      target->is_flow = false;
    }
    selection.add(binding, std::move(*target));
  }
  auto targets = selection.take();
  // RFC 5627 §5.3: a temporary one ends with its last contact, a public one does not.
  if (!targets && gruu->is_temporary()) {
    return std::unexpected(Refusal{404, "it is addressed to a temporary GRUU that is no longer valid", {}});
  }
  return targets;
}

}  // namespace intermediary
