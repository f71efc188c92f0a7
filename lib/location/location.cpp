#include "location/location.h"

#include <algorithm>
#include <tuple>

#include "base/instance.h"

namespace intermediary {
namespace {

using Change = BindingChanged::Change;

// RFC 3261 §10.3 step 7: by the URI comparison rules. Most refreshes repeat their text. A flow is known by its instance
// and reg-id alone: behind NATs many have the same URI (RFC 5626 §6).
bool is_contact(const Binding& binding, const ContactUpdate& contact, std::string_view uri_text) {
  if (binding.reg_id != contact.reg_id) return false;
  if (contact.reg_id != 0) return is_same_instance(binding.instance(), contact.instance());
  if (binding.contact == uri_text) return true;
  const auto bound = Uri::parse(binding.contact);
  return bound && equivalent(*bound, contact.uri);
}

bool goes_before(const Binding& a, const Binding& b) {
  return std::tie(a.q_thousandths, a.id) > std::tie(b.q_thousandths, b.id);
}

// A registration on its way: the bindings as they will be if all of it succeeds.
class Draft {
 public:
  Draft(TimePoint now, const std::string& address_of_record, const Registration& registration,
        std::span<const Binding> committed, BindingId last_id)
      : now_(now),
        address_of_record_(address_of_record),
        registration_(registration),
        committed_(committed),
        bindings_(committed.begin(), committed.end()),
        last_id_(last_id) {}

  bool remove_all() {
    if (std::any_of(bindings_.begin(), bindings_.end(), [&](const Binding& b) { return is_out_of_order(b); })) {
      return false;
    }
    for (const Binding& binding : bindings_) note(binding.contact, Change::Removed);
    bindings_.clear();
    return true;
  }

  bool apply(const ContactUpdate& contact) {
    const std::string text = contact.uri.to_string();
    const auto found = std::find_if(bindings_.begin(), bindings_.end(),
                                    [&](const Binding& binding) { return is_contact(binding, contact, text); });
    if (found == bindings_.end()) {
      if (contact.expires.count() > 0) add(contact, text);
      return true;
    }
    if (is_out_of_order(*found)) return false;
    if (contact.expires.count() > 0) {
      write(*found, contact, text);
      note(text, Change::Refreshed);
    } else {
      note(found->contact, Change::Removed);
      bindings_.erase(found);
    }
    return true;
  }

  std::size_t size() const { return bindings_.size(); }
  std::size_t growth() const { return size() > committed_.size() ? size() - committed_.size() : 0; }

  std::vector<Binding> take_bindings() {
    std::sort(bindings_.begin(), bindings_.end(), goes_before);
    return std::move(bindings_);
  }
  std::vector<BindingChanged> take_changes() { return std::move(changes_); }
  BindingId last_id() const { return last_id_; }

 private:
  // Judged by the binding as it was: what this registration itself has written is no older than itself.
  bool is_out_of_order(const Binding& binding) const {
    const auto before = std::find_if(committed_.begin(), committed_.end(),
                                     [&](const Binding& committed) { return committed.id == binding.id; });
    return before != committed_.end() && before->call_id == registration_.call_id && before->cseq >= registration_.cseq;
  }

  void add(const ContactUpdate& contact, const std::string& text) {
    Binding binding;
    binding.id = next_id();
    write(binding, contact, text);
    bindings_.push_back(std::move(binding));
    note(text, Change::Added);
  }

  BindingId next_id() {
    ++last_id_.value;
    return last_id_;
  }

  // RFC 5627 §5.1: all that was handed out for the instance stays good as long as one of its bindings lives and none is
  // refreshed under another Call-ID. The epoch of those that stand already, or a new one for all of them.
  std::uint32_t epoch_of(const ContactUpdate& contact, BindingId id) {
    const Binding* any = nullptr;
    const Binding* last = nullptr;  // the one whose Call-ID counts
    for (const Binding& binding : bindings_) {
      if (!is_same_instance(binding.instance(), contact.instance())) continue;
      any = &binding;
      if (binding.reg_id == contact.reg_id && (!last || last->id < binding.id)) last = &binding;
    }
    if (any && (!last || last->call_id == registration_.call_id)) return any->gruu_epoch;
    const auto epoch = static_cast<std::uint32_t>(id.value);
    for (Binding& binding : bindings_) {
      if (is_same_instance(binding.instance(), contact.instance())) binding.gruu_epoch = epoch;
    }
    return epoch;
  }

  void write(Binding& binding, const ContactUpdate& contact, const std::string& text) {
    if (contact.instance().empty()) {
      binding.gruu_epoch = 0;
    } else {
      const BindingId id = next_id();
      binding.gruu_epoch = epoch_of(contact, id);
      binding.id = id;
    }
    binding.reg_id = contact.reg_id;
    binding.instance_place = contact.instance_place;
    binding.contact = text;
    binding.parameters = contact.parameters;
    binding.call_id = registration_.call_id;
    binding.path = registration_.path;
    binding.expires = now_ + contact.expires;
    binding.arrival = registration_.arrival;
    binding.cseq = registration_.cseq;
    binding.q_thousandths = contact.q_thousandths;
    binding.ends_with_flow = contact.ends_with_flow && registration_.arrival.flow;
    binding.elsewhere = 0;
  }

  void note(const std::string& contact, Change change) { changes_.push_back({address_of_record_, contact, change}); }

