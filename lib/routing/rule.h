// Rules: what a request must look like, and what is done with it. Ordered; the first that matches wins; a request that
// none takes gets 404 (docs/configuration.md).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/flow.h"
#include "base/pattern.h"
#include "message/message.h"
#include "message/uri.h"
#include "routing/fork_policy.h"
#include "routing/transformation.h"

namespace intermediary {

// A field of the request, by its name, long or compact: any of that name whose value has the pattern, folds and all. Of
// a list the value is the whole line.
struct FieldMatch {
  std::string name;
  bool present = true;               // false: there is none of that name
  std::optional<Pattern> pattern{};  // nullopt: whatever it says

  friend bool operator==(const FieldMatch&, const FieldMatch&) = default;
};

// Users and domains of a URI. Users are compared as they are meant, their escapes undone; of a tel: URI the user is its
// number, and it has no domain.
struct UriMatch {
  std::vector<Pattern> users;
  std::vector<std::string> domains;  // "local" (Config::domains and our own addresses) or a host, without case
  std::vector<std::string> lists{};  // of Config::lists: user and domain stand in one of them

  bool empty() const { return users.empty() && domains.empty() && lists.empty(); }
  friend bool operator==(const UriMatch&, const UriMatch&) = default;
};

// A trunk from which a request may come: by the addresses that are its own, or as one that is sent to the Contact that
// was registered for the trunk of that name, by who has it.
struct TrunkMatch {
  std::string name;
  std::vector<Cidr> from;

  friend bool operator==(const TrunkMatch&, const TrunkMatch&) = default;
};

// What an access list (Config::access_lists) says of the source.
struct AccessMatch {
  std::string list;
  bool allowed = true;

  friend bool operator==(const AccessMatch&, const AccessMatch&) = default;
};

// Who asks, by the credentials of the request, never by From (docs/adr/0048). `known`: somebody of the realm, one of
// these where any are named; whoever has no credentials that count is then asked for them, for the rule cannot tell.
// Not `known`: nobody of the realm, as far as the request shows.
struct IdentityMatch {
  bool known = true;
  std::string realm;  // of Config::auth, by name
  std::vector<Pattern> users{};
  std::vector<std::string> lists{};

  bool is_anybody() const { return known && users.empty() && lists.empty(); }
  friend bool operator==(const IdentityMatch&, const IdentityMatch&) = default;
};

// Every condition that is not empty must hold; within one, any entry suffices, but of the fields all must hold. All
// empty: everything matches.
struct RuleMatch {
  std::vector<std::string> methods;
  UriMatch ruri;
  UriMatch from, to;                   // what From and To say, which proves nothing
  std::vector<Cidr> sources;           // the socket's address, never a header
  std::vector<TrunkMatch> trunks;      // likewise
  std::vector<std::string> listeners;  // where it came in, by name
  std::vector<Transport> transports;   // by which it came
  std::vector<FieldMatch> fields;
  std::optional<bool> in_dialog{};    // it has a To tag (RFC 3261 §12.2)
  std::vector<AccessMatch> access{};  // beside `sources`: one of either suffices
  std::vector<std::string> times{};   // of Config::times, by name; none holds before the wall clock is known
  std::optional<IdentityMatch> identity{};

  friend bool operator==(const RuleMatch&, const RuleMatch&) = default;
};

struct RegisterAction {
  friend bool operator==(const RegisterAction&, const RegisterAction&) = default;
};
struct LookupAction {
  ForkPolicy fork{};
  friend bool operator==(const LookupAction&, const LookupAction&) = default;
};
// To where the request itself says (Route, else Request-URI) when neither `target` nor a group is named: an open relay
// for whoever matches.
struct RelayAction {
  std::optional<Uri> target{};
  ForkPolicy fork{};
  // "pool:app", "trunk:acme", "rates:main": the next when no peer of the one before is left.
  std::vector<std::string> groups{};

  bool goes_anywhere() const { return !target && groups.empty(); }
  friend bool operator==(const RelayAction&, const RelayAction&) = default;
};

// SUBSCRIBE to the dialog event package, for a local user's calls or all that are here (RFC 4235).
struct NotifyAction {
  friend bool operator==(const NotifyAction&, const NotifyAction&) = default;
};

// RFC 3261 §8.3: the caller tries elsewhere.
struct RedirectAction {
  std::vector<Uri> contacts{};  // the best first; empty: the contacts that are registered for the Request-URI
  int status = 302;             // 300 to 399
  friend bool operator==(const RedirectAction&, const RedirectAction&) = default;
};
struct RejectAction {
  int status = 403;      // 400 to 699
  std::string reason{};  // its reason phrase; "": the usual one
  std::optional<std::chrono::seconds> retry_after{};
  friend bool operator==(const RejectAction&, const RejectAction&) = default;
};
// Without an answer: what scanners get.
struct DropAction {
  friend bool operator==(const DropAction&, const DropAction&) = default;
};

// Somebody else says where it goes: of Config::route_sources, "route_query:crm", "enum:public", "engine:own".
struct AskAction {
  std::string source;
  ForkPolicy fork{.mode = ForkMode::ByQ, .caller = CallerChoice::No};
  friend bool operator==(const AskAction&, const AskAction&) = default;
};

using RuleAction = std::variant<RegisterAction, LookupAction, RelayAction, NotifyAction, RedirectAction, RejectAction,
                                DropAction, AskAction>;

// CallStateful: stateful, and the dialogs of its INVITEs are followed (docs/adr/0026).
enum class ProxyMode : std::uint8_t { Stateless, Stateful, CallStateful };

// What is changed in a request before anything is looked up or sent, in this order.
struct RuleChanges {
  std::vector<HeaderChange> headers{};
  UriChange request_uri{};
  std::string numbers{};  // of Config::numbering: the Request-URI's number becomes E.164; "": it stays

