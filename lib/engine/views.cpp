// What stands in the tables, for people to look at.
#include "engine/core.h"

namespace intermediary {

std::vector<CallView> EngineCore::calls(std::size_t most) const {
  if (ledger_) return ledger_->views(now_, most);
  std::vector<CallView> views;
  for (const DialogSetId id : dialogs_.all()) {
    if (views.size() == most) break;
    const DialogSet& set = *dialogs_.find(id);
    CallView view;
    view.call.started = WallTime(wall_offset_ + set.started.time_since_epoch());
    view.call.call_id = set.call_id;
    view.call.caller_tag = set.caller_tag;
    view.call.caller = set.caller;
    view.call.callee = set.callee;
    view.call.rule = set.rule;
    if (peers_.knows(PeerId{set.peer})) view.peer = peers_.name_of(PeerId{set.peer});
    for (const DialogId dialog : set.dialogs) view.answered |= dialogs_.find(dialog)->state == DialogState::Confirmed;
    view.lasted = now_ - set.started;
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<BindingView> EngineCore::registrations(std::size_t most) const {
  std::vector<BindingView> views;
  location_.for_each(most, [&](const std::string& address, const Binding& binding) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(binding.expires - now_);
    views.push_back({address, binding.contact, binding.arrival.remote, binding.arrival.transport, left});
  });
  return views;
}

std::vector<PeerTable::View> EngineCore::peers() const {
  return peers_.views(now_, [this](PeerId peer) { return dialogs_.calls_to(peer.value); });
}

std::vector<TrunkRegistrationView> EngineCore::trunk_registrations() const {
  return registrant_ ? registrant_->views(now_) : std::vector<TrunkRegistrationView>();
}

std::vector<RuleView> EngineCore::rules() const {
  std::vector<RuleView> views;
  for (std::size_t i = 0; i < config_.rules.size(); ++i) views.push_back({config_.rules[i].name, rule_hits_[i]});
  return views;
}

}  // namespace intermediary
