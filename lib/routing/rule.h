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
#include "message/uri.h"
#include "routing/fork_policy.h"

namespace intermediary {

// Every condition that is not empty must hold; within one, any entry suffices. All empty: everything matches.
struct RuleMatch {
  std::vector<std::string> methods;
  std::vector<std::string> ruri_domains;  // "local" (Config::domains and our own addresses) or a host, without case
  std::vector<Cidr> sources;              // the socket's address, never a header

  friend bool operator==(const RuleMatch&, const RuleMatch&) = default;
};

struct RegisterAction {
  friend bool operator==(const RegisterAction&, const RegisterAction&) = default;
};
struct LookupAction {
  ForkPolicy fork{};
  friend bool operator==(const LookupAction&, const LookupAction&) = default;
};
// To where the request itself says (Route, else Request-URI) when `target` is empty: an open relay for whoever matches.
struct RelayAction {
  std::optional<Uri> target{};
  ForkPolicy fork{};
  friend bool operator==(const RelayAction&, const RelayAction&) = default;
};

// SUBSCRIBE to the dialog event package, for a local user's calls or all that are here (RFC 4235).
struct NotifyAction {
  friend bool operator==(const NotifyAction&, const NotifyAction&) = default;
};

using RuleAction = std::variant<RegisterAction, LookupAction, RelayAction, NotifyAction>;

// CallStateful: stateful, and the dialogs of its INVITEs are followed (docs/adr/0026).
enum class ProxyMode : std::uint8_t { Stateless, Stateful, CallStateful };

struct Rule {
  std::string name;
  RuleMatch when;
  RuleAction action;
  std::optional<ProxyMode> mode;  // overrides [proxy] mode
  std::string challenge{};        // whoever asks must be a user of [auth.…] of that name; "": anybody

  friend bool operator==(const Rule&, const Rule&) = default;
};

// What a rule is asked about. Views belong to the caller.
struct RuleQuery {
  std::string_view method;
  std::string_view ruri_host;  // "" for a Request-URI without a host
  bool ruri_is_local = false;
  IpAddress source;
};

bool matches(const RuleMatch& match, const RuleQuery& query);
// The first rule that takes it; null when none does.
const Rule* choose(const std::vector<Rule>& rules, const RuleQuery& query);
// Whether any rule names that address in its `sources`: whoever wrote it knows the peer, and limits against strangers
// do not hold for it.
bool names_source(const std::vector<Rule>& rules, const IpAddress& source);

}  // namespace intermediary
