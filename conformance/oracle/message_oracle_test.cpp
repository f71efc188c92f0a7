// Our reading of whole messages held to sofia-sip's: generated ones, the torture messages that we accept, and the bytes
// of RFC 4475 where they are present. Where the two differ by design, a table says why; anything else is a failure.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include "message/message.h"
#include "message/values.h"

namespace intermediary {
namespace {

// Everything that both can say of a message, as text by name. Absent is absent in both.
using Answers = std::map<std::string, std::string>;

// ---- our answers ----

// A URI as sofia-sip writes it after it has read it: escapes of unreserved characters undone.
std::string canonical(std::string_view uri) {
  su_home_t home{};
  su_home_init(&home);
  const std::string text(uri);
  const url_t* url = url_make(&home, text.c_str());
  const char* written = url == nullptr ? nullptr : url_as_string(&home, url);
  std::string result = written == nullptr ? "unreadable: " + text : written;
  su_home_deinit(&home);
  return result;
}

void add_our_address(Answers& answers, const std::string& name, std::string_view value) {
  if (value.empty()) return;
  const auto address = parse_name_address(value);
  answers[name + " URI"] = address ? canonical(address->uri.to_string()) : "refused";
}

void add_our_via(Answers& answers, const TopVia& via) {
  answers["Via host"] = via.host;
  if (via.port) answers["Via port"] = std::to_string(*via.port);
  if (!via.branch.empty()) answers["branch"] = via.branch;
  if (!via.received.empty()) answers["received"] = via.received;
}

Answers our_answers(const Message& message) {
  Answers answers;
  if (message.is_request()) {
    answers["method"] = message.method_text();
    answers["Request-URI"] = canonical(message.request_uri());
  } else {
    answers["status"] = std::to_string(message.status());
  }
  add_our_via(answers, message.top_via());
  answers["CSeq"] = std::to_string(message.cseq().number) + " " + std::string(message.cseq().method);
  answers["Call-ID"] = message.call_id();
  if (message.max_forwards()) answers["Max-Forwards"] = std::to_string(*message.max_forwards());
  if (!message.from_tag().empty()) answers["From tag"] = message.from_tag();
  if (!message.to_tag().empty()) answers["To tag"] = message.to_tag();
  add_our_address(answers, "From", message.value(FieldName::From));
  add_our_address(answers, "To", message.value(FieldName::To));
  std::size_t count = 0;
  for (const auto& entry : entries(message, FieldName::Contact)) {
    add_our_address(answers, "Contact " + std::to_string(++count), text(message, entry));
  }
  return answers;
}

// ---- sofia-sip's ----

void add_text(Answers& answers, const std::string& name, const char* value) {
  if (value != nullptr) answers[name] = value;
}

std::string written(const url_t* url) {
  su_home_t home{};
  su_home_init(&home);
  std::string text = url_as_string(&home, url);
  su_home_deinit(&home);
  return text;
}

void add_their_via(Answers& answers, const sip_via_t* via) {
  if (via == nullptr) return;
  const std::string_view host = via->v_host;
  answers["Via host"] = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  add_text(answers, "Via port", via->v_port);
  add_text(answers, "branch", via->v_branch);
  add_text(answers, "received", via->v_received);
}

void add_their_address(Answers& answers, const std::string& name, const sip_addr_t* address) {
  if (address == nullptr) return;
  answers[name + " URI"] = written(address->a_url);
  add_text(answers, name + " tag", address->a_tag);
}

Answers their_answers(const sip_t& sip) {
  Answers answers;
  if (sip.sip_request != nullptr) {
    answers["method"] = sip.sip_request->rq_method_name;
    answers["Request-URI"] = written(sip.sip_request->rq_url);
  }
  if (sip.sip_status != nullptr) answers["status"] = std::to_string(sip.sip_status->st_status);
  add_their_via(answers, sip.sip_via);
  if (sip.sip_cseq != nullptr) {
    answers["CSeq"] = std::to_string(sip.sip_cseq->cs_seq) + " " + sip.sip_cseq->cs_method_name;
  }
  if (sip.sip_call_id != nullptr) answers["Call-ID"] = sip.sip_call_id->i_id;
  if (sip.sip_max_forwards != nullptr) answers["Max-Forwards"] = std::to_string(sip.sip_max_forwards->mf_count);
  add_their_address(answers, "From", sip.sip_from);
  add_their_address(answers, "To", sip.sip_to);
  std::size_t count = 0;
  for (const sip_contact_t* each = sip.sip_contact; each != nullptr; each = each->m_next) {
    answers["Contact " + std::to_string(++count) + " URI"] = written(each->m_url);
  }
  return answers;
}

Answers ask_sofia(std::string_view bytes) {
  const std::unique_ptr<msg_t, decltype(&msg_destroy)> message(
      msg_make(sip_default_mclass(), 0, bytes.data(), static_cast<ssize_t>(bytes.size())), &msg_destroy);
  return their_answers(*sip_object(message.get()));
}

// ---- comparison ----

// What the two say differently, by name, with both sayings.
std::map<std::string, std::string> differences(const Message& message) {
  const Answers ours = our_answers(message);
  const Answers theirs = ask_sofia(message.bytes());
  std::set<std::string> names;
  for (const auto& [name, value] : ours) names.insert(name);
  for (const auto& [name, value] : theirs) names.insert(name);
  const auto said = [](const Answers& answers, const std::string& name) {
    const auto found = answers.find(name);
    return found == answers.end() ? std::string("nothing") : "'" + found->second + "'";
  };
  std::map<std::string, std::string> result;
  for (const auto& name : names) {
    const std::string we = said(ours, name), they = said(theirs, name);
    if (we != they) result[name] = "we say " + we + ", sofia-sip says " + they;
  }
  return result;
}

struct Exception {
  std::string_view message;
  std::string_view what;
  std::string_view reason;
};

constexpr std::string_view everything = "*";

constexpr std::string_view start_line = "sofia-sip stops at a Request-URI that it refuses; we read on, to answer 400";
constexpr std::string_view spaces = "we refuse white space within '<>' when To is read";
constexpr std::string_view brackets = "a URI with '?' needs '<>' (RFC 3261 §20.10): both refuse it, and we say so";
constexpr std::string_view names = "a display name that is no token: we read the tag all the same, for an answer";

constexpr Exception by_design[] = {
    {"printable-characters", everything, "sofia-sip refuses the method, legal as it is"},
    {"ipv6-without-brackets", everything, start_line},
    {"request-uri-empty-host", everything, start_line},
    {"spaces-within-brackets", "To URI", spaces},
    {"badaspec", "To URI", spaces},
    {"contact-wants-brackets", "Contact 1 URI", brackets},
    {"regbadct", "Contact 1 URI", brackets},
    {"comma-in-bare-name", "From URI", names},
    {"comma-in-bare-name", "From tag", names},
    {"comma-in-bare-name", "To URI", names},
    {"unquoted-unicode-name", "From URI", names},
    {"unquoted-unicode-name", "From tag", names},
};

void expect_agreement(const std::filesystem::path& folder, std::string_view extension) {
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != extension) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const auto parsed = Message::parse({std::istreambuf_iterator<char>(stream), {}}, Framing::Datagram, Limits{});
    if (!parsed) continue;
    const std::string name = file.path().stem();
    auto differing = differences(**parsed);
    for (const auto& exception : by_design) {
      if (exception.message != name) continue;
      EXPECT_FALSE(differing.empty()) << name << " agrees by now: " << exception.reason;
      if (exception.what == everything) differing.clear();
      std::erase_if(differing, [&](const auto& each) { return each.first == exception.what; });
    }
    for (const auto& [what, sayings] : differing) ADD_FAILURE() << name << ": " << what << ": " << sayings;
  }
}

