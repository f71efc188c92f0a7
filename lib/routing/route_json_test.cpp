#include "routing/route_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

std::expected<RouteDecision, std::string> answer(std::string body) {
  return read_route_answer({200, "application/json", std::nullopt, std::move(body)});
}
std::string problem_with_answer(std::string body) {
  const auto decision = answer(std::move(body));
  return decision ? "none" : decision.error();
}
Uri uri_of_answer(std::string_view text) { return *Uri::parse(text); }

TEST(RouteQuestion, SaysWhatIsKnownOfTheRequest) {
  RouteFacts facts{"to-crm", "INVITE", "sip:+3120@example.com", "\"A\" <sip:a@x>;tag=1", "<sip:b@x>", "call"};
  facts.source = *Endpoint::parse("192.0.2.10:5060");
  facts.transport = Transport::Tcp;
  facts.listener = "in";
  facts.headers = {{"X-A", "one"}, {"X-A", "t\"wo"}};
  EXPECT_EQ(route_question(facts),
            R"({"version":1,"rule":"to-crm","method":"INVITE","request_uri":"sip:+3120@example.com",)"
            R"("from":"\"A\" <sip:a@x>;tag=1","to":"<sip:b@x>","call_id":"call","source":"192.0.2.10:5060",)"
            R"("transport":"tcp","listener":"in","in_dialog":false,"headers":[["X-A","one"],["X-A","t\"wo"]]})");
  facts.user = "alice";
  facts.in_dialog = true;
  const auto value = JsonValue::parse(route_question(facts));
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->find("user")->text(), "alice");
  EXPECT_TRUE(*value->find("in_dialog")->boolean());
}

TEST(RouteAnswer, NamesTargets) {
  EXPECT_EQ(answer(R"({"targets":[{"uri":"sip:b@192.0.2.1"},{"group":"trunk:acme","q":0.25},
                      {"uri":"sips:c@x","group":"pool:app","q":1.0},{"group":"rates:r","q":0}],
                      "headers":{"X-Route":"a"}})"),
            (RouteDecision(RouteTo{{{uri_of_answer("sip:b@192.0.2.1"), "", 1000},
                                    {std::nullopt, "trunk:acme", 250},
                                    {uri_of_answer("sips:c@x"), "pool:app", 1000},
                                    {std::nullopt, "rates:r", 0}},
                                   {{"X-Route", "a"}}})));
}

TEST(RouteAnswer, RejectsOrGoesOn) {
  EXPECT_EQ(answer(R"({"reject":{"status":404}})"), (RouteDecision(RouteReject{404, "", std::nullopt})));
  EXPECT_EQ(answer(R"({"reject":{"status":503,"reason":"Not Now","retry_after":5}})"),
            (RouteDecision(RouteReject{503, "Not Now", seconds(5)})));
  EXPECT_EQ(answer(R"({"continue":true})"), (RouteDecision(RouteNext{})));
}

TEST(RouteAnswer, IsReadStrictly) {
  EXPECT_EQ(read_route_answer({404, "application/json", {}, R"({"continue":true})"}).error(),
            "it answers with status 404");
  EXPECT_EQ(read_route_answer({200, "text/html", {}, R"({"continue":true})"}).error(),
            "its answer is not of type application/json");
  EXPECT_EQ(problem_with_answer("{"), "its answer is no JSON: byte 2: a name is missing");
  EXPECT_EQ(problem_with_answer("[]"), "its answer is no object");
  EXPECT_EQ(problem_with_answer("{}"), "its answer has not one of 'targets', 'reject' and 'continue'");
  EXPECT_EQ(problem_with_answer(R"({"continue":true,"reject":{"status":404}})"),
            "its answer has not one of 'targets', 'reject' and 'continue'");
  EXPECT_EQ(problem_with_answer(R"({"continue":true,"target":1})"),
            "its answer has a member 'target', which is unknown");
  EXPECT_EQ(problem_with_answer(R"({"continue":false})"), "'continue' is not true");
  EXPECT_EQ(problem_with_answer(R"({"continue":true,"headers":{}})"), "its answer has 'headers' without 'targets'");
}

TEST(RouteAnswer, RefusesTargetsThatAreNone) {
  const auto with = [](const std::string& target) { return problem_with_answer(R"({"targets":[)" + target + "]}"); };
  EXPECT_EQ(with(""), "'targets' is no array with a target");
  EXPECT_EQ(with("1"), "a target is no object");
  EXPECT_EQ(with("{}"), "a target has neither 'uri' nor 'group'");
  EXPECT_EQ(with(R"({"uri":"tel:+31"})"), "the 'uri' of a target is no SIP URI");
  EXPECT_EQ(with(R"({"uri":1})"), "the 'uri' of a target is no SIP URI");
  EXPECT_EQ(with(R"({"group":""})"), "the 'group' of a target is no name");
  EXPECT_EQ(with(R"({"uri":"sip:a@x","headers":{}})"), "its answer has a member 'headers', which is unknown");
  for (const std::string q : {"2", "-1", "1.001", "0.1234", "1e0", "\"1\"", "0.x"}) {
    EXPECT_NE(with(R"({"uri":"sip:a@x","q":)" + q + "}"), "none") << q;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += (i == 0 ? "" : ",") + std::string(R"({"uri":"sip:a@x"})");
  EXPECT_EQ(with(many), "'targets' has more than 32");
}

TEST(RouteAnswer, RefusesHeadersAndRejectionsThatAreNone) {
  const auto headers = [](const std::string& some) {
    return problem_with_answer(R"({"targets":[{"uri":"sip:a@x"}],"headers":)" + some + "}");
  };
  EXPECT_EQ(headers("[]"), "'headers' is no object with at most 16 fields");
  EXPECT_EQ(headers(R"({"X A":"b"})"), "'headers' has what is no header field and its value");
  EXPECT_EQ(headers(R"({"X-A":1})"), "'headers' has what is no header field and its value");
  const auto reject = [](const std::string& some) { return problem_with_answer(R"({"reject":)" + some + "}"); };
  EXPECT_EQ(reject("1"), "'reject' is no object");
  EXPECT_EQ(reject("{}"), "the 'status' of 'reject' is no number from 400 to 699");
  EXPECT_EQ(reject(R"({"status":200})"), "the 'status' of 'reject' is no number from 400 to 699");
  EXPECT_EQ(reject(R"({"status":404,"code":1})"), "its answer has a member 'code', which is unknown");
  EXPECT_EQ(reject(R"({"status":404,"reason":"a\r\nb"})"),
            "the 'reason' of 'reject' is no text of at most 100 printable ASCII characters");
  EXPECT_EQ(reject(R"({"status":404,"retry_after":0})"),
            "the 'retry_after' of 'reject' is no number of seconds from 1 to 86400");
}

RC_GTEST_PROP(RouteAnswerProperty, AnyBytesAreReadOrRefused, (std::string bytes)) {
  const auto decision = answer(R"({"targets":[{"uri":"sip:a@x")" + bytes);
  if (!decision) RC_ASSERT(!decision.error().empty());
}

}  // namespace
}  // namespace intermediary