  friend bool operator==(const RuleChanges&, const RuleChanges&) = default;
};

// Signed identities of callers (RFC 8224), of INVITEs outside of dialogs.
struct RuleIdentity {
  enum class Verify : std::uint8_t {
    No,
    Mark,      // it goes on, whatever comes out, and says so (3GPP TS 24.229, "verstat")
    IfSigned,  // one that does not count is refused, none is not
    Require,   // none is refused, too
  };
  Verify verify = Verify::No;
  std::string signer{};  // of Config::signers: who signs it when it leaves; "": nobody
  std::string attest{};  // how far he knows who calls (RFC 8588): "A", "B" or "C"; "": a PASSporT without it

  bool empty() const { return verify == Verify::No && signer.empty(); }
  friend bool operator==(const RuleIdentity&, const RuleIdentity&) = default;
};

// How a request must be protected for the rule to take it on.
struct RuleProtection {
  bool tls = false;   // the way by which it came
  bool srtp = false;  // the media that an INVITE offers

  friend bool operator==(const RuleProtection&, const RuleProtection&) = default;
};

struct Rule {
  std::string name;
  RuleMatch when;
  RuleAction action;
  std::optional<ProxyMode> mode;      // overrides [proxy] mode
  std::string challenge{};            // whoever asks must be a user of [auth.…] of that name; "": anybody
  std::vector<std::string> limits{};  // of Config::rate_limits: each must have room for it
  RuleChanges changes{};
  RuleIdentity identity{};
  RuleProtection protection{};

  friend bool operator==(const Rule&, const Rule&) = default;
};

// A URI as conditions see it.
struct RuleUri {
  std::string_view user;  // as it stands; "" without one
  std::string_view host;  // "" for a URI without a host
  bool is_local = false;
};

// Somebody who has proved who he is.
struct Principal {
  std::string name;  // as his realm has it
  std::string user;  // and taken apart: a name without a domain is one of the realm
  std::string host;
};

// What conditions ask that the request alone does not say. All names are those of a configuration that was checked.
class RuleFacts {
 public:
  virtual ~RuleFacts() = default;
  virtual bool is_time(std::string_view times) const = 0;
  virtual bool allows(std::string_view access_list, const IpAddress& source) const = 0;
  virtual bool lists(std::string_view list, std::string_view user, std::string_view host) const = 0;
  // Who asks, as a rule with that condition would find out; nullopt: nobody that it knows.
  virtual std::optional<Principal> principal(const Rule& rule) const = 0;
};

// What a rule is asked about. Views belong to the caller.
struct RuleQuery {
  std::string_view method;
  RuleUri ruri;
  IpAddress source;
  std::optional<RuleUri> from{}, to{};  // nullopt: cannot be read; where reads_parties() of all rules is true
  std::string_view listener{};          // its name
  Transport transport = Transport::Udp;
  const Message* message = nullptr;  // null only where no rule asks for fields
  const RuleFacts* facts = nullptr;  // null only where no rule asks for lists, times or identity
  bool may_be_asked = true;          // not an ACK or a CANCEL: those are never challenged (RFC 3261 §22.1)
  bool in_dialog = false;
  std::string_view trunk{};  // that has sent it to the Contact that is registered with it, by name; "": none
};

// Whether any of them asks what From or To says.
bool reads_parties(const std::vector<Rule>& rules);

// Whether all conditions hold but that on identity, which is the rule's to ask.
bool matches(const RuleMatch& match, const RuleQuery& query);
// Hears of each rule that was asked, and which condition did not hold and why; "": it takes the request.
using RuleTold = std::function<void(const Rule& rule, const std::string& why_not)>;
// The first rule that takes it, of those from the `first` on; null when none does.
const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query, const RuleTold& told = {},
                   std::size_t first = 0);
// Whether any rule names that address in its `sources`: whoever wrote it knows the peer, and limits against strangers
// do not hold for it.
bool names_source(const std::vector<Rule>& rules, const IpAddress& source);

}  // namespace intermediary
