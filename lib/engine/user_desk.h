// Requests that wait until a store has said who somebody is, as plain values.
//
// Nothing has been decided about such a request yet, and it has no transaction: it comes in again as it was when its
// user is known. Its repetitions end here meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/timer_queue.h"
#include "message/message.h"
#include "policy/digest.h"
#include "transport/resolve.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t user_waits = 10'000;  // requests, all together
}

struct UserAnswer {
  std::string auth, realm, user;
  UserTold told;
};

struct UserWait {
  MessagePtr request;
  Arrival arrival;
  std::uint64_t key = 0;              // of its repetitions and its CANCEL
  QueryId query{};                    // for whose answer it waits
  std::vector<UserAnswer> answers{};  // that it has had: nobody is asked for twice
};

struct UserQuestion {
  std::string auth, realm, user;
  std::vector<std::uint64_t> tickets;  // who waits for its answer
  TimerHandle deadline{};
};

struct UserDesk {
  std::uint64_t last_ticket = 0;
  std::map<std::uint64_t, UserWait> waits;  // by ticket
  std::map<std::uint64_t, std::uint64_t> by_key;
  std::map<IpAddress, std::uint32_t> by_source;
  std::map<QueryId, UserQuestion> questions;
  std::map<std::pair<std::string, std::string>, QueryId> by_user;  // by auth and user
  std::set<std::string> down;                                      // stores, by auth
  std::map<std::string, TimePoint> problem_told;                   // when that of a user was, by auth

  // REQUIRES: it waits.
  UserWait take(std::uint64_t ticket) {
    UserWait wait = std::move(waits.extract(ticket).mapped());
    by_key.erase(wait.key);
    const auto source = by_source.find(wait.arrival.remote.address);
    if (--source->second == 0) by_source.erase(source);
    return wait;
  }

  // Of what was read: whether somebody made it.
  bool is_coherent() const {
    std::size_t waiting = 0;
    for (const auto& [query, question] : questions) {
      waiting += question.tickets.size();
      const auto own = by_user.find({question.auth, question.user});
      const auto waits_for_it = [&](std::uint64_t ticket) {
        const auto wait = waits.find(ticket);
        return wait != waits.end() && wait->second.query == query;
      };
      if (own == by_user.end() || own->second != query) return false;
      if (!std::ranges::all_of(question.tickets, waits_for_it)) return false;
    }
    std::map<IpAddress, std::uint32_t> sources;
    for (const auto& [ticket, wait] : waits) {
      const auto key = by_key.find(wait.key);
      if (ticket > last_ticket || !wait.request || !wait.request->is_request()) return false;
      if (key == by_key.end() || key->second != ticket) return false;
      const auto question = questions.find(wait.query);
      if (question == questions.end() || std::ranges::count(question->second.tickets, ticket) != 1) return false;
      ++sources[wait.arrival.remote.address];
    }
    return waiting == waits.size() && by_user.size() == questions.size() && by_key.size() == waits.size() &&
           sources == by_source;
  }
};

}  // namespace intermediary
