// Digest authentication as a server (RFC 3261 §22, RFC 7616, RFC 8760): what is asked for, and who has answered it.
//
// Pure: time and random numbers come in. Nothing is remembered of a challenge; of a nonce that was used, how often
// (policy/nonce.h). A user who is not there costs the same work as a wrong password and gets the same answer.
//
//   algorithms        MD5, SHA-256, SHA-512-256, those that the realm names; no -sess variants
//   qop               auth, and auth-int where the realm offers it
//   no qop            RFC 2069: MD5 alone, and each nonce serves one request, for nothing counts its uses
//   uri               names the same user and host as the Request-URI (§22.4 item 6, RFC 7616 §3.4.6)
//   username*, userhash, Basic, other schemes: as if there were no credentials
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/keyed_hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "message/credentials.h"
#include "message/message.h"
#include "message/uri.h"
#include "policy/digest_hash.h"
#include "policy/nonce.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t user_bytes = 256;           // of a name that a store is asked for
inline constexpr std::size_t remembered_users = 50'000;  // of one realm whose users are outside of the process
}  // namespace limit

// H(A1) of one user by algorithm, "" where it is not known (RFC 7616 §3.4.2). No password is kept.
using UserSecrets = std::array<std::string, digest_algorithms>;
// Of what a store has as such hashes: those that are, in lower case, and in place of one that it has not a text as long
// that is no hash, so that nobody costs as much as somebody. `problem` says what is none: that is "".
UserSecrets usable_secrets(const UserSecrets& hashes, std::string& problem);
// What a store has said of a user; where it has said nothing, why.
struct UserTold {
  UserSecrets secrets{};  // usable_secrets()
  std::string failure{};
  bool known_counts = true;  // where there is a failure: whether who was right lately goes on all the same

  friend bool operator==(const UserTold&, const UserTold&) = default;
};
// For every algorithm.
UserSecrets secrets_from_password(std::string_view user, std::string_view realm, std::string_view password);

// What a response is computed from (RFC 7616 §3.4.1 to §3.4.3); without a qop that of RFC 2069 (RFC 2617 §3.2.2.1).
struct DigestInput {
  std::string_view method, uri, nonce;
  std::string_view qop, nc, cnonce;  // "" for RFC 2069
  std::string_view body;             // counts for auth-int
};
std::string digest_response(DigestAlgorithm algorithm, std::string_view secret, const DigestInput& input);

// Users of one realm, and how they are asked: [auth.NAME] of a configuration.
struct DigestRealm {
  enum class MayRegister : std::uint8_t {
    Own,  // the address of record whose user is the user's name, or that is the user's name
    Any
  };

  std::string name;
  std::string realm;
  std::vector<DigestAlgorithm> algorithms{DigestAlgorithm::Sha256, DigestAlgorithm::Md5};  // the most preferred first
  bool offers_auth_int = false;
  Duration nonce_life = std::chrono::seconds(120);
  MayRegister may_register = MayRegister::Own;
  bool binds_from = false;  // a request of a user's must have an own From, may_call_as()
  std::string from_also{};  // or one of that list of Config::lists
  std::map<std::string, UserSecrets, std::less<>> users;
  // Its users are in a store outside of the process, and `users` is empty: each is asked for when he shows up.
  bool is_outside = false;
  Duration remembered = std::chrono::seconds(60);  // so long what a store has said of a user counts
  Duration stale = std::chrono::hours(1);          // and so long where it does not answer

  friend bool operator==(const DigestRealm&, const DigestRealm&) = default;
};

// Whether that is the password of that user, for a client that shows it (Basic, RFC 7617): by the hashes of the realm's
// algorithms. It takes as long for a user who is not there.
bool has_password(const DigestRealm& realm, std::string_view user, std::string_view password);

// Whether that user may change the bindings of that address of record (RFC 3261 §10.3 step 4).
bool may_register(const DigestRealm& realm, std::string_view user, const Uri& address_of_record);

// Whether that From is one of the user's own: his name, or his name with the realm or, as `is_local` says, with a
// domain of ours. Nobody's is everybody's: the anonymous one of RFC 3323 §4.1.1.3.
bool may_call_as(const DigestRealm& realm, std::string_view user, const Uri& from, bool is_local);