  TimePoint now_;
  const std::string& address_of_record_;
  const Registration& registration_;
  std::span<const Binding> committed_;
  std::vector<Binding> bindings_;
  std::vector<BindingChanged> changes_;
  BindingId last_id_;
};

}  // namespace

std::span<const Binding> Location::bindings(std::string_view address_of_record) const {
  const auto record = records_.find(address_of_record);
  if (record == records_.end()) return {};
  return record->second;
}

std::expected<Location::Changes, UpdateRefusal> Location::update(TimePoint now, const std::string& address_of_record,
                                                                 const Registration& registration,
                                                                 std::size_t max_contacts) {
  if (!registration.remove_all && registration.contacts.empty()) return Changes();
  auto update = plan(now, address_of_record, registration, max_contacts);
  if (!update) return std::unexpected(update.error());
  last_id_ = update->last_id;
  commit(address_of_record, std::move(update->bindings));
  return std::move(update->changes);
}

std::expected<Location::Update, UpdateRefusal> Location::plan(TimePoint now, const std::string& address_of_record,
                                                              const Registration& registration,
                                                              std::size_t max_contacts) const {
  Draft draft(now, address_of_record, registration, bindings(address_of_record), last_id_);
  bool in_order = !registration.remove_all || draft.remove_all();
  for (const ContactUpdate& contact : registration.contacts) in_order = in_order && draft.apply(contact);
  if (!in_order) return std::unexpected(UpdateRefusal::OutOfOrder);
  if (draft.growth() > 0 && draft.size() > max_contacts) return std::unexpected(UpdateRefusal::TooManyContacts);
  if (draft.growth() > 0 && binding_count() + draft.growth() > max_bindings_)
    return std::unexpected(UpdateRefusal::Full);
  return Update{draft.take_bindings(), draft.take_changes(), draft.last_id()};
}

// An epoch of GRUUs is an id, and the next one must be another.
bool Location::adopt(TimePoint now, const std::string& address_of_record, std::vector<Binding> bindings) {
  std::erase_if(bindings, [&](const Binding& binding) { return binding.expires <= now; });
  const std::size_t known = this->bindings(address_of_record).size();
  if (binding_count() - known + bindings.size() > max_bindings_) return false;
  for (Binding& binding : bindings) {
    ++last_id_.value;
    last_id_.value = std::max<std::uint64_t>(last_id_.value, binding.gruu_epoch);
    binding.id = last_id_;
  }
  std::sort(bindings.begin(), bindings.end(), goes_before);
  commit(address_of_record, std::move(bindings));
  return true;
}

bool Location::depends_on(FlowId flow) const {
  const auto found = by_flow_.lower_bound({flow, BindingId{}});
  return found != by_flow_.end() && found->first.first == flow;
}

Location::Changes Location::remove_flow(FlowId flow) {
  Changes changes;
  while (true) {
    const auto next = by_flow_.lower_bound({flow, BindingId{}});
    if (next == by_flow_.end() || next->first.first != flow) return changes;
    changes.push_back(remove(next->second, next->first.second, Change::Removed));
  }
}

std::optional<TimePoint> Location::next_expiry() const {
  if (by_expiry_.empty()) return std::nullopt;
  return by_expiry_.begin()->first.first;
}

Location::Changes Location::expire(TimePoint now) {
  Changes changes;
  while (!by_expiry_.empty() && by_expiry_.begin()->first.first <= now) {
    const auto& [key, address] = *by_expiry_.begin();
    changes.push_back(remove(address, key.second, Change::Expired));
  }
  return changes;
}

void Location::commit(const std::string& address_of_record, Bindings bindings) {
  const auto before = records_.find(address_of_record);
  if (before != records_.end()) {
    for (const Binding& binding : before->second) unindex(binding);
    if (bindings.empty()) records_.erase(before);
  }
  if (bindings.empty()) return;
  const auto after = records_.insert_or_assign(address_of_record, std::move(bindings)).first;
  after->second.shrink_to_fit();
  for (const Binding& binding : after->second) index(binding, &after->first);
}

void Location::index(const Binding& binding, Address address) {
  by_expiry_[{binding.expires, binding.id}] = address;
  if (binding.reg_id != 0) ++flows_;
  if (!binding.instance().empty()) ++instances_;
  if (binding.ends_with_flow && binding.elsewhere == 0) by_flow_[{binding.arrival.flow, binding.id}] = address;
}

void Location::unindex(const Binding& binding) {
  by_expiry_.erase({binding.expires, binding.id});
  if (binding.reg_id != 0) --flows_;
  if (!binding.instance().empty()) --instances_;
  by_flow_.erase({binding.arrival.flow, binding.id});
}

BindingChanged Location::remove(Address address, BindingId id, Change change) {
  const auto record = records_.find(*address);
  Bindings& bindings = record->second;
  const auto gone = std::find_if(bindings.begin(), bindings.end(), [&](const Binding& b) { return b.id == id; });
  BindingChanged changed{*address, std::move(gone->contact), change};
  unindex(*gone);
  bindings.erase(gone);
  if (bindings.empty()) records_.erase(record);
  return changed;
}

void Location::for_each(std::size_t most, const std::function<void(const std::string&, const Binding&)>& each) const {
  for (const auto& [address, bindings] : records_) {
    for (const Binding& binding : bindings) {
      if (most-- == 0) return;
      each(address, binding);
    }
  }
}

}  // namespace intermediary
