#include "config/load.h"

#include <gmock/gmock.h>

#include <ostream>

#include "config/test_world.h"

namespace intermediary {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string listen = "listen = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";

Config loaded(const std::string& text) {
  const auto result = load_config(text, "sip.toml", world());
  if (!result) {
    ADD_FAILURE() << result.error().front().to_string();
    return {};
  }
  return result->config;
}

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

std::vector<std::string> errors(const std::string& text) {
  const auto result = load_config(text, "sip.toml", world());
  return result ? std::vector<std::string>{} : texts(result.error());
}

std::vector<std::string> warnings(const std::string& text) {
  const auto result = load_config(text, "sip.toml", world());
  if (!result) {
    ADD_FAILURE() << result.error().front().to_string();
    return {};
  }
  return texts(result->warnings);
}

struct WrongFile {
  std::string text;
  std::string problem;  // the only one
};

void PrintTo(const WrongFile& wrong, std::ostream* out) { *out << wrong.text; }

class WrongFileTest : public testing::TestWithParam<WrongFile> {};

TEST_P(WrongFileTest, IsRefusedAtItsPlace) { EXPECT_THAT(errors(GetParam().text), ElementsAre(GetParam().problem)); }

const std::string rule = listen + "domains = [\"example.com\"]\n[[rule]]\nname = \"r\"\n";  // goes on in line 5
const std::string auth_rule = listen +
                              "domains = [\"example.com\"]\n[auth.users]\nrealm = \"a\"\nusers = { a = \"b\" }\n" +
                              "[[rule]]\nname = \"r\"\n";  // in line 8

INSTANTIATE_TEST_SUITE_P(
    Syntax, WrongFileTest,
    testing::Values(
        WrongFile{"listen = [{ on = \"udp:127.0.0.1:5060\" }\nx = 1",
                  "2:1 Error while parsing array: expected comma or closing ']', saw 'x'"},
        WrongFile{"[\n", "1:1 this line is not TOML"}, WrongFile{listen + "\n[[ \nx = 1", "3:1 this line is not TOML"},
        WrongFile{listen + "domians = [\"example.com\"]", "2:1 unknown key 'domians'; did you mean 'domains'?"},
        WrongFile{listen + "[proxi]\nmode = \"stateful\"", "2:2 unknown key 'proxi'; did you mean 'proxy'?"},
        WrongFile{listen + "[proxy]\nmdoe = \"stateful\"", "3:1 unknown key 'mdoe' in [proxy]; did you mean 'mode'?"},
        WrongFile{listen + "[location]\nzzz = 1", "3:1 unknown key 'zzz' in [location]; there is 'store', 'timeout'"},
        WrongFile{listen + "domains = 5", "2:11 'domains' must be a string or an array of strings, not an integer"},
        WrongFile{listen + "domains = [true]", "2:12 'domains' must be an array of strings, not a boolean"},
        WrongFile{listen + "domains = []", "2:11 'domains' is empty: leave it out, or name at least one"},
        WrongFile{listen + "proxy = 1", "2:9 'proxy' must be a table, not an integer"},
        WrongFile{listen + "domains = \"${NOBODY}\"", "2:11 the environment variable NOBODY is not set"},
        WrongFile{listen + "domains = \"${DOMAIN\"", "2:11 '${' has no '}'"},
        WrongFile{listen + "domains = \"${1 + 1}\"", "2:11 '${1 + 1}' is not the name of an environment variable"},
        WrongFile{listen + "[proxy]\nkey = \"file:gone.txt\"", "3:7 cannot read 'gone.txt': no such file"},
        WrongFile{listen + "[[test]]\nname = \"a\"\nsend = { ruri = \"sip:a@b\" }",
                  "2:1 a test needs 'want': what must become of it"}));

INSTANTIATE_TEST_SUITE_P(
    Listeners, WrongFileTest,
    testing::Values(
        WrongFile{"", "1:1 'listen' is missing: nobody could reach us"},
        WrongFile{"listen = []", "1:10 'listen' is empty"},
        WrongFile{"listen = [\"udp:127.0.0.1:5060\"]", "1:11 'listen' must be an array of tables, not a string"},
        WrongFile{"listen = [{ name = \"a\" }]", "1:11 a listener needs 'on', for example \"udp:192.0.2.1:5060\""},
        WrongFile{"listen = [{ on = \"127.0.0.1\" }]",
                  "1:18 'on': '127.0.0.1' is not TRANSPORT:ADDRESS:PORT, for example 'udp:192.0.2.1:5060'"},
        WrongFile{"listen = [{ on = \"upd:127.0.0.1:5060\" }]",
                  "1:18 'on': unknown transport 'upd'; did you mean 'udp'?"},
        WrongFile{"listen = [{ on = \"udp:127.0.0.1:99999\" }]", "1:18 'on': '99999' is not a port from 0 to 65535"},
        WrongFile{"listen = [{ on = \"udp:127.0.0.1:\" }]", "1:18 'on': '' is not a port from 0 to 65535"},
        WrongFile{"listen = [{ on = \"udp:127.0.0.256:5060\" }]",
                  "1:18 'on': '127.0.0.256' is not an IPv4 address or an IPv6 address in brackets"},
        WrongFile{"listen = [{ on = \"udp:sip.example.com:5060\" }]",
                  "1:18 'on': 'sip.example.com' is not an IPv4 address or an IPv6 address in brackets"},
        WrongFile{"listen = [{ on = \"udp:::1:5060\" }]",
                  "1:18 'on': an IPv6 address stands in brackets: '[::1]:5060'"},
        WrongFile{"listen = [{ on = \"udp:[::1:5060\" }]", "1:18 'on': '[' has no ']'"},
        WrongFile{"listen = [{ on = \"udp:0.0.0.0:5060\" }]",
                  "1:18 a listener on '0.0.0.0' needs 'advertise': the host or address that peers are to answer to"},
        WrongFile{"listen = [{ on = \"udp:[fe80::1]:5060\" }]",
                  "1:18 'on': 'fe80::1' is link-local: it needs an interface, which cannot be named here"},
        WrongFile{"listen = [{ on = \"udp:[::]:5060\", advertise = \"0.0.0.0\" }]",
                  "1:47 'advertise': '0.0.0.0' is no address that a peer could send to"},
        WrongFile{"listen = [{ on = \"udp:0.0.0.0:5060\", advertise = \"sip.example.com:0\" }]",
                  "1:50 'advertise': '0' is not a port from 1 to 65535"},
        WrongFile{"listen = [{ on = \"udp:0.0.0.0:5060\", advertise = \"sip_example\" }]",
                  "1:50 'advertise': 'sip_example' is neither a host name nor an address"},
        WrongFile{"listen = [{ on = \"udp:127.0.0.1:5060\", cert = \"edge\" }]\n[certificate.edge]\nchain = "
                  "\"edge.pem\"\nkey = \"edge.key\"",
                  "1:40 'cert' is for tls and wss, and 'udp:127.0.0.1:5060' is udp"},
        WrongFile{"listen = [{ name = \"a b\", on = \"udp:127.0.0.1:5060\" }]",
                  "1:20 'a b' is not a name: use letters, digits, '-', '.' and '_'"},
        WrongFile{"[[listen]]\nname = \"a\"\non = \"udp:127.0.0.1:5060\"\n[[listen]]\nname = \"a\"\non = "
                  "\"tcp:127.0.0.1:5060\"",
                  "5:8 a listener named 'a' stands above"},
        WrongFile{"[[listen]]\nname = \"a\"\non = \"udp:127.0.0.1:5060\"\n[[listen]]\nname = \"b\"\non = "
                  "\"udp:127.0.0.1:5060\"",
                  "6:6 the listener 'b' takes the same address as 'a'"},
        WrongFile{"[[listen]]\nname = \"a\"\non = \"udp:0.0.0.0:5060\"\nadvertise = \"h\"\n[[listen]]\nname = "
                  "\"b\"\non = \"udp:127.0.0.1:5060\"",
                  "7:6 the listener 'b' takes the same address as 'a'"}));

INSTANTIATE_TEST_SUITE_P(
    Values, WrongFileTest,
    testing::Values(
        WrongFile{listen + "domains = [\"exa mple\"]", "2:12 'exa mple' is neither a host name nor an address"},
        WrongFile{listen + "domains = [\"a.com\", \"A.com\"]", "2:21 the domain 'a.com' stands here twice"},
        WrongFile{listen + "server_name = \"a\\r\\nRoute: x\"",
                  "2:15 'server_name' must be at most 200 printable ASCII characters: it becomes a header"},
        WrongFile{listen + "[proxy]\nmode = \"statefull\"",
                  "3:8 'mode' in [proxy]: unknown value 'statefull'; did you mean 'stateful'?"},
        WrongFile{listen + "[proxy]\nrecord_route = \"yes\"",
                  "3:16 'record_route' in [proxy] must be true or false, not a string"},
        WrongFile{listen + "[proxy]\ntimer_c = 300",
                  "3:11 'timer_c' in [proxy]: a bare number has no unit; write for example \"300s\" or \"300ms\""},
        WrongFile{listen + "[proxy]\ntimer_c = \"300\"",
                  "3:11 'timer_c' in [proxy]: '300' has no unit (ms, s, m, h or d)"},
        WrongFile{listen + "[proxy]\ntimer_c = \"300sec\"",
                  "3:11 'timer_c' in [proxy]: '300sec' has an unknown unit 'sec' (ms, s, m, h or d)"},
        WrongFile{listen + "[proxy]\ntimer_c = \"4.5m\"",
                  "3:11 'timer_c' in [proxy]: '4.5m' is not a whole number and a unit (ms, s, m, h or d)"},
        WrongFile{listen + "[proxy]\ntimer_c = \"99999999999999999d\"",
                  "3:11 'timer_c' in [proxy]: '99999999999999999d' is too long a time"},
        WrongFile{listen + "[proxy]\ntimer_c = 4.5",
                  "3:11 'timer_c' in [proxy] must be a duration, for example \"60s\", not a number with a fraction"},
        WrongFile{listen + "[proxy]\ntimer_c = \"180s\"", "3:11 'timer_c' in [proxy]: '180s' is not from 181s to 1d"},
        WrongFile{listen + "[proxy]\nkey = \"short\"",
                  "3:7 'key' in [proxy] must have at least 16 characters: it signs what peers send back"},
        WrongFile{listen + "[proxy]\nkey = \"00000000000000000000000000000000\"",
                  "3:7 'key' in [proxy] must not be all zeros"},
        WrongFile{listen + "[registrar]\nmax_contacts = 0",
                  "3:16 'max_contacts' in [registrar]: 0 is not from 1 to 32"},
        WrongFile{listen + "[registrar]\nmax_contacts = \"ten\"",
                  "3:16 'max_contacts' in [registrar] must be an integer, not a string"},
        WrongFile{listen + "[registrar]\nservice_route = [\"sip:192.0.2.1;lr\", \"sip:192.0.2.1\"]",
                  "3:38 'sip:192.0.2.1' in 'service_route' is no SIP URI with 'lr', such as \"sip:192.0.2.1;lr\""},
        WrongFile{listen + "[registrar]\nflow_timer = \"2h\"",
                  "3:14 'flow_timer' in [registrar]: '2h' is not from 0s to 1h"},
        WrongFile{listen + "[registrar]\nexpires = { min = \"2h\" }",
                  "3:19 'min' in 'expires': '2h' is not from 1s to 1h"},
        WrongFile{listen + "[registrar]\nexpires = { max = \"30m\" }",
                  "3:11 'expires' must have min <= default <= max, not 1m, 1h, 30m"},
        WrongFile{listen + "[registrar]\nexpires = { min = \"1500ms\" }",
                  "3:19 'min' in 'expires': '1500ms' is not a multiple of 1s"},
        WrongFile{listen + "[limits]\ndatagram_bytes = 70000",
                  "3:18 'datagram_bytes' in [limits]: 70000 is not from 1024 to 65535"},
        WrongFile{listen + "[limits]\nheader_deadline = \"1ms\"",
                  "3:19 'header_deadline' in [limits]: '1ms' is not from 100ms to 1h"},
        WrongFile{listen + "[limits]\nidle_inbound = \"30s\"",
                  "3:16 'idle_inbound' in [limits]: '30s' is not from 1m to 7d"},
        WrongFile{listen + "[proxy]\nfailover_after = \"2m\"",
                  "3:18 'failover_after' in [proxy]: '2m' is not from 0s to 1m"},
        WrongFile{listen + "[dns]\nservers = [\"ns.example.com\"]",
                  "3:12 'servers' in [dns]: 'ns.example.com' is not an address such as '192.0.2.53' or "
                  "'192.0.2.53:5353'"},
        WrongFile{listen + "[dns]\ntimeout = \"1m\"", "3:11 'timeout' in [dns]: '1m' is not from 100ms to 30s"},
        WrongFile{listen + "[dns]\nmin_ttl = \"1h\"\nmax_ttl = \"1m\"",
                  "2:1 [dns] must have min_ttl <= max_ttl, not 1h and 1m"},
        WrongFile{listen + "[timings]\nt1 = \"10s\"", "2:1 [timings] must have t1 <= t2, not 10s and 4s"}));

const std::string actions = "'register', 'lookup', 'relay', 'ask', 'notify', 'redirect', 'reject' and 'drop'";

INSTANTIATE_TEST_SUITE_P(
    Rules, WrongFileTest,
    testing::Values(
        WrongFile{listen + "[[rule]]\ndo = { relay = \"sip:192.0.2.1\" }",
                  "2:1 a rule needs a 'name': logs and refusals say which rule it was"},
        WrongFile{listen + "[rule]\nname = \"r\"", "2:1 'rule' must be an array of tables, not a table"},
        WrongFile{rule, "3:1 a rule needs 'do': what becomes of the requests it takes"},
        WrongFile{rule + "do = {}", "5:6 'do' needs one of " + actions},
        WrongFile{rule + "do = { bridge = \"trunk:acme\" }", "5:8 'bridge' in 'do' is not available in this version"},
        WrongFile{rule + "do = { challenge = \"users\", register = \"location\" }",
                  "5:20 there is no [auth.users] to challenge for"},
        WrongFile{auth_rule + "do = { challenge = \"user\", register = \"location\" }",
                  "8:20 there is no [auth.user] to challenge for; did you mean 'users'?"},
        WrongFile{auth_rule + "do = { challenge = \"users\" }", "8:6 'do' needs one of " + actions},
        WrongFile{auth_rule + "do = { challenge = \"users\", relay = \"sip:192.0.2.1\", mode = \"stateless\" }",
                  "8:20 the rule 'r' challenges in a stateless proxy, to which a repetition looks like a replay; add "
                  "mode = \"stateful\""},
        WrongFile{rule + "do = { redirect = \"nowhere\" }",
                  "5:19 'redirect' takes 'location' or URIs such as 'sip:bob@example.net': URI: no scheme: 'nowhere'"},
        WrongFile{rule + "do = { redirect = \"sip:192.0.2.9\", status = 404 }",
                  "5:45 'status' in 'do': 404 is not from 300 to 399"},
        WrongFile{rule + "do = { redirect = \"sip:192.0.2.9\", mode = \"stateful\" }",
                  "5:6 the rule 'r' forwards nothing: 'mode' is for what is forwarded"},
        WrongFile{rule + "do = { lookup = \"location\", status = 301 }",
                  "5:29 'status' belongs to 'redirect', which is missing here"},
        WrongFile{rule + "do = { reject = 200 }", "5:17 'reject' in 'do': 200 is not from 400 to 699"},
        WrongFile{rule + "do = { reject = 403, reason = \"\\u0007\" }",
                  "5:31 'reason' must be 1 to 100 printable ASCII characters: it stands in the status line"},
        WrongFile{rule + "do = { drop = true, reason = \"Gone\" }",
                  "5:21 'reason' belongs to 'reject', which is missing here"},
        WrongFile{rule + "do = { drop = false }", "5:8 'drop' is true, or left out"},
        WrongFile{rule + "do = { drop = true, reject = 403 }", "5:6 'do' takes one of " + actions + ", not several"},
        WrongFile{auth_rule + "do = { challenge = \"users\", drop = true }",
                  "8:20 the rule 'r' drops: there is nobody to challenge"},
        WrongFile{rule + "do = { relya = \"sip:192.0.2.1\", lookup = \"location\" }",
                  "5:8 unknown key 'relya' in 'do'; did you mean 'relay'?"},
        WrongFile{rule + "do = { lookup = \"location\", relay = \"request-uri\" }",
                  "5:6 'do' takes one of " + actions + ", not several"},
        WrongFile{rule + "do = { lookup = \"subscribers\" }",
                  "5:17 'lookup' in 'do': unknown value 'subscribers'; there is 'location'"},
        WrongFile{rule + "do = { lookup = \"location\", fork = \"series\" }",
                  "5:36 'fork' in 'do': unknown value 'series'; did you mean 'serial'?"},
        WrongFile{rule + "do = { lookup = \"location\", ring_timeout = 20 }",
                  "5:44 'ring_timeout' in 'do': a bare number has no unit; write for example \"20s\" or \"20ms\""},
        WrongFile{rule + "do = { relay = \"sip:127.0.0.1:5070\", late_contacts = true }",
                  "5:6 'late_contacts' belongs to 'lookup', which is missing here"},
        WrongFile{rule + "do = { lookup = \"location\", caller_preferences = \"all\" }",
                  "5:50 'caller_preferences' in 'do': unknown value 'all'; there is 'no', 'yes', 'redirect'"},
        WrongFile{rule + "do = { register = \"location\", recurse = true }",
                  "5:6 'recurse' belongs to 'lookup' or 'relay', which are missing here"},
        WrongFile{rule + "do = { register = \"location\", ring_timeout = \"20s\" }",
                  "5:6 'ring_timeout' belongs to 'lookup' or 'relay', which are missing here"},
        WrongFile{rule + "do = { relay = \"sip:127.0.0.1:5070\", mode = \"stateless\", ring_timeout = \"20s\" }",
                  "5:6 the rule 'r' waits for answers ('ring_timeout', 'recurse'), and a stateless proxy keeps nothing "
                  "that could wait; add mode = \"stateful\""},
        WrongFile{rule + "do = { register = \"location\", fork = \"parallel\" }",
                  "5:6 'fork' belongs to 'lookup', which is missing here"},
        WrongFile{rule + "do = { register = \"location\", mode = \"stateless\" }",
                  "5:6 the rule 'r' registers: 'mode' is for what is forwarded"},
        WrongFile{rule + "do = { lookup = \"location\", mode = \"stateless\" }",
                  "5:6 the rule 'r' looks up a location in a stateless proxy, which must choose alike every time "
                  "(RFC 3261 §16.11); add mode = \"stateful\""},
        WrongFile{rule + "do = { relay = \"trunk:acme\" }", "5:16 there is no [trunk.acme] to relay to"},
        WrongFile{rule + "when = { method = \"IN VITE\" }\ndo = { lookup = \"location\" }",
                  "5:19 'IN VITE' is not a method (RFC 3261 §25.1: a token)"},
        WrongFile{rule + "when = { method = [\"invite\"] }\ndo = { lookup = \"location\" }",
                  "5:20 'invite': methods are told apart by case (RFC 3261 §7.1); write 'INVITE'"},
        WrongFile{
            rule + "when = { method = \"ACK\" }\ndo = { relay = \"sip:192.0.2.1\" }",
            "5:19 'ACK' says nothing: an ACK and a CANCEL go the way of their INVITE, so this rule never matches"},
        WrongFile{rule + "when = { method = \"INVITE\" }\ndo = { register = \"location\" }",
                  "6:6 the rule 'r' registers, but its 'method' lets no REGISTER in"},
        WrongFile{rule + "when = { ruri_domain = \"a b\" }\ndo = { lookup = \"location\" }",
                  "5:24 'a b' is neither 'local' nor a host name nor an address"},
        WrongFile{rule + "when = { source = [\"10.0.0.0/33\"] }\ndo = { relay = \"request-uri\" }",
                  "5:20 '10.0.0.0/33' is not an address or a prefix such as '10.0.0.0/8'"},
        WrongFile{rule + "when = { identity = \"bob\" }\ndo = { lookup = \"location\" }",
                  "5:10 'identity' needs users to ask for: there is no [auth.NAME]"},
        WrongFile{rule + "when = { ruri_user = \"^(0\" }\ndo = { lookup = \"location\" }",
                  "5:22 'ruri_user': '^(0' is no regular expression (RE2): missing ): ^(0"},
        WrongFile{rule + "when = { to_domain = \"a b\" }\ndo = { lookup = \"location\" }",
                  "5:22 'a b' is neither 'local' nor a host name nor an address"},
        WrongFile{rule + "when = { listener = \"udp\" }\ndo = { lookup = \"location\" }",
                  "5:21 there is no listener named 'udp'; there is 'udp:127.0.0.1:5060', 'tcp:127.0.0.1:5060'"},
        WrongFile{rule + "when = { transport = \"sctp\" }\ndo = { lookup = \"location\" }",
                  "5:22 'sctp' is no transport; there is 'udp', 'tcp', 'tls', 'ws', 'wss'"},
        WrongFile{rule + "when = { header = { \"X Gate\" = true } }\ndo = { lookup = \"location\" }",
                  "5:21 'X Gate' is no name of a header field (RFC 3261 §25.1: a token)"},
        WrongFile{rule + "when = { header = { X-Gate = \"[\" } }\ndo = { lookup = \"location\" }",
                  "5:30 'X-Gate': '[' is no regular expression (RE2): missing ]: ["},
        WrongFile{rule + "when = { header = {} }\ndo = { lookup = \"location\" }",
                  "5:19 'header' names no field: { \"X-Gate\" = \"^a$\" }"},
        WrongFile{rule + "when = { dialog = \"yes\" }\ndo = { lookup = \"location\" }",
                  "5:19 'dialog' in 'when' must be true or false, not a string"},
        WrongFile{rule + "when = { header = { X-Gate = true } }\ndo = { reject = 403 }\n[[rule]]\nname = \"s\"\n"
                         "do = { relay = \"sip:192.0.2.9\", mode = \"stateless\" }",
                  "3:1 the rule 'r' looks at 'header', 'dialog', 'time' or 'identity', in which a CANCEL or ACK may "
                  "differ from its INVITE, "
                  "before 's' relays without state, which must choose alike for all of them (RFC 3261 §16.11); add "
                  "mode = \"stateful\" there"},
        WrongFile{rule + "when = { header = { X-Gate = true } }\ndo = { drop = true }\n[[rule]]\nname = \"s\"\n"
                         "when = { header = { x-gate = \"a\" } }\ndo = { drop = true }",
                  "7:1 the rule 's' can never match: 'r' above takes everything that it would"},
        WrongFile{rule + "when = { methods = \"INVITE\" }\ndo = { lookup = \"location\" }",
                  "5:10 unknown key 'methods' in 'when'; did you mean 'method'?"},
        WrongFile{rule + "do = { lookup = \"location\" }\n[[rule]]\nname = \"r\"\ndo = { register = \"location\" }",
                  "7:8 a rule named 'r' stands above"}));

const std::string relay_problem =
    "5:16 'relay' takes 'request-uri', 'pool:NAME', 'trunk:NAME', 'rates:NAME' or a URI such as "
    "'sip:10.0.0.5:5060;transport=tcp': ";

INSTANTIATE_TEST_SUITE_P(
    RelayTargets, WrongFileTest,
    testing::Values(
        WrongFile{rule + "do = { relay = \"tel:+31201234567\" }",
                  relay_problem + "a proxy relays to a sip: or sips: URI, not 'tel:'"},
        WrongFile{rule + "do = { relay = \"sips:192.0.2.1\" }",
                  "5:6 the rule 'r' relays to tls:192.0.2.1:5061, but no listener is there for tls over "
                  "IPv4: answers would have no way back"},
        WrongFile{rule + "do = { relay = \"sip:192.0.2.1;transport=ws\" }",
                  relay_problem + "WebSocket connections are opened by clients, never by a proxy (RFC 7118)"},
        WrongFile{rule + "do = { relay = \"sip:192.0.2.1;transport=sctp\" }",
                  relay_problem + "unknown transport 'sctp'"},
        WrongFile{rule + "do = { relay = \"sip:192.0.2.1?Subject=x\" }",
                  relay_problem + "a relay target carries no headers"},
        WrongFile{rule + "do = { relay = \"sip:192.0.2.1;maddr=foo.999\" }",
                  relay_problem + "'foo.999' is no name that could have an address"},
        WrongFile{rule + "do = { relay = \"sip:foo.example;transport=tls\" }",
                  "5:6 the rule 'r' relays over tls to foo.example, but no listener is there for tls: answers would "
                  "have no way back"},
        WrongFile{rule + "do = { relay = \"sip:0.0.0.0\" }",
                  relay_problem + "no way to 0.0.0.0: the unspecified address names no host"},
        WrongFile{rule + "do = { relay = \"sip:[fe80::1]\" }",
                  relay_problem + "a link-local address needs an interface, which a URI cannot name"},
        WrongFile{rule + "do = { relay = \"sip:192.0.2.1;transport=tls\" }",
                  "5:6 the rule 'r' relays to tls:192.0.2.1:5061, but no listener is there for tls over "
                  "IPv4: answers would have no way back"},
        WrongFile{rule + "do = { relay = \"sip:[2001:db8::1]\" }",
                  "5:6 the rule 'r' relays to udp:[2001:db8::1]:5060, but no listener is there for udp over "
                  "IPv6: answers would have no way back"},
        WrongFile{rule + "do = { relay = \"sip:bob@127.0.0.1\" }",
                  "5:6 the rule 'r' relays to udp:127.0.0.1:5060, where 'udp:127.0.0.1:5060' listens: "
                  "requests would come back to us"}));

TEST(RelayTargetTest, IsOneOfOursUnderItsAdvertisedOrItsLoopbackAddress) {
  const auto with_target = [](const std::string& target) {
    return "listen = [{ name = \"a\", on = \"udp:0.0.0.0:5060\", advertise = \"192.0.2.1:5070\" }]\n[[rule]]\nname = "
           "\"r\"\ndo = { relay = \"" +
           target + "\" }";
  };
  for (const char* ours : {"sip:192.0.2.1:5070", "sip:127.0.0.1", "sip:localhost:5060"}) {
    EXPECT_THAT(errors(with_target(ours)), ElementsAre(HasSubstr("where 'a' listens"))) << ours;
  }
  for (const char* other : {"sip:192.0.2.1", "sip:127.0.0.1:5070", "sip:192.0.2.2:5070"}) {
    EXPECT_THAT(errors(with_target(other)), IsEmpty()) << other;
  }
}

std::string two_rules(const std::string& first_when, const std::string& second_when) {
  return listen + "domains = [\"example.com\"]\n[[rule]]\nname = \"first\"\nwhen = " + first_when +
         "\ndo = { lookup = \"location\" }\n[[rule]]\nname = \"second\"\nwhen = " + second_when +
         "\ndo = { register = \"location\" }\n";
}

TEST(RuleOrderTest, RefusesARuleThatAnEarlierOneHides) {
  const auto hidden =
      ElementsAre("7:1 the rule 'second' can never match: 'first' above takes everything that it would");
  EXPECT_THAT(errors(two_rules("{}", "{ method = \"REGISTER\" }")), hidden);
  EXPECT_THAT(errors(two_rules("{ method = [\"INVITE\", \"REGISTER\"] }", "{ method = \"REGISTER\" }")), hidden);
  EXPECT_THAT(errors(two_rules("{ source = \"10.0.0.0/8\" }", "{ source = \"10.1.0.0/16\" }")), hidden);
  EXPECT_THAT(errors(two_rules("{ ruri_domain = \"local\" }", "{ ruri_domain = \"Example.com\" }")), hidden);
}

TEST(RuleOrderTest, AcceptsARuleThatStillTakesSomething) {
  EXPECT_THAT(errors(two_rules("{ method = \"INVITE\" }", "{}")), IsEmpty());
  EXPECT_THAT(errors(two_rules("{ source = \"10.0.0.0/16\" }", "{ source = \"10.0.0.0/8\" }")), IsEmpty());
  EXPECT_THAT(errors(two_rules("{ source = \"10.0.0.0/8\" }", "{ source = [\"10.0.0.1\", \"11.0.0.1\"] }")), IsEmpty());
  EXPECT_THAT(errors(two_rules("{ ruri_domain = \"example.com\" }", "{ ruri_domain = \"local\" }")), IsEmpty());
  EXPECT_THAT(errors(two_rules("{ source = \"10.0.0.0/8\", method = \"INVITE\" }", "{ source = \"10.0.0.0/8\" }")),
              IsEmpty());
}

TEST(WarningTest, NamesAnOpenRelay) {
  const std::string open =
      "5:6 open relay: the rule 'r' sends whatever anybody asks to wherever they ask; name the "
      "'source' it is for";
  EXPECT_THAT(warnings(rule + "do = { relay = \"request-uri\" }"), ElementsAre(open));
  EXPECT_THAT(warnings(rule + "do = { relay = \"request-uri\" }\nwhen = { source = [\"10.0.0.0/8\", \"::/0\"] }"),
              ElementsAre(open));
  EXPECT_THAT(warnings(rule + "do = { relay = \"request-uri\" }\nwhen = { source = \"10.0.0.0/8\" }"), IsEmpty());
  EXPECT_THAT(warnings(rule + "do = { relay = \"sip:192.0.2.1\" }"), IsEmpty());
}

TEST(WarningTest, NamesAnOpenRelayInPieces) {
  const std::string relay = "do = { relay = \"request-uri\" }\n";
  const auto open = ElementsAre(HasSubstr("open relay: the rule 'r'"));
  EXPECT_THAT(warnings(rule + "when = { source = [\"0.0.0.0/1\", \"128.0.0.0/1\"] }\n" + relay), open);
  EXPECT_THAT(warnings(rule + "when = { source = [\"::/1\", \"8000::/2\", \"c000::/2\"] }\n" + relay), open);
  EXPECT_THAT(warnings(rule + "when = { source = [\"0.0.0.0/1\", \"128.0.0.0/2\", \"192.0.0.0/3\"] }\n" + relay),
              IsEmpty());
  EXPECT_THAT(warnings(rule + "when = { source = \"0.0.0.0/1\" }\n" + relay +
                       "[[rule]]\nname = \"rest\"\nwhen = { source = \"128.0.0.0/1\" }\n" + relay),
              ElementsAre(HasSubstr("open relay: the rule 'rest'")));
}

TEST(WarningTest, NamesMethodsThatSayNothing) {
  EXPECT_THAT(warnings(rule + "when = { method = [\"INVITE\", \"ACK\"] }\ndo = { lookup = \"location\" }"),
              ElementsAre("5:30 'ACK' says nothing: an ACK and a CANCEL go the way of their INVITE"));
}

TEST(WarningTest, MissesTcpBesideUdp) {
  const std::string udp = "{ name = \"a\", on = \"udp:192.0.2.1:5060\" }";
  EXPECT_THAT(
      warnings("listen = [" + udp + "]"),
      ElementsAre("1:30 the listener 'a' has none for TCP beside it: large requests find nobody there (RFC 3261 "
                  "§18.2.1 wants both); add \"tcp:192.0.2.1:5060\""));
  EXPECT_THAT(warnings("listen = [" + udp + ", { on = \"tcp:192.0.2.1:5061\" }]"), testing::SizeIs(1));
  EXPECT_THAT(warnings("listen = [" + udp + ", { on = \"tcp:192.0.2.1:5060\" }]"), IsEmpty());
  EXPECT_THAT(warnings("listen = [" + udp + ", { on = \"tcp:0.0.0.0:5060\", advertise = \"192.0.2.1\" }]"), IsEmpty());
}

TEST(WarningTest, MissesDomainsWhereLocationsAreUsed) {
  EXPECT_THAT(warnings(listen + "[[rule]]\nname = \"r\"\ndo = { lookup = \"location\" }"),
              ElementsAre("4:6 the rule 'r' works on locations, but there are no 'domains': only users at our own "
                          "addresses can be found"));
}

TEST(LoadConfigTest, ReportsAllProblemsInTheOrderOfTheFile) {
  EXPECT_THAT(errors("domians = 1\nlisten = [{ on = \"udp:127.0.0.1:99999\" }]\n[proxy]\nmode = 3"),
              ElementsAre("1:1 unknown key 'domians'; did you mean 'domains'?",
                          "2:18 'on': '99999' is not a port from 0 to 65535",
                          "4:8 'mode' in [proxy] must be a string, not an integer"));
}

TEST(LoadConfigTest, PrintsAProblemWithItsFile) {
  const auto result = load_config("x", "etc/sip.toml", world());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().front().to_string().substr(0, 24), "etc/sip.toml:1:2: error:");
}

