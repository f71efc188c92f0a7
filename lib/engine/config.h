// The configuration of an engine: a plain, immutable value. config/ makes it from TOML, the builder from code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/flow.h"
#include "base/keyed_hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "dialog/session_timer.h"
#include "policy/access_list.h"
#include "policy/digest.h"
#include "policy/identity_config.h"
#include "policy/overload.h"
#include "policy/party_list.h"
#include "policy/rate_limit.h"
#include "policy/smime.h"
#include "policy/time_window.h"
#include "policy/trust.h"
#include "routing/numbers.h"
#include "routing/path_use.h"
#include "routing/peer_group.h"
#include "routing/rates.h"
#include "routing/route_source.h"
#include "routing/rule.h"
#include "transaction/timings.h"
#include "transport/dns_times.h"
#include "ua/registrar_settings.h"
#include "ua/trunk_registration.h"

namespace intermediary {

struct ListenerConfig {
  std::string name;
  Transport transport = Transport::Udp;
  Endpoint bind;
  // What Via, Record-Route and Contact say, where it differs from `bind` ("" and nullopt: the bound address and port).
  std::string advertise_host;
  std::optional<std::uint16_t> advertise_port;
  // TLS and WSS: names of Config::certificates; the client's SNI chooses, the first is shown where nothing fits.
  std::vector<std::string> certificates{};
  enum class ClientCertificate : std::uint8_t { Unasked, Asked, Required };
  ClientCertificate client_certificate = ClientCertificate::Unasked;
  bool websocket = false;              // TCP and TLS: takes WebSocket connections too (told by their first bytes)
  std::vector<std::string> origins{};  // WebSocket: who may connect (RFC 6455 §10.2); empty: any origin, or none
  std::string handshake_auth{};        // WebSocket: which of Config::handshake_auth it asks for; "": nobody is asked
  std::vector<Cidr> proxy_protocol{};  // TCP, TLS: connections from there begin with a PROXY header, from elsewhere not

  friend bool operator==(const ListenerConfig&, const ListenerConfig&) = default;
};

struct ProxyConfig {
  ProxyMode mode = ProxyMode::Stateful;
  bool record_route = false;
  Duration timer_c = std::chrono::seconds(181);  // RFC 3261 §16.6 step 11: more than three minutes
  // So long a server of a name may be silent before the next one is tried as well; 0: until Timer B or F.
  Duration failover_after = std::chrono::seconds(3);
  // RFC 3261 §18.1.1: a request too large for a datagram leaves over TCP. Off: it stays on UDP.
  bool tcp_for_large_requests = true;
  std::uint32_t max_breadth = limit::max_breadth_default;  // RFC 5393 §5.3.3: a larger Max-Breadth is made this large
  // Signs Record-Route and makes the branches of the stateless proxy. The same for every node that shares a name, and
  // across restarts; not the engine's seed.
  HashKey key{0, 0};
  bool outbound = false;  // RFC 5626 §5: first hop of user agents
  PathUse path = PathUse::No;
  // Of the call-stateful mode.
  Duration dialog_lifetime = std::chrono::hours(24);  // of a dialog without a session timer, from its last refresh
  SessionTimerPolicy session_timer{};                 // RFC 4028 §8.1

  friend bool operator==(const ProxyConfig&, const ProxyConfig&) = default;
};

// A certificate chain with its key, both PEM files: read, and read again on reload, by the runtime.
struct CertificateConfig {
  std::string name;
  std::string chain_file;
  std::string key_file;

  friend bool operator==(const CertificateConfig&, const CertificateConfig&) = default;
};

// Who may open a WebSocket, by what the HTTP request for it shows (RFC 7118 §7). Of the two ways, one is enough.
struct HandshakeAuth {
  std::string name;
  std::string auth{};        // Basic credentials (RFC 7617): whose users, of Config::auth; "": nobody's
  std::string cookie{};      // a session cookie (RFC 6265) that a web server has set: its name; "": none is read
  std::string cookie_key{};  // what that web server signs it with

  friend bool operator==(const HandshakeAuth&, const HandshakeAuth&) = default;
};

// Name servers, and how far they are believed.
struct DnsConfig {
  std::vector<Endpoint> servers{};             // empty: those of the system
  Duration timeout = std::chrono::seconds(3);  // of one question, repetitions and all servers together
  DnsTimes times{};

