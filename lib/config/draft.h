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
  std::vector<ListenerPlaces> listeners;
  std::vector<CertificateTexts> certificates;
  std::string smime_certificate{};  // its name; "": none
  std::vector<RulePlaces> rules;
  std::vector<Position> auth;                                  // one for each realm of config.auth
  std::vector<Position> handshake_auth;                        // likewise
  std::vector<std::pair<std::string, Position>> policies{};    // "limit.calls": what rules may name
  std::vector<std::pair<std::string, Position>> of_dialogs{};  // keys of [proxy] that are for dialogs that are followed
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
// Times, access lists, lists and rate limits.
void read_policies(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft);
void read_auth(TableReader& top, Draft& draft);            // REQUIRES: behind read_policies
void read_handshake_auth(TableReader& top, Draft& draft);  // REQUIRES: behind read_auth
void read_dns(TableReader& top, DnsConfig& config);
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

// What only the whole can show: overlapping listeners, rules that never match, lookups that cannot work, open relays.
// Problems name the places of the draft.
void check_whole(const Draft& draft, Problems& problems);

}  // namespace intermediary
