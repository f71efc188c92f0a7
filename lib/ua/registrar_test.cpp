#include "ua/registrar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "base/limits.h"
#include "ua/test_registrar.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(RegistrarTest, BindsAContactAndListsIt) {
  const UaAnswer answer = send("Contact: <sip:bob@192.0.2.4>\r\nExpires: 600\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(listed(answer), ElementsAre("<sip:bob@192.0.2.4>;expires=600"));
  EXPECT_THAT(bound(), ElementsAre("sip:bob@192.0.2.4"));
  ASSERT_EQ(answer.events.size(), 1);
  EXPECT_EQ(to_line(answer.events[0]),
            "binding-changed change=added aor=sip:bob@example.com contact=sip:bob@192.0.2.4");
}

TEST_F(RegistrarTest, ListsWithoutContactAndChangesNothing) {
  send("Contact: <sip:bob@192.0.2.4>\r\n");
  now += 10s;
  const UaAnswer answer = send_as("c1", 1, "Expires: 0\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(listed(answer), ElementsAre("<sip:bob@192.0.2.4>;expires=3590"));
  EXPECT_THAT(answer.events, IsEmpty());
  EXPECT_THAT(listed(send("", "<sip:nobody@example.com>")), IsEmpty());
}

TEST_F(RegistrarTest, TakesTheExpiresParameterThenTheFieldThenTheDefault) {
  const UaAnswer answer = send("Contact: <sip:a@h>;expires=90, <sip:b@h>\r\nExpires: 120\r\n");
  EXPECT_THAT(listed(answer), ElementsAre("<sip:b@h>;expires=120", "<sip:a@h>;expires=90"));
  EXPECT_THAT(listed(send("Contact: <sip:a@h>, <sip:b@h>\r\n")),
              ElementsAre("<sip:b@h>;expires=3600", "<sip:a@h>;expires=3600"));
}

TEST_F(RegistrarTest, TakesAMalformedIntervalAsAnHour) {
  EXPECT_THAT(listed(send("Contact: <sip:a@h>;expires=soon\r\nExpires: 120\r\n")),
              ElementsAre("<sip:a@h>;expires=3600"));
}

TEST_F(RegistrarTest, CutsALongInterval) {
  EXPECT_THAT(listed(send("Contact: <sip:a@h>;expires=4294967295\r\n")), ElementsAre("<sip:a@h>;expires=86400"));
  EXPECT_THAT(listed(send("Contact: <sip:a@h>;expires=280297596632815\r\n")), ElementsAre("<sip:a@h>;expires=86400"));
}

TEST_F(RegistrarTest, RefusesABriefIntervalAndSaysWhatIsEnough) {
  const UaAnswer answer = send("Contact: <sip:a@h>, <sip:b@h>;expires=59\r\n");
  EXPECT_EQ(answer.status, 423);
  EXPECT_THAT(field_values(answer, "Min-Expires"), ElementsAre("60"));
  EXPECT_THAT(bound(), IsEmpty()) << "all or nothing";
  EXPECT_EQ(send("Contact: <sip:a@h>;expires=60\r\n").status, 200);
  EXPECT_EQ(send("Contact: <sip:a@h>;expires=0\r\n").status, 200) << "removal is never too brief";
}

TEST_F(RegistrarTest, AnHourIsNeverTooBrief) {
  settings.min_expires = 7200s;
  EXPECT_EQ(send("Contact: <sip:a@h>;expires=3599\r\n").status, 423);
  EXPECT_THAT(listed(send("Contact: <sip:a@h>;expires=3600\r\n")), ElementsAre("<sip:a@h>;expires=3600"));
}

TEST_F(RegistrarTest, KeepsWhatTheContactSays) {
  const UaAnswer answer =
      send("Contact: \"Bob\" <sip:bob@192.0.2.4;transport=tcp>;q=0.7;expires=600;+sip.instance=\"<urn:uuid:1>\"\r\n");
  EXPECT_THAT(listed(answer), ElementsAre("<sip:bob@192.0.2.4;transport=tcp>;q=0.7;+sip.instance=\"<urn:uuid:1>\";"
                                          "expires=600"));
  EXPECT_EQ(location.bindings("sip:bob@example.com")[0].q_thousandths, 700);
}

TEST_F(RegistrarTest, ListsTheBestContactFirst) {
  EXPECT_THAT(listed(send("Contact: <sip:a@h>;q=0.2, <sip:b@h>;q=0.9\r\nContact: <sip:c@h>\r\n")),
              ElementsAre("<sip:c@h>;expires=3600", "<sip:b@h>;q=0.9;expires=3600", "<sip:a@h>;q=0.2;expires=3600"));
}

TEST_F(RegistrarTest, ALivingBindingNeverShowsZeroSeconds) {
  send("Contact: <sip:a@h>;expires=60\r\n");
  now = at(60s) - 1us;
  EXPECT_THAT(listed(send("")), ElementsAre("<sip:a@h>;expires=1"));
  now = at(60s);
  EXPECT_THAT(listed(send("")), IsEmpty());
}

TEST_F(RegistrarTest, RemovesAContact) {
  send("Contact: <sip:a@h>, <sip:b@h>\r\n");
  const UaAnswer answer = send("Contact: <sip:a@h>\r\nExpires: 0\r\n");
  EXPECT_THAT(listed(answer), ElementsAre("<sip:b@h>;expires=3600"));
  EXPECT_EQ(to_line(answer.events.at(0)), "binding-changed change=removed aor=sip:bob@example.com contact=sip:a@h");
}

TEST_F(RegistrarTest, StarRemovesAllOfThem) {
  send("Contact: <sip:a@h>, <sip:b@h>\r\n");
  const UaAnswer answer = send("Contact: *\r\nExpires: 0\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(listed(answer), IsEmpty());
  EXPECT_EQ(answer.events.size(), 2);
}

TEST_F(RegistrarTest, StarStandsAloneAndExpiresAtOnce) {
  send("Contact: <sip:a@h>\r\n");
  for (const char* lines :
       {"Contact: *\r\n", "Contact: *\r\nExpires: 60\r\n", "Contact: *\r\nExpires: zero\r\n",
        "Contact: *, <sip:b@h>\r\nExpires: 0\r\n", "Contact: <sip:b@h>\r\nContact: *\r\nExpires: 0\r\n",
        "Contact: *;expires=0\r\n", "Contact: *\r\nContact: *\r\nExpires: 0\r\n"}) {
    EXPECT_EQ(send(lines).status, 400) << lines;
  }
  EXPECT_THAT(bound(), ElementsAre("sip:a@h"));
}

TEST_F(RegistrarTest, ALaterRequestComesTooLateOnlyWithinItsCall) {
  ASSERT_EQ(send_as("c1", 10, "Contact: <sip:a@h>\r\n").status, 200);
  EXPECT_EQ(send_as("c1", 10, "Contact: <sip:a@h>;expires=0\r\n").status, 500);
  EXPECT_EQ(send_as("c1", 9, "Contact: *\r\nExpires: 0\r\n").status, 500);
  EXPECT_EQ(send_as("c1", 9, "Contact: <sip:new@h>, <sip:a@h>\r\n").status, 500);
  EXPECT_THAT(bound(), ElementsAre("sip:a@h"));
  EXPECT_EQ(send_as("other", 1, "Contact: <sip:a@h>;expires=0\r\n").status, 200);
}

TEST_F(RegistrarTest, RefusesMoreContactsThanAnAddressMayHave) {
  settings.max_contacts = 2;
  EXPECT_EQ(send("Contact: <sip:a@h>, <sip:b@h>\r\n").status, 200);
  const UaAnswer answer = send("Contact: <sip:c@h>\r\n");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.detail, HasSubstr("more than 2 contacts"));
  EXPECT_EQ(bound().size(), 2);
}

TEST_F(RegistrarTest, SaysWhenThereIsNoRoomAtAll) {
  location = Location(1);
  EXPECT_EQ(send("Contact: <sip:a@h>\r\n").status, 200);
  const UaAnswer answer = send("Contact: <sip:c@h>\r\n", "<sip:carol@example.com>");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(field_values(answer, "Retry-After").size(), 1);
}

TEST_F(RegistrarTest, RefusesAnAbsurdListOfContacts) {
  std::string lines = "Contact: <sip:user@h>";
  for (std::size_t i = 0; i < limit::list_entries; ++i) lines += ", <sip:user" + std::to_string(i) + "@h>";
  EXPECT_EQ(send(lines + "\r\n").status, 400);
}

TEST_F(RegistrarTest, RefusesContactsThatCannotBeRead) {
  for (const char* contact :
       {"<sip:>", "bob", "<sip:bob@h", "<sip:a@h>;q=2", "<sip:a@h>;q=high", "<sip:good@h>, <sip:>"}) {
    EXPECT_EQ(send("Contact: " + std::string(contact) + "\r\n").status, 400) << contact;
  }
  EXPECT_THAT(bound(), IsEmpty());
  // §10.2.1: a contact may be any URI.
  EXPECT_EQ(send("Contact: <tel:+31201234567>, <sip:bob@h>, <mailto:bob@example.com>\r\n").status, 200);
}

TEST_F(RegistrarTest, RefusesABindingThatIsTooLarge) {
  const std::string big(limit::binding_bytes, 'x');
  const UaAnswer answer = send("Contact: <sip:a@h>;note=" + big + "\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.detail, HasSubstr("larger"));
}

TEST_F(RegistrarTest, KeepsBindingsUnderTheCanonicalAddress) {
  ASSERT_EQ(send("Contact: <sip:a@h>\r\n", "Bob <sip:%62ob@EXAMPLE.com;user=phone>").status, 200);
  EXPECT_THAT(bound("sip:bob@example.com"), ElementsAre("sip:a@h"));
}

TEST_F(RegistrarTest, KnowsOnlyAddressesOfItsDomains) {
  for (const char* to : {"<sip:bob@example.org>", "<sip:example.com>", "<tel:+31201234567>"}) {
    EXPECT_EQ(send("Contact: <sip:a@h>\r\n", to).status, 404) << to;
  }
  EXPECT_EQ(location.address_count(), 0);
}

TEST_F(RegistrarTest, ChecksWhatTheSenderRequiresFirst) {
  const UaAnswer answer = send("Require: 100rel\r\nContact: *\r\n", "<sip:bob@example.org>");
  EXPECT_EQ(answer.status, 420);
  EXPECT_THAT(field_values(answer, "Unsupported"), ElementsAre("100rel"));
}

TEST_F(RegistrarTest, StoresThePathOfWhoSupportsIt) {
  const UaAnswer answer = send(
      "Supported: outbound, Path\r\nPath: <sip:p1.example.com;lr>,\r\n <sip:p2.example.com;lr>\r\n"
      "Path: <sip:p3.example.com;lr>\r\nContact: <sip:a@h>\r\n");
  EXPECT_EQ(answer.status, 200);
  const auto path = ElementsAre("<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>", "<sip:p3.example.com;lr>");
  EXPECT_THAT(field_values(answer, "Path"), path);
  EXPECT_THAT(location.bindings("sip:bob@example.com")[0].path, path);
}

TEST_F(RegistrarTest, RefusesAPathThatTheSenderDoesNotKnowOf) {
  const UaAnswer answer = send("Path: <sip:p1.example.com;lr>\r\nContact: <sip:a@h>\r\n");
  EXPECT_EQ(answer.status, 420);
  EXPECT_THAT(field_values(answer, "Unsupported"), ElementsAre("path"));
  EXPECT_THAT(bound(), IsEmpty());
  EXPECT_EQ(send("Supported: path\r\nPath: nonsense\r\nContact: <sip:a@h>\r\n").status, 400);
}

TEST_F(RegistrarTest, AContactThatIsItsConnectionEndsWithIt) {
  arrival = {Transport::Tcp, *Endpoint::parse("192.0.2.4:40000"), ListenerId{1}, FlowId{7}};
  ASSERT_EQ(send("Contact: <sip:a@192.0.2.4:40000;transport=tcp>, <sip:b@192.0.2.4;transport=tcp>\r\n").status, 200);
  location.remove_flow(FlowId{7});
  EXPECT_THAT(bound(), ElementsAre("sip:b@192.0.2.4;transport=tcp")) << "its port still listens";
}

TEST_F(RegistrarTest, AContactOverWebSocketAlwaysEndsWithItsConnection) {
  arrival = {Transport::Ws, *Endpoint::parse("192.0.2.4:40000"), ListenerId{1}, FlowId{7}};
  ASSERT_EQ(send("Contact: <sip:a@df7jal23ls0d.invalid;transport=ws>\r\n").status, 200);
  EXPECT_EQ(location.remove_flow(FlowId{7}).size(), 1);
}

TEST_F(RegistrarTest, NeverAnswersWithRecordRouteNorA6xx) {
  const UaAnswer answer = send("Record-Route: <sip:p.example.org;lr>\r\nContact: <sip:a@h>\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(field_values(answer, "Record-Route"), IsEmpty());
}

// ---- against a model: one address of record, few contacts, few calls, so that they collide.

struct ModelBinding {
  int call = 0;
  std::uint32_t cseq = 0;
  TimePoint expires{};
};

struct ModelRegistrar {
  static constexpr std::size_t max_contacts = 3;
  std::map<int, ModelBinding> bindings;

  struct Contact {
    int user = 0;
    int expires = 0;
  };

  bool is_late(int user, int call, std::uint32_t cseq) const {
    const auto found = bindings.find(user);
    return found != bindings.end() && found->second.call == call && found->second.cseq >= cseq;
  }
  int add(TimePoint now, int call, std::uint32_t cseq, const std::vector<Contact>& contacts) {
    auto next = bindings;
    for (const Contact& contact : contacts) {
      if (contact.expires > 0 && contact.expires < 60) return 423;
    }
    for (const Contact& contact : contacts) {
      if (is_late(contact.user, call, cseq)) return 500;
      if (contact.expires == 0) {
        next.erase(contact.user);
      } else {
        next[contact.user] = {call, cseq, now + seconds(contact.expires)};
      }
    }
    if (next.size() > max_contacts && next.size() > bindings.size()) return 403;
    bindings = next;
    return 200;
  }
  int remove_all(int call, std::uint32_t cseq) {
    for (const auto& [user, binding] : bindings) {
      if (is_late(user, call, cseq)) return 500;
    }
    bindings.clear();
    return 200;
  }
  void expire(TimePoint now) {
    std::erase_if(bindings, [&](const auto& entry) { return entry.second.expires <= now; });
  }
  static std::chrono::seconds seconds(int count) { return std::chrono::seconds(count); }
};

std::string user_uri(int user) { return "sip:user" + std::to_string(user) + "@192.0.2.4"; }

std::map<std::string, TimePoint> expiries(const Location& location) {
  std::map<std::string, TimePoint> all;
  for (const Binding& binding : location.bindings("sip:bob@example.com")) all[binding.contact] = binding.expires;
  return all;
}
std::map<std::string, TimePoint> expiries(const ModelRegistrar& model) {
  std::map<std::string, TimePoint> all;
  for (const auto& [user, binding] : model.bindings) all[user_uri(user)] = binding.expires;
  return all;
}

RC_GTEST_PROP(RegistrarProperty, BehavesLikeItsModel, ()) {
  RegistrarSettings settings;
  settings.max_contacts = ModelRegistrar::max_contacts;
  LocalNames names;
  names.add_domain("example.com");
  Location location;
  Registrar registrar(settings, names, location);
  ModelRegistrar model;
  TimePoint now{};

  const int steps = *rc::gen::inRange(0, 20);
  for (int step = 0; step < steps; ++step) {
    now += std::chrono::seconds(*rc::gen::inRange(0, 40));
    model.expire(now);
    location.expire(now);
    const int call = *rc::gen::inRange(0, 2);
    const auto cseq = *rc::gen::inRange<std::uint32_t>(1, 8);
    std::string lines = "To: <sip:bob@example.com>\r\nCall-ID: c" + std::to_string(call) + "\r\n";
    int expected = 0;
    if (*rc::gen::inRange(0, 8) == 0) {
      lines += "Contact: *\r\nExpires: 0\r\n";
      expected = model.remove_all(call, cseq);
    } else {
      std::vector<ModelRegistrar::Contact> contacts;
      const int count = *rc::gen::inRange(0, 4);
      for (int i = 0; i < count; ++i) {
        const int user = *rc::gen::inRange(0, 5);
        const int expires = *rc::gen::element(0, 30, 60, 90, 120);
        contacts.push_back({user, expires});
        lines += "Contact: <" + user_uri(user) + ">;expires=" + std::to_string(expires) + "\r\n";
      }
      expected = model.add(now, call, cseq, contacts);
    }
    const auto request = request_to("sip:example.com", "REGISTER", lines, std::to_string(cseq));
    const UaAnswer answer = registrar.answer(now, *request, Arrival{});
    RC_ASSERT(answer.status == expected);
    RC_ASSERT(expiries(location) == expiries(model));
    RC_ASSERT(location.binding_count() == model.bindings.size());
    RC_ASSERT(field_values(answer, "Contact").size() == (expected == 200 ? model.bindings.size() : 0));
    RC_ASSERT(!answer.is_refusal() || answer.events.empty());
  }
  location.expire(now + std::chrono::hours(24));
  RC_ASSERT(location.binding_count() == 0);
  RC_ASSERT(!location.next_expiry());
}

}  // namespace
}  // namespace intermediary
