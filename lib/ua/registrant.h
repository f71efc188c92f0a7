// Registers trunks with whom they lead to: the REGISTERs of a user agent (RFC 3261 §10.2), each answered where it is
// challenged (§22), refreshed before it ends, tried elsewhere where nobody answers, and given up for a while where it
// is refused (docs/adr/0063).
//
// An attempt goes through places, one by one: where the last one succeeded, then the registrar's servers or the trunk's
// peers. It ends with a registration, or with a wait until the next attempt; how long, the random source says.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/keyed_hash.h"
#include "base/local_names.h"
#include "base/random.h"
#include "base/timer_queue.h"
#include "event/event.h"
#include "message/uri.h"
#include "policy/digest_client.h"
#include "routing/peer_table.h"
#include "transaction/transaction_layer.h"
#include "ua/trunk_registration.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t registrar_places = 32;          // that one attempt tries
inline constexpr std::uint32_t registration_repeats = 6;     // at one place, for challenges and intervals
inline constexpr std::uint32_t registration_redirects = 5;   // that one attempt follows
inline constexpr std::size_t registration_notes = 8;         // of Service-Route and P-Associated-URI, each
inline constexpr std::size_t registration_note_bytes = 512;  // of one of them
inline constexpr std::chrono::seconds longest_registration{86'400 * 7};
inline constexpr std::chrono::seconds longest_registration_wait{3'600};  // that a registrar may ask for
}  // namespace limit

// The parameter of our Contact by which a request for it is known: nobody else can make its value.
inline constexpr std::string_view line_parameter = "line";
std::string line_of(const HashKey& key, const TrunkRegistration& registration);
// Whether a Request-URI is the Contact that was registered for the trunk.
bool is_line_of(const HashKey& key, const TrunkRegistration& registration, const Uri& uri);

// What the registrant needs from whoever assembles it.
class RegistrantPort {
 public:
  using Found = std::variant<std::vector<Hop>, std::uint64_t, std::string>;
  virtual ~RegistrantPort() = default;
  // Hops, at least one, in their order; the number of a question that resolved() answers; or why there are none.
  virtual Found find_registrar_hops(const Uri& uri) = 0;
  virtual void forget_registrar_query(std::uint64_t query) = 0;
  virtual bool asks_registrar_query(std::uint64_t query) const = 0;  // no answer to it has come
  virtual void heard_of(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                        const std::string& reason) = 0;
  virtual void emit(Event event) = 0;
  virtual void register_sent() = 0;    // a REGISTER, without its repetitions
  virtual void register_failed() = 0;  // an attempt
};

// For people to look at.
struct TrunkRegistrationView {
  std::string trunk;
  std::string address_of_record;
  std::string_view state;  // "registered", "trying", "failed", "unregistered"
  std::string registrar;   // where it is registered: "udp:192.0.2.30:5060"; "" where it is not
  std::chrono::seconds expires_in{};
  std::uint32_t failures = 0;  // attempts in a row
  std::string reason;          // of the last failure
  std::vector<std::string> service_route;
  std::vector<std::string> associated;  // P-Associated-URI (RFC 7315 §4.1)
};

// Where a REGISTER may go.
struct RegistrarPlace {
  Uri request_uri;
  Uri next_hop;
  std::string address;  // of record
  PeerId peer{};
  std::optional<Hop> hop{};
  bool is_elsewhere = false;  // a redirection leads there: the configuration does not name that host
};

class Registrant {
 public:
  // REQUIRES: all references outlive it.
  Registrant(const std::vector<TrunkRegistration>& settings, const HashKey& key, const PeerTable& peers,
             const std::string& server_name, const LocalNames& names, TransactionLayer& transactions,
             TimerQueue& timers, RandomSource& random, RegistrantPort& port);

  // From now on. Nothing the second time.
  void start(TimePoint now);
  // The settings have changed: what is as it was goes on and sends nothing; what is for another account is removed at
  // its registrar, what is new registers.
  void reconfigure(TimePoint now);
  // Everything is removed where it is registered, until resume().
  void drain(TimePoint now);
  void resume(TimePoint now);
  void report(TimePoint now, const TransactionReport& report);
  void timer_fired(TimePoint now, const TimerTag& tag);
  // False: not a question of ours.
  bool resolved(TimePoint now, std::uint64_t query, const std::expected<std::vector<Hop>, std::string>& hops);

  static constexpr std::uint8_t user_kind = 6;  // in TransactionUser
  std::size_t size() const { return entries_.size(); }
  std::vector<TrunkRegistrationView> views(TimePoint now) const;
  // Whether that is the address of who has our Contact: where the trunk is registered, or what the names of where it
  // registers stand for.
  bool knows_address(const TrunkRegistration& registration, const IpAddress& address) const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  enum class Timer : std::uint8_t {
    Attempt,  // it is time to register
    Silence,  // no answer: the next place is tried
  };
  using Place = RegistrarPlace;
  struct Met {
    DigestChallenge challenge;
    bool is_new = true;      // it came from the place that is tried
    bool was_stale = false;  // a nonce was called stale there
  };
  struct Entry {
    TrunkRegistration settings;
    std::string call_id, tag;  // the same as long as it is there (§10.2.4)
    std::uint32_t cseq = 0;
    std::vector<Met> met{};         // what is answered at once, since it was asked before
    std::chrono::seconds wanted{};  // the interval that is asked for: 423 makes it longer
    // Of the registration that stands.
    std::optional<Place> home{};
    TimePoint expires{};
    std::vector<std::string> service_route{}, associated{};
    std::vector<IpAddress> addresses{};  // of where it registers, the last ones that were found
    // Of the attempt.
    bool under_way = false;
    bool leaves = false;  // it asks for its removal
    std::deque<Place> places{};
    std::vector<Hop> tried{};
    std::vector<IpAddress> found{};  // in this attempt, of `addresses`
    Place place{};
    std::uint32_t repeats = 0, redirects = 0;
    std::uint64_t query = 0;
    ClientTransactionId client{};
    std::optional<std::chrono::seconds> asked_wait{};  // Retry-After
    TimerHandle timer{};                               // Attempt, or Silence while it is under way
    // Of those before.
    std::uint32_t failures = 0;
    int status = 0;
    std::string reason{};
  };
  using Entries = std::map<std::uint64_t, Entry>;

  // ---- attempts
  void add(TimePoint now, const TrunkRegistration& settings, Duration after);
  void begin(TimePoint now, std::uint64_t id, Entry& entry);
  void begin_leaving(TimePoint now, std::uint64_t id, Entry& entry);
  void stop(TimePoint now, Entry& entry);
  std::vector<PeerId> peers_in_order(TimePoint now, const std::string& trunk) const;
  void add_places(TimePoint now, Entry& entry) const;
  void next_place(TimePoint now, std::uint64_t id, Entry& entry, const std::string& reason);
  static void note_addresses(Entry& entry, const std::vector<Hop>& hops);
  static void take_hops(Entry& entry, const std::vector<Hop>& hops);
  static bool was_tried(const Entry& entry, const Hop& hop);
  bool is_wanted(const Entry& entry) const;
  bool waits_for_something(std::uint64_t id, const Entry& entry) const;
  bool stands(TimePoint now, const Entry& entry) const { return entry.home && now < entry.expires; }
  void send(TimePoint now, std::uint64_t id, Entry& entry);
  std::string request_for(Entry& entry, const LocalNames::Listener& out, std::string_view branch);
  bool names(const Entry& entry, const Uri& uri) const;
  bool may_have_credentials(const Entry& entry) const;
  static std::string address_at(const TrunkRegistration& settings, const Uri& request_uri);
  std::string contact_of(const Entry& entry, const LocalNames::Listener& out) const;
  Duration silence_of(const Entry& entry) const;

  // ---- answers
  void answered(TimePoint now, std::uint64_t id, Entry& entry, const Message& response);
  void registered(TimePoint now, std::uint64_t id, Entry& entry, const Message& response);
  void challenged(TimePoint now, std::uint64_t id, Entry& entry, const Message& response);
  void too_brief(TimePoint now, std::uint64_t id, Entry& entry, const Message& response);
  void redirected(TimePoint now, std::uint64_t id, Entry& entry, const Message& response);
  std::chrono::seconds granted(const Entry& entry, const Message& response) const;
  static bool meet(Entry& entry, DigestChallenge&& challenge);
  void lose(const Entry& entry, PeerOutcome outcome, const std::string& reason,
            std::optional<std::chrono::seconds> rest = {});
  enum class Failure : std::uint8_t { Unreached, Refused };
  void fail(TimePoint now, std::uint64_t id, Entry& entry, Failure failure, const std::string& reason);
  void left(TimePoint now, std::uint64_t id, Entry& entry);  // `entry` may be gone then
  Duration wait_after(const Entry& entry, Failure failure);
  void wait(TimePoint now, std::uint64_t id, Entry& entry, Duration after);
  void tell(const Entry& entry, TrunkRegistrationChanged::Change change, std::chrono::seconds interval,
            const std::string& reason);

  const std::vector<TrunkRegistration>& settings_;
  HashKey key_;
  const PeerTable& peers_;
  const std::string& server_name_;
  const LocalNames& names_;
  TransactionLayer& transactions_;
  TimerQueue& timers_;
  RandomSource& random_;
  RegistrantPort& port_;
  bool started_ = false;
  bool drained_ = false;
  std::uint64_t last_id_ = 0;
  Entries entries_;
  std::map<std::uint64_t, std::uint64_t> queries_;  // whose question that is
};

}  // namespace intermediary