struct DigestVerdict {
  enum class Kind : std::uint8_t {
    Authenticated,
    Missing,    // no credentials for the realm, or none by an algorithm that was offered
    Wrong,      // no such user, or another password
    Stale,      // right, but the nonce has expired, is not ours, or was used like this before
    Malformed,  // credentials for the realm that break their grammar or belong to another Request-URI: 400
    Unknown,    // nobody knows, for the store of the realm's users does not answer: 503
  };
  Kind kind = Kind::Missing;
  std::string user;    // of Authenticated
  std::string reason;  // of the others: one line for people
};

class DigestAuthenticator {
 public:
  // `key`: the same for all nodes that take each other's nonces. REQUIRES: `realm` outlives it.
  DigestAuthenticator(const DigestRealm& realm, const HashKey& key) : realm_(realm), key_(key) {}

  const DigestRealm& realm() const { return realm_; }
  // One value for each algorithm, the most preferred on top (RFC 8760 §2.3). `random` is fresh.
  std::vector<std::string> challenges(WallTime now, std::uint64_t random, bool stale) const;
  // The credentials of a request in fields of that name; `effective` is its Request-URI after §16.4. An answer of
  // Authenticated uses its nonce up once.
  DigestVerdict check(WallTime now, const Message& request, FieldName field, const Uri& effective);
  // The same verdict, but nothing is used up: whoever is told that they are right is told so by check() next, too.
  // Credentials of an ACK or CANCEL are those of its INVITE (§22.1): whether their nonce was used is not asked.
  DigestVerdict examine(WallTime now, const Message& request, FieldName field, const Uri& effective) const;
  // Whether that field value holds credentials for this realm, right or wrong.
  bool is_for_this_realm(std::string_view value) const;
  // ---- a realm whose users are outside (docs/adr/0064)

  // Whom the store has to be asked for before the credentials of the request can be judged: nobody who has shown lately
  // that he knows his password, nobody for whose sake told() has been called, and nobody with a nonce that is not ours.
  // One user of a realm for each request: other names in it are nobody's.
  std::optional<std::string> unknown_user(TimePoint now, const Message& request);
  // What counts of a user until forget_told(). Who is right by it is remembered.
  void told(TimePoint now, const Message& request, const std::string& user, const UserTold& what);
  void forget_told() { told_.clear(); }
  // For a request that waits for somebody else: what it was told, and that it is told it again.
  const std::map<std::string, UserTold, std::less<>>& told_users() const { return told_; }
  void tell_again(const std::string& user, UserTold what) { told_[user] = std::move(what); }
  // The store has answered, or not ("": it has): then it is left alone for a while.
  void note_store(TimePoint now, const std::string& failure);
  bool remembers(std::string_view user) const { return known_.contains(user); }

  // Nonces issued before that are not taken (whoever restarts does not know which of them were used).
  void forget_nonces_before(WallTime time) { uses_.forget_before(time); }
  // Which nonces were used, and who was right, as that one knows it. REQUIRES: it is for the same realm, with the same
  // key and the same store.
  void take_over(DigestAuthenticator&& former);

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  // What is right so far, and what has to be fresh.
  struct Claim {
    DigestVerdict verdict;
    std::string_view nonce{};
    std::optional<std::uint32_t> count{};
  };
  template <class IsFresh>
  DigestVerdict judge(const Message& request, FieldName field, const Uri& effective, IsFresh is_fresh) const;
  Claim judge_one(const Message& request, const Credentials& credentials, const Uri& effective) const;
  std::optional<Nonce> living_nonce(WallTime now, std::string_view text) const;
  struct Known {
    UserSecrets secrets;  // usable_secrets()
    TimePoint learned{};
    std::uint64_t turn = 0;
  };
  bool is_ours(const Credentials& credentials) const;
  std::string_view secret_of(std::string_view user, DigestAlgorithm algorithm) const;
  std::string failure_of(std::string_view user) const;
  bool is_right(const Message& request, const Credentials& credentials, const UserSecrets& secrets) const;
  template <class Do>
  void for_each_answer(const Message& request, Do take) const;
  Duration longest_known() const;
  void remember(TimePoint now, const std::string& user, const UserSecrets& secrets);
  void forget(const std::string& user);

  const DigestRealm& realm_;
  HashKey key_;
  NonceUses uses_{limit::used_nonces};
  std::map<std::string, Known, std::less<>> known_{};  // users outside who were right
  std::map<std::uint64_t, std::string> turns_{};       // the same, by when that was
  std::uint64_t last_turn_ = 0;
  std::string failure_{};  // why the store does not answer
  TimePoint asked_again_{};
  std::map<std::string, UserTold, std::less<>> told_{};
};

}  // namespace intermediary
