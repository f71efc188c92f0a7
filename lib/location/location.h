// The location service (RFC 3261 §10, §16.5): the bindings of every address of record, in memory.
//
// Contract: keys are address_of_record(uri). Nothing outlives its expiry as long as the owner comes back at
// next_expiry(): call expire(now) before anything else happens at `now`. An update takes and gives plain values and is
// all or nothing. With a store outside of this process (location/store.h) this is what is known of it: plan() before it
// is asked to write, adopt() with all that it says. No result depends on the order of a table's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "event/event.h"
#include "location/binding.h"

namespace intermediary {

enum class UpdateRefusal : std::uint8_t {
  OutOfOrder,       // same Call-ID, CSeq not higher than a binding's (RFC 3261 §10.3 steps 6 and 7)
  TooManyContacts,  // the address of record would grow beyond its limit
  Full,             // all addresses of record together would
};

class Location {
 public:
  using Changes = std::vector<BindingChanged>;

  explicit Location(std::size_t max_bindings = limit::bindings) : max_bindings_(max_bindings) {}
  Location(Location&&) = default;
  Location& operator=(Location&&) = default;

  // The highest q first, among equals the newest: by when they were bound, those of an instance by when they were last
  // written (RFC 5627 §6.1). Valid until the next change.
  std::span<const Binding> bindings(std::string_view address_of_record) const;
  // RFC 3261 §10.3 steps 6 and 7. Where one contact is named twice, the last counts. A contact with a reg-id is the one
  // that was bound with the same instance and reg-id before, whatever its URI (RFC 5626 §6).
  std::expected<Changes, UpdateRefusal> update(TimePoint now, const std::string& address_of_record,
                                               const Registration& registration, std::size_t max_contacts);
  // The same in two steps, for whoever has to have it stored between them: what would be bound then, by whom it was
  // changed, and nothing is done yet.
  struct Update {
    std::vector<Binding> bindings;
    Changes changes;
    BindingId last_id{};
  };
  std::expected<Update, UpdateRefusal> plan(TimePoint now, const std::string& address_of_record,
                                            const Registration& registration, std::size_t max_contacts) const;
  // What a store outside of this process says that is bound, the oldest first, instead of what is known here. What is
  // over by now is left out; ids are given anew. False, and nothing done: there is no room for so many.
  bool adopt(TimePoint now, const std::string& address_of_record, std::vector<Binding> bindings);
  // The connection is gone, and with it the contacts that it was.
  Changes remove_flow(FlowId flow);
  // Some contact is that connection.
  bool depends_on(FlowId flow) const;

  std::optional<TimePoint> next_expiry() const;
  // Removes what is due at or before `now`, in the order of expiry.
  Changes expire(TimePoint now);

  std::size_t binding_count() const { return by_expiry_.size(); }
  // Whether any contact is a flow of RFC 5626.
  bool has_flows() const { return flows_ != 0; }
  // Whether any contact has an instance, and so GRUUs.
  bool has_gruus() const { return instances_ != 0; }
  std::size_t address_count() const { return records_.size(); }

  // At most so many, by address of record: `each(address, binding)`.
  void for_each(std::size_t most, const std::function<void(const std::string&, const Binding&)>& each) const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  using Bindings = std::vector<Binding>;
  using Address = const std::string*;  // a key of records_, which stay where they are

  void commit(const std::string& address_of_record, Bindings bindings);
  void index(const Binding& binding, Address address);
  void unindex(const Binding& binding);
  BindingChanged remove(Address address, BindingId id, BindingChanged::Change change);

  std::map<std::string, Bindings, std::less<>> records_;
  std::map<std::pair<TimePoint, BindingId>, Address> by_expiry_;
  std::map<std::pair<FlowId, BindingId>, Address> by_flow_;
  BindingId last_id_{};
  std::size_t flows_ = 0;      // bindings with a reg-id
  std::size_t instances_ = 0;  // bindings with an instance
  std::size_t max_bindings_;
};

}  // namespace intermediary
