// Rules: what a request must look like, and what is done with it. Ordered; the first that matches wins; a request that
// none takes gets 404 (docs/configuration.md).
#pragma once

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

  bool empty() const { return users.empty() && domains.empty(); }
  friend bool operator==(const UriMatch&, const UriMatch&) = default;
};

// A trunk from which a request may come: by its name, and by the addresses that are its own.
struct TrunkMatch {
  std::string name;
  std::vector<Cidr> from;

  friend bool operator==(const TrunkMatch&, const TrunkMatch&) = default;
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
  std::optional<bool> in_dialog{};  // it has a To tag (RFC 3261 §12.2)

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

using RuleAction =
    std::variant<RegisterAction, LookupAction, RelayAction, NotifyAction, RedirectAction, RejectAction, DropAction>;

// CallStateful: stateful, and the dialogs of its INVITEs are followed (docs/adr/0026).
enum class ProxyMode : std::uint8_t { Stateless, Stateful, CallStateful };

// What is changed in a request before anything is looked up or sent, in this order.
struct RuleChanges {
  std::vector<HeaderChange> headers{};
  UriChange request_uri{};
  std::string numbers{};  // of Config::numbering: the Request-URI's number becomes E.164; "": it stays

  friend bool operator==(const RuleChanges&, const RuleChanges&) = default;
};

struct Rule {
  std::string name;
  RuleMatch when;
  RuleAction action;
  std::optional<ProxyMode> mode;  // overrides [proxy] mode
  std::string challenge{};        // whoever asks must be a user of [auth.…] of that name; "": anybody
  RuleChanges changes{};

  friend bool operator==(const Rule&, const Rule&) = default;
};

// A URI as conditions see it.
struct RuleUri {
  std::string_view user;  // as it stands; "" without one
  std::string_view host;  // "" for a URI without a host
  bool is_local = false;
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
  bool in_dialog = false;
};

// Whether any of them asks what From or To says.
bool reads_parties(const std::vector<Rule>& rules);

bool matches(const RuleMatch& match, const RuleQuery& query);
// The first rule that takes it; null when none does.
const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query);
// Whether any rule names that address in its `sources`: whoever wrote it knows the peer, and limits against strangers
// do not hold for it.
bool names_source(const std::vector<Rule>& rules, const IpAddress& source);

}  // namespace intermediary