TEST(LoadConfigTest, HasTheDocumentedDefaults) {
  Config expected;
  expected.listeners = {{"udp:127.0.0.1:5060", Transport::Udp, *Endpoint::parse("127.0.0.1:5060"), "", {}},
                        {"tcp:127.0.0.1:5060", Transport::Tcp, *Endpoint::parse("127.0.0.1:5060"), "", {}}};
  EXPECT_EQ(loaded(listen), expected);
}

TEST(LoadConfigTest, ReadsEveryKey) {
  const Config config = loaded(R"(
    listen = [{ name = "udp", on = "udp:0.0.0.0:5070", advertise = "SIP.example.com" },
              { name = "six", on = "tcp:[::1]", advertise = "[2001:DB8::1]:5080" }]
    domains = ["${DOMAIN}", "Sip.${DOMAIN}", "192.0.2.1", "[2001:db8::1]"]
    server_name = "ours"
    [proxy]
    mode = "stateless"
    record_route = true
    timer_c = "4m"
    failover_after = "1500ms"
    tcp_for_large_requests = false
    key = "file:key.txt"
    outbound = true
    path = "required"
    [dns]
    servers = ["192.0.2.53", "[2001:db8::53]:5353"]
    timeout = "2s"
    min_ttl = "5s"
    max_ttl = "1h"
    negative_ttl = "30s"
    stale = "2h"
    [registrar]
    expires = { min = "30s", default = "10m", max = "1d" }
    max_contacts = 3
    flow_timer = "0s"
    service_route = ["sip:192.0.2.1;lr", "sips:example.com;lr"]
    [location]
    store = "memory"
    [limits]
    datagram_bytes = 2048
    stream_message_bytes = 4096
    connections_per_source = 5
    transactions_per_source = 6
    header_deadline = "500ms"
    body_deadline = "7s"
    idle_connection = "1m"
    idle_inbound = "2h"
    idle_outbound = "3m"
    outbound_connections = 7
    path_mtu = 1400
    [timings]
    t1 = "1s"
    t2 = "5s"
    t4 = "6s"
  )");

  Config expected;
  expected.listeners = {{"udp", Transport::Udp, *Endpoint::parse("0.0.0.0:5070"), "sip.example.com", {}},
                        {"six", Transport::Tcp, *Endpoint::parse("[::1]:5060"), "[2001:db8::1]", 5080}};
  expected.domains = {"example.com", "sip.example.com", "192.0.2.1", "2001:db8::1"};
  expected.server_name = "ours";
  expected.proxy = {.mode = ProxyMode::Stateless,
                    .record_route = true,
                    .timer_c = seconds(240),
                    .failover_after = milliseconds(1500),
                    .tcp_for_large_requests = false,
                    .key = {0x0123456789abcdef, 0xfedcba9876543210}};
  expected.proxy.outbound = true;
  expected.proxy.path = PathUse::Required;
  expected.dns = {{*Endpoint::parse("192.0.2.53:53"), *Endpoint::parse("[2001:db8::53]:5353")},
                  seconds(2),
                  {seconds(5), seconds(3600), seconds(30), seconds(7200)}};
  expected.registrar = {seconds(30), seconds(600), hours(24),
                        3,           seconds(0),   {"sip:192.0.2.1;lr", "sips:example.com;lr"}};
  expected.limits = {2048, 4096, 5, 6, milliseconds(500), seconds(7), seconds(60), hours(2), seconds(180), 7};
  expected.limits.path_mtu = 1400;
  expected.timings = {seconds(1), seconds(5), seconds(6), seconds(64)};
  EXPECT_EQ(config, expected);
}

