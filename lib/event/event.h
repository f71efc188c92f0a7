// What the outside may hear of: typed values, drained from the engine like any other output.
//
// An event is a record of something that happened, never a request; nothing in the core waits for one. Text fields are
// copied from messages and may hold any printable byte: whoever writes them to a log escapes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/flow.h"
#include "base/time.h"
#include "message/parse_error.h"

namespace intermediary {

// A message that was not let in: answered with `status`, or dropped when `status` is 0.
struct MessageRejected {
  Arrival arrival;
  ParseError error;
  int status = 0;
};

// A well-formed request that was refused, and by whom.
struct RequestRefused {
  Arrival arrival;
  std::string call_id;
  std::string method;
  std::string request_uri;
  int status = 0;      // 0: dropped without an answer
  std::string rule;    // the rule's name; "" when none was asked or none matched
  std::string reason;  // one line for people
};

// A response or ACK that belongs to nothing here (RFC 3261 §16.7 step 1 with RFC 6026 §7.3, §18.1.2).
struct StrayDropped {
  Arrival arrival;
  std::string call_id;
  std::string what;  // "response 200 INVITE", "ACK"
  std::string reason;
};

// A message that could not be sent.
struct SendFailed {
  Hop hop;
  std::string call_id;  // "" when not known
  std::string reason;
};

// The end of a proxied request: the final answer that went upstream.
struct RequestCompleted {
  std::string call_id;
  std::string method;
  std::string request_uri;
  std::string rule;
  int status = 0;
  Duration took{};
};

struct BindingChanged {
  std::string address_of_record;
  std::string contact;
  enum class Change : std::uint8_t { Added, Refreshed, Removed, Expired } change = Change::Added;
};

// A peer of a pool or trunk (docs/configuration.md).
struct PeerChanged {
  std::string group;  // "pool:app"
  std::string peer;   // its name
  enum class Change : std::uint8_t {
    Down,     // it gets no more requests
    Up,       // it does again
    Resting,  // it said 503 with Retry-After
    Drained,  // by command: it gets no new calls
    Resumed,  // by command: it does again
  } change = Change::Down;
  std::string reason;
};

struct FlowChanged {
  FlowId flow;
  Transport transport = Transport::Tcp;
  Endpoint remote;
  enum class Change : std::uint8_t { Opened, Closed, Failed } change = Change::Opened;
  std::string reason;
};

// A name server failed, or did not answer.
struct DnsFailed {
  std::string name;
  std::string type;    // "SRV"
  bool stale = false;  // what it said earlier is believed on
  std::string reason;
};

// A domain that offered SIPS by NAPTR does not any more: somebody may be forging its records (RFC 3263 §7).
struct SipsVanished {
  std::string domain;
};

// ---- dialogs that the call-stateful proxy follows (RFC 3261 §12): a start and an end for each

// Who sent the INVITE, and who answered it.
enum class DialogSide : std::uint8_t { Caller, Callee };

struct DialogIdentity {
  std::string call_id;
  std::string caller_tag;
  std::string callee_tag;  // "" before the first tagged answer
  std::string caller;      // the URIs of From and To
  std::string callee;
  std::string rule;
};

struct DialogEnding {
  enum class Cause : std::uint8_t {
    Rejected,           // the INVITE's final answer was no 2xx
    Cancelled,          // the caller's CANCEL
    AnsweredElsewhere,  // another dialog of the same INVITE was confirmed, and no answer came for this one
    Bye,
    SessionExpired,  // RFC 4028 §8.3
    LifetimeOver,    // without a session timer: the configured longest life
  };
  Cause cause = Cause::Rejected;
  std::optional<DialogSide> by{};  // whose doing it was; nullopt: nobody's, time passed
  int status = 0;                  // the answer that ended it, to the INVITE or to the BYE; 0: none
};

// A dialog begins: with its INVITE, and for each further To tag of a fork.
struct DialogStarted {
  DialogIdentity dialog;
};
// A 2xx to its INVITE went upstream.
struct DialogConfirmed {
  DialogIdentity dialog;
  Duration rang{};  // since it began
};
struct DialogEnded {
  DialogIdentity dialog;
  DialogEnding ending;
  Duration lasted{};  // since it began
  Duration talked{};  // since it was confirmed; zero: it never was
};

// A subscription to our own event package (RFC 6665).
struct SubscriptionChanged {
  std::string resource;    // whose dialogs; "": all that are here
  std::string subscriber;  // the URI that is told
  std::string rule;
  enum class Change : std::uint8_t { Added, Refreshed, Ended } change = Change::Added;
  std::string reason;  // of its end
};

// The store of the location service, or of users, does not do what it is asked, or does so again: told once for each of
// the two.
struct StoreChanged {
  bool available = false;
  std::string reason;   // why it is not
  std::string users{};  // the [auth.NAME] whose users it has; "": it is the location service's
};

// ---- calls as they are accounted for: one CallBegun and one CallRecorded for each INVITE outside a dialog that was
// forwarded with state (docs/operating.md, "Records of calls")

struct CallIdentity {
  std::uint64_t number = 0;  // of the engine's calls, from 1
  WallTime started{};        // when the INVITE came
  std::string call_id;
  std::string caller_tag;
  std::string caller;  // the URIs of From and To
  std::string callee;
  std::string request_uri;
  std::string user;  // who had authenticated; "": nobody was asked
  std::string rule;
  std::string listener;  // the name of that by which it came
  Transport transport = Transport::Udp;
  Endpoint source;
};

struct CallBegun {
  CallIdentity call;
};

// How a call ended, as far as it was followed.
enum class CallEnd : std::uint8_t {
  Rejected,        // the INVITE's final answer was no 2xx
  Cancelled,       // the caller's CANCEL
  Unanswered,      // no final answer, and none can come
  NotFollowed,     // it was answered, and its proxy does not follow dialogs: what came then, nobody here knows
  Bye,             // of the last of its dialogs, as the next two
  SessionExpired,  // RFC 4028 §8.3
  LifetimeOver,
  Lost,  // the process ended before: told by the next one that has its spool
};

// Durations are of the monotonic clock: a wall clock that is set changes none.
struct CallRecorded {
  CallIdentity call;
  std::string callee_tag;  // of the first who took it
  std::string peer;        // of a pool or trunk, to which it went last: "trunk:acme/gw1"
  int status = 0;          // the INVITE's final answer; 0: none
  CallEnd end = CallEnd::Rejected;
  std::optional<DialogSide> by{};  // whose doing its end was; nullopt: nobody's
  Duration lasted{};               // from the INVITE to the end
  Duration rang{};                 // from the INVITE to its final answer
  Duration talked{};               // from the first 2xx to the end; zero: none, or it was not followed
};

// Another configuration counts from now on (docs/adr/0054).
struct ConfigurationReloaded {
  std::string changed;  // the parts that are new, as "rule, pool"; "": it says what the one before said
};
// One was offered, and the one that counts goes on to.
struct ConfigurationRefused {
  std::string reason;
};

// More is asked of this node than its configuration lets in ([overload]), or that is over: told once for each of the
// two.
struct OverloadChanged {
  bool overloaded = false;
  std::string reason;         // the limit that was met first
  std::uint64_t refused = 0;  // at its end: how many requests were refused or dropped meanwhile
  Duration lasted{};
};

// A neighbour says that it is overloaded, or that is over (RFC 7339).
struct NeighbourOverload {
  Endpoint neighbour;
  int reduction = 0;       // percent of the requests that it wants less; 0: none any more
  std::uint64_t held = 0;  // at its end: how many were not sent there meanwhile
};

// An HTTP server did not answer, or not with HTTP that we take.
struct HttpFailed {
  std::string server;  // "https://routes.example.com"
  std::string reason;
};

// Whoever was asked where a request goes did not say it.
struct RouteUnanswered {
  std::string source;  // "route_query:crm"
  std::string rule;    // that asked
  std::string call_id;
  std::string reason;
};

// It has failed so often that it is not asked any more for a while, or it answers again.
struct RouteSourceChanged {
  std::string source;
  bool available = true;
  std::string reason;
};

// What an INVITE shows of who calls (RFC 8224), by a rule that verifies it.
struct IdentityVerified {
  std::string call_id;
  std::string rule;
  enum class Verdict : std::uint8_t {
    Passed,  // a valid signature says so
    Failed,  // what there is does not count
    Absent,  // nothing that could be judged
  } verdict = Verdict::Absent;
  int status = 0;      // of the answer that refuses the call; 0: it goes on
  std::string caller;  // as a PASSporT names him: "12155551212", "sip:alice@example.com"
  std::string attest;  // RFC 8588, as the next
  std::string origid;
  std::string reason;  // why it does not count
};

// An INVITE that a rule signs.
struct IdentitySigned {
  std::string call_id;
  std::string rule;
  std::string signer;
  std::string caller;
  std::string attest;
  std::string origid;
  std::string reason;  // why it goes on without a signature; "": it has one
};

// A certificate that signers name was fetched, or could not be.
struct CertificateFetched {
  std::string url;
  std::string reason;  // why it could not; "": it was
};

// A trunk is registered with whom it leads to, or is not any more, or could not be ([trunk.NAME] register).
struct TrunkRegistrationChanged {
  std::string trunk;
  std::string address_of_record;
  enum class Change : std::uint8_t {
    Registered,  // for `interval`: at first, and after it could not be
    Failed,      // and is tried again in `interval`
    Removed,
  } change = Change::Registered;
  std::string registrar;  // "udp:192.0.2.30:5060": the one that was tried last
  std::chrono::seconds interval{};
  int status = 0;  // its answer; 0: none
  std::string reason;
};

using Event =
    std::variant<MessageRejected, RequestRefused, StrayDropped, SendFailed, RequestCompleted, BindingChanged,
                 FlowChanged, DnsFailed, SipsVanished, DialogStarted, DialogConfirmed, DialogEnded, SubscriptionChanged,
                 StoreChanged, PeerChanged, CallBegun, CallRecorded, ConfigurationReloaded, ConfigurationRefused,
                 OverloadChanged, NeighbourOverload, HttpFailed, RouteUnanswered, RouteSourceChanged, IdentityVerified,
                 IdentitySigned, CertificateFetched, TrunkRegistrationChanged>;

// "request-refused": a stable name for logs and metrics.
std::string_view event_name(const Event& event);
// "session-expired", "caller": as logs write them.
std::string_view cause_text(DialogEnding::Cause cause);
std::string_view side_text(DialogSide side);
std::string_view end_text(CallEnd end);
// "passed", "failed", "absent".
std::string_view verdict_text(IdentityVerified::Verdict verdict);
// One line: "request-refused source=… rule=… status=403 …".
std::string to_line(const Event& event);
// `text` with '"' and '\' escaped by a backslash and every byte that is not printable ASCII as \xNN, in double quotes
// when it holds a space or is empty: so no value can end its line, its quotes or its key=value pair.
std::string log_value(std::string_view text);

}  // namespace intermediary