TEST(MessageOracleTest, AgreesOnOurTortureMessages) {
  expect_agreement(std::filesystem::path(INTERMEDIARY_SOURCE_DIR) / "conformance/torture", ".sip");
}

TEST(MessageOracleTest, AgreesOnTheMessagesOfRfc4475) {
  const auto folder = std::filesystem::path(INTERMEDIARY_SHARED_DIR) / "corpora/rfc4475";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there (INTERMEDIARY_SHARED_DIR)";
  expect_agreement(folder, ".dat");
}

// ---- generated messages ----

std::string one_of(std::initializer_list<std::string> choices) {
  return *rc::gen::elementOf(std::vector<std::string>(choices));
}

std::string some_space() { return one_of({"", "", " ", "\t ", "\r\n ", " \r\n\t"}); }

// A field's name in one of its forms, and the colon with what may stand around it.
std::string some_name(const std::string& long_form, const std::string& compact_form) {
  return one_of({long_form, compact_form}) + one_of({":", ": ", " : ", ":\r\n "});
}

std::string some_parameter(const std::string& name, const std::string& value) {
  return some_space() + ";" + some_space() + name + some_space() + "=" + some_space() + value;
}

std::string some_uri() {
  return one_of({"sip", "sips", "SIP"}) + ":" + one_of({"", "alice@", "al%69ce:pw@", "a;b=c@", "+1-555(2)@", "%00@"}) +
         one_of({"example.com", "192.0.2.7", "[2001:db8::7]", "a-b.example"}) + one_of({"", ":5060", ":65535"}) +
         one_of({"", ";lr", ";transport=TCP;x=%41", ";maddr=192.0.2.9"});
}