  friend bool operator==(const DnsConfig&, const DnsConfig&) = default;
};

// Where bindings are kept (location/store.h).
struct StoreConfig {
  enum class Kind : std::uint8_t {
    Memory,  // nowhere else
    Sqlite,  // a file of this process alone: read when it starts, looked up in memory
    Redis,   // shared by several nodes: asked for each REGISTER and each lookup
  };
  Kind kind = Kind::Memory;
  std::string file{};  // of SQLite
  std::string host{};  // of Redis, like all below but the timeout
  std::uint16_t port = 6379;
  std::string password{};
  std::uint32_t database = 0;
  std::string prefix = "intermediary:location:";  // of its keys
  Duration timeout = std::chrono::seconds(2);     // a REGISTER waits no longer

  bool is_outside() const { return kind != Kind::Memory; }
  bool is_shared() const { return kind == Kind::Redis; }
  friend bool operator==(const StoreConfig&, const StoreConfig&) = default;
};

// Where the users of a realm are kept, outside of the process.
struct UserStoreConfig {
  std::string auth;  // of Config::auth, by name
  StoreConfig store{};

  friend bool operator==(const UserStoreConfig&, const UserStoreConfig&) = default;
};

// Where records of calls go (proxy/call_ledger.h): to each of the first three that is named.
struct CallRecordsConfig {
  std::string json{};    // a file with a JSON object a line
  std::string csv{};     // a file; its first line names the columns
  std::string sqlite{};  // a database
  // A full file of lines is renamed to "FILE.1", what was that to "FILE.2", and so on; `keep` of them stay.
  std::uint64_t rotate_bytes = std::uint64_t{64} << 20U;
  std::uint32_t keep = 10;
  std::string spool{};            // a file, for what is not in all of these yet
  std::uint32_t backlog = 10000;  // so many records may wait there
  bool refuses_calls = true;      // with a full backlog; false: they go on, and are counted instead of recorded

  bool is_kept() const { return !json.empty() || !csv.empty() || !sqlite.empty(); }
  friend bool operator==(const CallRecordsConfig&, const CallRecordsConfig&) = default;
};

// How operators and their programs look in.
struct ControlConfig {
  std::string socket{};               // the path of a local socket, for `intermediary-cli ctl`; "": none
  std::optional<Endpoint> metrics{};  // HTTP: /metrics and /health, on a loopback address

  friend bool operator==(const ControlConfig&, const ControlConfig&) = default;
};

struct Config {
  std::vector<ListenerConfig> listeners;
  std::vector<CertificateConfig> certificates{};
  std::string authorities_file{};    // PEM: whose signatures on peers' certificates count; "": the system's authorities
  std::vector<std::string> domains;  // lower case
  std::string server_name;           // Server field of our own answers; "" for none
  ProxyConfig proxy;
  DnsConfig dns{};
  RegistrarSettings registrar;
  StoreConfig store{};
  std::optional<SmimeKeys> smime{};             // of the registrar: it reads and makes protected copies (RFC 3327 §6)
  std::vector<DigestRealm> auth{};              // whom rules may ask for
  std::vector<UserStoreConfig> user_stores{};   // where those are, of the realms whose users are outside
  std::vector<HandshakeAuth> handshake_auth{};  // whom listeners may ask for
  std::vector<PeerGroupConfig> groups{};        // to which rules relay
  std::vector<TrunkRegistration> registrations{};  // of trunks, with whom they lead to
  std::vector<NumberPlan> numbering{};
  std::vector<RateTable> rates{};
  std::vector<TimeTable> times{};  // what rules name, as the next three
  std::vector<AccessList> access_lists{};
  std::vector<PartyList> lists{};
  std::vector<RateLimit> rate_limits{};
  TrustConfig trust{};
  IdentityConfig identity{};
  CallRecordsConfig call_records{};
  ControlConfig control{};
  RouteSources route_sources{};  // whom rules may ask
  std::vector<Rule> rules;
  OverloadConfig overload{};
  Limits limits;
  TransactionTimings timings;

  friend bool operator==(const Config&, const Config&) = default;
};

// What is wrong with a configuration that an engine would have to refuse; "" when nothing is.
std::string problem_with(const Config& config);
// What is wrong with the policies that a rule names, behind "rule 'x' "; "" when nothing is.
std::string problem_with_policies(const Rule& rule, const Config& config);

}  // namespace intermediary