TEST(LoadConfigTest, ReadsRulesInTheirOrder) {
  const Config config = loaded(R"(
    listen = [{ on = "udp:127.0.0.1:5060" }, { on = "tcp:127.0.0.1:5060" }]
    domains = "example.com"
    [[rule]]
    name = "registrations"
    when = { method = ["REGISTER"], ruri_domain = "local" }
    do   = { register = "location" }
    [[rule]]
    name = "to-users"
    when = { ruri_domain = ["local", "Example.NET"] }
    do   = { lookup = "location", fork = "parallel" }
    [[rule]]
    name = "from-the-inside"
    when = { source = ["10.0.0.0/8", "2001:db8::/32"] }
    do   = { relay = "request-uri" }
    [[rule]]
    name = "rest"
    do   = { relay = "sip:192.0.2.5:5070;transport=tcp", mode = "stateless" }
  )");

  ASSERT_EQ(config.rules.size(), 4u);
  EXPECT_EQ(config.rules[0],
            (Rule{"registrations", {.methods = {"REGISTER"}, .ruri = {.domains = {"local"}}}, RegisterAction{}, {}}));
  EXPECT_EQ(config.rules[1], (Rule{"to-users", {.ruri = {.domains = {"local", "example.net"}}}, LookupAction{}, {}}));
  EXPECT_EQ(config.rules[2], (Rule{"from-the-inside",
                                   {.sources = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")}},
                                   RelayAction{},
                                   {}}));
  EXPECT_EQ(config.rules[3],
            (Rule{"rest", {}, RelayAction{*Uri::parse("sip:192.0.2.5:5070;transport=tcp")}, ProxyMode::Stateless}));
}

TEST(LoadConfigTest, HashesASecretIntoTheKey) {
  const HashKey key = loaded(listen + "[proxy]\nkey = \"a long enough secret\"").proxy.key;
  EXPECT_NE(key, (HashKey{0, 0}));
  EXPECT_EQ(key, loaded(listen + "[proxy]\nkey = \"a long enough secret\"").proxy.key);
  EXPECT_NE(key, loaded(listen + "[proxy]\nkey = \"another long secret\"").proxy.key);
}

TEST(LoadConfigTest, LetsAListenerOfEachTransportShareAnAddress) {
  EXPECT_THAT(errors("listen = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }, { on = "
                     "\"udp:[::1]:5060\" }, { on = \"udp:127.0.0.1:5061\" }]"),
              IsEmpty());
}

}  // namespace
}  // namespace intermediary
