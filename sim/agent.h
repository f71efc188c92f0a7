// The reference user agent: acts by itself on top of a party's memory, with the retransmissions of RFC 3261 §17 and
// §13.3.1.4 and the manners of §8 to §15. Written apart from lib/transaction, so that a mistake there cannot hide
// behind its twin here.
//
// It registers, and again before that ends; calls and is called, answers OPTIONS, hangs up; holds a call and resumes it
// (RFC 3264 §8.4), transfers it and lets itself be transferred, blind and attended (agent_transfer.cpp), keeps session
// timers (RFC 4028) and answers challenges (agent_session.cpp). Every 2xx is acknowledged; a second one (another
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
  int rejects_with = 0;                     // 0: answers
  std::optional<Duration> talks_for;        // hangs up this long after it answered
  bool reliable = false;                    // its transport repeats for it
  std::chrono::seconds expires{3600};       // that it registers for
  bool outbound = false;                    // as a flow (RFC 5626)
  bool old_ack = false;                     // that of a 2xx has its INVITE's Via, as in RFC 2543
  std::chrono::seconds session_expires{0};  // asks for session timers; 0: has those that others ask for
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

  // Registers its contact, and refreshes that from then on.
  void enroll(TimePoint now, Party& self, HostId registrar, const std::string& registrar_uri);
  // Hangs up after `talk`; without it, it waits for the other side.
  void call(TimePoint now, Party& self, HostId via, const std::string& uri, std::optional<Duration> talk);
  // Gives up the call it is making, as soon as that may be cancelled (§9.1).
  void give_up(TimePoint now);

  // Of the call that began last; false when there is none. `direction` is the attribute of RFC 8866 §6.7 that says what
  // of the media is left: sendonly, inactive; sendrecv resumes.
  bool change_media(TimePoint now, Party& self, const std::string& direction);
  // A REFER to `target`; the call ends when the other side has reached it.
  bool transfer(TimePoint now, Party& self, const std::string& target);
  // A REFER to whom its last call reached, in the call before that: an attended transfer. False without two calls.
  bool transfer_attended(TimePoint now, Party& self);

  void hear(TimePoint now, Party& self, const Heard& heard);
  void wake(TimePoint now, Party& self);
  std::optional<TimePoint> next_deadline() const;
  // Nothing is under way; calls may stand, and wait for their refreshes.
  bool idle() const { return !next_step(); }
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

  // A dialog in which it talks.
  struct Talk {
    std::string call_id;
    std::string remote_tag;
    WireMessage theirs;  // of that dialog
    HostId to;
    std::string direction = "sendrecv";
    int version = 1;  // of its session description
    bool is_caller = false;
    std::chrono::seconds interval{0};  // of the session timer
    std::optional<TimePoint> refresh_at, ends_at, tries_again_at;
  };
  // A REFER that it follows: the call that came of it.
  struct Referral {
    WireMessage refer;
    HostId to;
    std::string call_id;
  };

  std::optional<TimePoint> next_step() const;
  void learn_of_session(TimePoint now, Party& self, ClientRequest& request, const Heard& heard);
  void talk_as_callee(TimePoint now, const ServerRequest& request);
  void keep_time(TimePoint now, Talk& talk, const WireMessage& answer, bool is_client);
  void ask_for_session_timer(WireMessage& invite) const;
  void dress_answer(const WireMessage& request, WireMessage& response, const std::string& name) const;
  void offer_again(TimePoint now, Party& self, Talk& talk);
  void wake_talks(TimePoint now, Party& self);
  bool failed_within(TimePoint now, Party& self, const WireMessage& request, const WireMessage& response);
  // The same request with what the answer asks for instead: credentials, a longer interval.
  std::optional<WireMessage> corrected(Party& self, const WireMessage& request, const WireMessage& response);
  void registered(TimePoint now, Party& self, const WireMessage& response);
  void registration_failed(TimePoint now);
  void register_again(TimePoint now, Party& self);
  bool refer(TimePoint now, Party& self, const Talk& talk, const std::string& target);
  bool hear_refer(TimePoint now, Party& self, const Heard& heard);
  // 0: the INVITE replaces no call.
  int status_of_replacement(Party& self, const WireMessage& invite);
  const Talk* talk_that_is_replaced(Party& self, const WireMessage& invite);
  void take_replacement(TimePoint now, Party& self);
  void hear_notify(TimePoint now, Party& self, const Heard& heard);
  void tell_referrers(TimePoint now, Party& self);
  void notify(TimePoint now, Party& self, const Referral& referral, int status);
  // An INVITE of its own is under way in that dialog (RFC 3261 §14.2).
  bool offers_within(const std::string& call_id, const std::string& remote_tag) const;
  Talk* talk_of(const std::string& call_id, const std::string& remote_tag);

  void call(TimePoint now, WireMessage invite, HostId via, std::optional<Duration> talk);
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
  struct Registration {
    HostId registrar;
    std::string uri;
    std::chrono::seconds expires{3600};  // as asked for, or the least that is granted
    bool stands = false;
    std::optional<TimePoint> refresh_at;
  };
  std::optional<Registration> registration_;
  std::vector<Talk> talks_;
  std::vector<Referral> referrals_;
  std::vector<Outgoing> outgoing_;
  std::vector<CallRecord> calls_;
  std::vector<std::pair<std::string, int>> answers_;
};

}  // namespace intermediary::sim
