// A store of bindings in virtual time, as nodes see one (location/store.h): outside of their processes, shared by those
// that name it, and down or slow when a scenario says so.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "location/store.h"
#include "policy/digest.h"

namespace intermediary::sim {

// What a line of a scenario does to it.
struct StoreChange {
  std::optional<bool> is_down{};
  std::optional<Duration> latency{};  // until it has done what it is asked, and its reply is there
};

// Users that a store has, and a realm of a node looks up.
struct StoredUsers {
  std::string store;
  std::string auth;   // of the node's realms, by name
  std::string realm;  // as users see it
  std::map<std::string, UserSecrets, std::less<>> users{};
};

class VirtualStore {
 public:
  void apply(const StoreChange& change);
  // When what is asked now is done: one thing after the other, in the order in which they are asked.
  TimePoint done_at(TimePoint now);
  StoreReply carry_out(const StoreOperation& operation);
  void put(StoredRecord record);
  void put_users(const StoredUsers& users);

 private:
  StoreReply replace(const ReplaceRecord& replace);

  std::map<std::string, StoredRecord> records_;
  std::map<std::pair<std::string, std::string>, UserSecrets> users_;  // by realm and name
  bool is_down_ = false;
  Duration latency_{0};
  TimePoint last_{};
};

}  // namespace intermediary::sim
