// The reference user agent: acts by itself on top of a party's memory, with the retransmissions of RFC 3261 §17 and
// §13.3.1.4 and the manners of §8 to §15. Written apart from lib/transaction, so that a mistake there cannot hide
// behind its twin here.
//
// It registers, calls and is called, answers OPTIONS, hangs up. Every 2xx is acknowledged; a second one (another
// branch) or one that comes after its own CANCEL is hung up at once, so that nobody is left talking alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/network.h"
#include "sim/party.h"

namespace intermediary::sim {

struct AgentManners {
  Duration rings_after{0};
  Duration answers_after{0};
  int rejects_with = 0;               // 0: answers
  std::optional<Duration> talks_for;  // hangs up this long after it answered
  bool reliable = false;              // its transport repeats for it
};

// One call as one side knows it.
struct CallRecord {
  enum class State : std::uint8_t { Inviting, Talking, Ended, Failed };

  std::string call_id;
  std::string remote_tag;  // of the dialog in which it talks
  bool incoming = false;
  State state = State::Inviting;
  int status = 0;  // the final answer; 408 when none came
  TimePoint began{};
  TimePoint ended{};
};

class Agent {
 public:
  explicit Agent(const AgentManners& manners) : manners_(manners) {}

  struct Outgoing {
    HostId to;
    std::string bytes;
  };

  // Registers its contact for an hour.
  void enroll(TimePoint now, Party& self, HostId registrar, const std::string& registrar_uri);
  // Hangs up after `talk`; without it, it waits for the other side.
  void call(TimePoint now, Party& self, HostId via, const std::string& uri, std::optional<Duration> talk);
  // Gives up the call it is making, as soon as that may be cancelled (§9.1).
  void give_up(TimePoint now);

  void hear(TimePoint now, Party& self, const Heard& heard);
  void wake(TimePoint now, Party& self);
  std::optional<TimePoint> next_deadline() const;
  bool idle() const { return !next_deadline(); }
  std::vector<Outgoing> take_outgoing();

  const std::vector<CallRecord>& calls() const { return calls_; }
  // The final answers of its own requests other than INVITE, by method; 408 for a timeout.
  const std::vector<std::pair<std::string, int>>& answers() const { return answers_; }

 private:
  // A request of ours (§17.1).
  struct ClientRequest {
    WireMessage message;
    HostId to;
    std::string bytes;
    Duration interval{};
    std::optional<TimePoint> repeats_at;
    TimePoint gives_up_at{};
    bool proceeding = false;
    bool to_be_cancelled = false;
    std::optional<Duration> talk;
    std::map<std::string, std::string> acks;  // by To tag
    bool finished = false;                    // kept to acknowledge repetitions
  };
  // A request of theirs and our last answer (§17.2).
  struct ServerRequest {
    Heard heard;
    std::string answer;
    int status = 0;
    std::optional<TimePoint> rings_at;
    std::optional<TimePoint> answers_at;
    Duration interval{};
    std::optional<TimePoint> repeats_at;
    std::optional<TimePoint> gives_up_at;
    std::optional<TimePoint> hangs_up_at;  // the call that this INVITE began
  };

  void begin(TimePoint now, WireMessage message, HostId to, std::optional<Duration> talk);
  void send(HostId to, std::string bytes) { outgoing_.push_back({to, std::move(bytes)}); }
  void hear_response(TimePoint now, Party& self, const Heard& heard);
  void hear_invite_answer(TimePoint now, Party& self, ClientRequest& request, const Heard& heard);
  void accepted(TimePoint now, Party& self, ClientRequest& request, const Heard& heard);
  void hear_request(TimePoint now, Party& self, const Heard& heard);
  void hear_ack(const Heard& heard);
  void hear_cancel(TimePoint now, Party& self, const Heard& heard);
  void hear_bye(TimePoint now, Party& self, const Heard& heard);
  void answer(TimePoint now, Party& self, ServerRequest& request, int status);
  void answer_at_once(Party& self, const Heard& heard, int status);
  void hang_up(TimePoint now, Party& self, const WireMessage& theirs, HostId to);
  void wake_client(TimePoint now, ClientRequest& request);
  void wake_server(TimePoint now, Party& self, ServerRequest& request);
  void hang_up_as_callee(TimePoint now, Party& self, ServerRequest& request);
  CallRecord* record_of(const std::string& call_id);
  void end(TimePoint now, const std::string& call_id, CallRecord::State state, int status);

  AgentManners manners_;
  std::vector<ClientRequest> clients_;
  std::vector<ServerRequest> servers_;
  struct Farewell {
    TimePoint when;
    WireMessage theirs;
    HostId to;
  };
  std::vector<Farewell> farewells_;  // calls of ours that are to be hung up
  std::vector<Outgoing> outgoing_;
  std::vector<CallRecord> calls_;
  std::vector<std::pair<std::string, int>> answers_;
};

}  // namespace intermediary::sim
