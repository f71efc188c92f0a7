// What RFC 3261 makes a user agent repeat and answer again: requests over UDP (§17.1), final answers to INVITE
// (§17.2.1, §13.3.1.4), the last answer to a request that comes again (§17.2), and the ACK of an answer that comes
// again (§17.1.1.2, §13.2.2.4). It decides nothing: first requests and first answers are somebody else's. Apart from
// lib/transaction, so that a mistake there cannot hide behind its twin here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "sim/network.h"
#include "sim/party.h"

namespace intermediary::sim {

class Repeater {
 public:
  struct Sending {
    HostId to;
    std::string bytes;
  };

  // A request, ACK included, that has just been sent.
  void said_request(TimePoint now, HostId to, const std::string& bytes, const WireMessage& message, bool reliable);
  // An answer to `request`, and whether the user agent has made it up by itself.
  void said_answer(TimePoint now, const Heard& request, const std::string& bytes, const WireMessage& message,
                   bool by_itself);
  // `again`: this message has come before.
  void heard(const Heard& heard, bool again);

  bool has_final_answer(const WireMessage& request) const;  // came, or does not count any more
  bool is_answered_by_itself(const WireMessage& response) const;
  // The INVITE of theirs that this CANCEL means, while it has no final answer of ours.
  const Heard* cancelled_by(const WireMessage& cancel) const;
  // An INVITE of theirs with the same Call-ID, CSeq and From tag came on another branch (§8.2.2.2).
  bool is_merged(const WireMessage& invite) const;

  void wake(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  std::vector<Sending> take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  struct Client {
    std::string key;
    std::string call_id;
    HostId to;
    std::string bytes;
    bool invite = false;
    bool proceeding = false;
    bool finished = false;
    Duration interval{};
    std::optional<TimePoint> repeats_at;
    std::optional<TimePoint> gives_up_at;
  };
  struct Server {
    std::string key;
    Heard request;
    std::string answer;
    int status = 0;
    bool by_itself = false;
    Duration interval{};
    std::optional<TimePoint> repeats_at;
    std::optional<TimePoint> gives_up_at;
  };

  void heard_response(const Heard& heard, bool again);
  Client* client_of(const WireMessage& response);
  Server* server_of(const WireMessage& message);

  std::vector<Client> clients_;
  std::vector<Server> servers_;
  std::map<std::string, Sending> acks_;  // by Call-ID, CSeq number and To tag
  std::vector<Sending> outgoing_;
};

}  // namespace intermediary::sim
