// A configuration while it is being read: its values, and where in the file those stand that the checks may name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "config/problem.h"
#include "config/reader.h"
#include "config/words.h"
#include "engine/config.h"

namespace intermediary {

struct RulePlaces {
  Position rule;
  Position action;
  Position challenge{};
  Position limit{};
};

struct ListenerPlaces {
  Position on;
  std::vector<Position> certificates;  // one for each name
  std::optional<Position> handshake_auth{};
};

// What stands in the files of a certificate; "" where one could not be read.
struct CertificateTexts {
  Position at;
  std::string chain;
  std::string key;
};

struct PemFile {
  std::string path;  // as the server is to open it
  std::string text;
};

// REQUIRES between calls: one place for each listener, certificate and rule of `config`.
struct Draft {
  Config config;
  std::vector<TestBlock> tests{};
  std::vector<ListenerPlaces> listeners;
  std::vector<CertificateTexts> certificates;
  std::string smime_certificate{};                 // its name; "": none
  std::vector<std::string> signer_certificates{};  // of [signer.NAME]
  std::optional<Position> verifier{};
  Position authorities{};  // [tls]
  Position store{};        // [location]
  Position dns{};
  Position call_records{};  // [cdr]
  Position control{};       // 'socket' in [control]
  Position metrics{};       // 'on' in [metrics]
  std::vector<RulePlaces> rules;
  std::vector<Position> auth;                                // one for each realm of config.auth
  std::vector<Position> user_stores{};                       // one for each of config.user_stores
  std::vector<Position> handshake_auth;                      // likewise
  std::vector<Position> groups;                              // of config.groups
  std::vector<std::string> route_sources{};                  // "enum:public": what rules may ask, each with
  std::vector<Position> route_source_places{};               // where it stands
  std::vector<Position> registrations{};                     // of config.registrations: where their registrar stands
  std::vector<std::pair<std::string, Position>> policies{};  // "limit.calls": what rules may name
  std::vector<std::pair<std::string, Position>>
      of_dialogs{};  // keys that are for dialogs that are followed, as "'calls' in [overload]"
};

// Each reads its part of the top level; what is wrong goes to the reader's problems.
void read_listeners(TableReader& top, Draft& draft);
// The files of certificates are looked into as far as their PEM lines go; whether they fit each other, the server says.
void read_certificates(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
// The PEM file that a key names, which must hold `wanted`; what is wrong with it stands at its place, and then the text
// is "".
PemFile read_pem(TableReader& reader, std::string_view key, std::string_view wanted, std::string_view what,
                 const ConfigSurroundings& surroundings);
// "smime_…" of [registrar]. REQUIRES: the certificates have been read.
void read_smime(TableReader& registrar, const ConfigSurroundings& surroundings, Draft& draft);
// [signer.NAME] and [verifier]. REQUIRES: as above.
void read_identity(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
// What a rule says of both, and of how requests have to be protected. REQUIRES: `rule` has its mode.
void read_rule_identity(TableReader& actions, const Draft& draft, Rule& rule);
void read_rule_protection(TableReader& actions, RuleProtection& protection);
// Times, access lists, lists and rate limits.
void read_policies(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
void read_auth(TableReader& top, const ConfigSurroundings& surroundings,
               Draft& draft);  // REQUIRES: behind read_policies
// "redis://[:password@]host[:port][/database]"; the error says what is wrong behind `what`, and never the password.
std::string read_redis_url(std::string_view url, std::string_view what, StoreConfig& store);
void read_redis_prefix(TableReader& reader, StoreConfig& store);  // "prefix"
void read_handshake_auth(TableReader& top, Draft& draft);         // REQUIRES: behind read_auth
void read_overload(TableReader& top, Draft& draft);               // REQUIRES: behind read_policies
void read_group_limits(TableReader& group, PeerGroupConfig& config);
// `register` of a trunk.
void read_registration(TableReader& trunk, const PeerGroupConfig& group, Draft& draft);
void read_dns(TableReader& top, DnsConfig& config);
void read_numbering(TableReader& top, Draft& draft);
void read_groups(TableReader& top, Draft& draft);  // REQUIRES: behind read_numbering
void read_rates(TableReader& top, Draft& draft);   // REQUIRES: behind read_groups
// How numbers leave on a trunk, and what a rule changes. REQUIRES: as above.
void read_number_format(TableReader& trunk, const Config& config, PeerGroupConfig& group);
void read_changes(TableReader& actions, const Config& config, RuleChanges& changes);
// Whom rules may ask. REQUIRES: behind read_groups and read_rates.
void read_route_sources(TableReader& top, Draft& draft);
// `ask` of a rule, `relay` and `reject` of a rule and of those who are asked.
std::optional<AskAction> read_ask(TableReader& actions, const Draft& draft);
std::optional<RelayAction> read_relay(TableReader& actions, const Config& config);
RejectAction read_reject(TableReader& actions);
// Keys of `reject` without it.
void check_reject_companions(TableReader& actions);
// A regular expression; nullopt where it is none, which has been said.
std::optional<Pattern> read_pattern(const Placed<std::string>& text, std::string_view key, Problems& problems);
// Why a proxy of this version could not send to `target`; "" when it could.
std::string problem_with_target(const Uri& target);
void read_location(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
void read_control(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
void read_call_records(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
// A file that the server writes, as it is to open it: relative to the configuration's folder.
std::string placed_file(const std::string& path, const ConfigSurroundings& surroundings);
// Reports a name that is not there; `what` is as in "[list.vip]", "list".
template <class Named>
bool is_there(const std::vector<Named>& all, const Placed<std::string>& name, std::string_view what,
              Problems& problems) {
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const Named& one : all) names.push_back(one.name);
  for (const std::string& one : names) {
    if (one == name.value) return true;
  }
  problems.error(name.at, "there is no [" + std::string(what) + "." + name.value + "]" +
                              (names.empty() ? std::string() : suggestion(name.value, names)));
  return false;
}
// `mode`, of [proxy] and of a rule; nullopt when it is not there or wrong.
std::optional<ProxyMode> read_mode(TableReader& reader);
// What `when` of a rule asks for. REQUIRES: the listeners, policies and realms have been read.
void read_when(TableReader& rule, const Draft& draft, RuleMatch& match);
void read_rules(TableReader& top, Draft& draft);
// REQUIRES: all else has been read.
std::vector<TestBlock> read_tests(TableReader& top, const Config& config);
// "header" of a table: what must stand in a message.
void read_fields(TableReader& reader, std::vector<FieldMatch>& fields);

// What only the whole can show: overlapping listeners, rules that never match, lookups that cannot work, open relays.
// Problems name the places of the draft.
void check_whole(const Draft& draft, Problems& problems);
// The parts of it that are about peers and targets. `who`: "the rule 'x' relays".
void check_target(const Draft& draft, const std::string& who, const Uri& target, Position at, Problems& problems);
void check_use_of_groups(const Draft& draft, const Rule& rule, const RelayAction& relay, Position at,
                         Problems& problems);
void check_groups(const Draft& draft, Problems& problems);
void check_registrations(const Draft& draft, Problems& problems);
void check_use(const Draft& draft, Problems& problems);
void check_asking(const Draft& draft, Problems& problems);
void check_use_of_sources(const Draft& draft, Problems& problems);
// Whether what it takes may go to the rules below all the same, for whoever is asked says so.
bool may_pass_on(const Config& config, const Rule& rule);
// Somebody who is asked may name that group, or it stands in for his answer.
bool may_be_told(const Config& config, const std::string& group);

}  // namespace intermediary
