// A binding: where an address of record can be reached, for how long, and who said so (RFC 3261 §10).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/flow.h"
#include "base/instance.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "message/uri.h"

namespace intermediary {

struct BindingTag;
// Grows with every new binding. A refresh keeps it, unless the contact has an instance.
using BindingId = StrongId<BindingTag>;

struct Binding {
  BindingId id;
  std::string contact;            // the URI
  std::string parameters;         // of the Contact, ";q=0.5;+sip.instance=…", without expires and GRUUs
  std::string call_id;            // of the REGISTER that wrote it last, like everything below
  std::vector<std::string> path;  // RFC 3327 §5.3, in order
  TimePoint expires{};
  Arrival arrival;
  // Not 0: the contact is a connection of another process that shares the store (location/stored.h), and that is the
  // process. Nobody is reached through it here.
  std::uint64_t elsewhere = 0;
  std::uint32_t cseq = 0;
  // RFC 5626 §6: not 0 where the binding is a flow. It is known by this number and its instance, not by its contact,
  // and without a Path it is reached where its REGISTER came from.
  std::uint32_t reg_id = 0;
  std::uint32_t gruu_epoch = 0;  // temporary GRUUs of another epoch are void (RFC 5627 §5.1); 0 without an instance
  InstancePlace instance_place;
  std::int16_t q_thousandths = 1000;
  // The contact is the connection itself: no other can be opened to it, so it ends with arrival.flow.
  bool ends_with_flow = false;

  std::string_view instance() const { return instance_place.in(parameters); }

  friend bool operator==(const Binding&, const Binding&) = default;
};

// One contact that a REGISTER names.
struct ContactUpdate {
  Uri uri;
  std::string parameters;
  std::chrono::seconds expires{0};  // zero removes
  std::int16_t q_thousandths = 1000;
  bool ends_with_flow = false;
  std::uint32_t reg_id = 0;  // only together with an instance
  InstancePlace instance_place{};

  std::string_view instance() const { return instance_place.in(parameters); }
};

// What one REGISTER asks for one address of record: all of it is done, or nothing.
struct Registration {
  std::string call_id;
  std::uint32_t cseq = 0;
  bool remove_all = false;  // "Contact: *"; then `contacts` is empty
  std::vector<ContactUpdate> contacts;
  std::vector<std::string> path;
  Arrival arrival;
};

}  // namespace intermediary