std::string some_address(const std::string& tag) {
  const std::string name = one_of({"", "Alice ", "\"A. \\\"B\\\" <,;>\" ", "a b\t", "\"\xD0\x96\""});
  return name + "<" + some_uri() + ">" + one_of({"", some_parameter("x", "\"a,;\"")}) +
         (tag.empty() ? "" : some_parameter("tag", tag)) + one_of({"", ";flag"});
}

std::string some_via() {
  return "SIP" + some_space() + "/" + some_space() + "2.0/" + one_of({"UDP", "TCP", "TLS", "SCTP"}) + " " +
         some_space() + one_of({"example.com", "192.0.2.7", "[2001:db8::7]"}) + one_of({"", ":5060", " : 5070"}) +
         one_of({"", ";rport", ";rport=5066"}) + some_parameter("branch", "z9hG4bK" + one_of({"", "1", "-.!%*_+`'~"})) +
         one_of({"", ";received=192.0.2.3", ";received=2001:db8::3"}) + one_of({"", ";ttl=1", ";x=\"q\""});
}

std::string some_message() {
  const std::string method = one_of({"INVITE", "OPTIONS", "REGISTER", "ODD-method.1"});
  const bool request = *rc::gen::arbitrary<bool>();
  std::vector<std::string> lines{
      some_name("Via", "v") + some_via() + one_of({"", some_space() + "," + some_space() + some_via()}),
      some_name("From", "f") + some_address("ft-" + std::to_string(*rc::gen::inRange(0, 99))),
      some_name("To", "t") + some_address(one_of({"", "tt.1"})),
      some_name("Call-ID", "i") + one_of({"a84b4c76e66710@pc33.example.com", "x", "%ZK-!.*_+'@w`~)(><:\\/\"][?}{"}),
      one_of({"CSeq:", "cSEQ :\t"}) + some_space() + one_of({"0", "0009", "4294967295"}) + " " + some_space() + method,
      one_of({"Max-Forwards: 70", "MAX-FORWARDS:0", "Subject: none", "max-forwards : 0255"}),
      some_name("Contact", "m") + some_address("") + one_of({"", "," + some_space() + some_address("")}),
      one_of({"X-Other: a,b;c", "Contact: sip:c@example.com;q=0.5", "Organization:"}),
  };
  std::string bytes = request ? method + " " + some_uri() + " SIP/2.0\r\n" : "SIP/2.0 180 Ringing\r\n";
  while (!lines.empty()) {
    const auto next = lines.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(lines));
    bytes += *next + "\r\n";
    lines.erase(next);
  }
  return bytes + "Content-Length: 0\r\n\r\n";
}

RC_GTEST_PROP(MessageOracleProperty, AgreesOnValidMessages, ()) {
  const std::string bytes = some_message();
  const auto message = Message::parse(bytes, Framing::Datagram, Limits{});
  if (!message) RC_FAIL("refused: " + message.error().error.to_string() + "\n" + bytes);
  for (const auto& [what, sayings] : differences(**message)) RC_FAIL(what + ": " + sayings + "\n" + bytes);
}

}  // namespace
}  // namespace intermediary
