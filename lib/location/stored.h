// Bindings as a store outside of the process keeps them, and back.
//
// Times are those of the wall clock there, listeners have their names, and a connection is one of the process that has
// it. What is read has lost what cannot be used: a contact that was a connection which is gone (RFC 5626 §7: there is
// no other way to it). A connection of another process that shares the store is none of ours, and none to throw away.
#pragma once

#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "location/binding.h"

namespace intermediary {

// What a process is to the records that it reads and writes.
struct StoreHome {
  std::uint64_t process = 0;  // not 0, and of this process alone
  bool is_shared = false;     // others live beside it; else what another wrote is of one that has ended
  Duration wall_offset{0};    // from monotonic time to the wall clock
  std::function<std::string(ListenerId)> listener_name;
  std::function<ListenerId(std::string_view name, Transport)> listener;  // none: there is no such listener
  std::function<bool(FlowId)> is_open;
};

// "" for no bindings.
std::string write_bindings(std::span<const Binding> bindings, const StoreHome& home);
// Without ids, the oldest first. The error says why that is no record.
std::expected<std::vector<Binding>, std::string> read_bindings(std::string_view bytes, const StoreHome& home);

}  // namespace intermediary
