#include "ua/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ua/options.h"
#include "ua/test_requests.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MessagePtr request(std::string_view method, std::string_view lines = "", std::string_view body = "") {
  return request_to("sip:192.0.2.1", method, "To: <sip:192.0.2.1>\r\nCall-ID: c1\r\n" + std::string(lines), "1", body);
}

UaAnswer inspected(const MessagePtr& message) { return inspect(*message, own_capabilities(true)).value_or(UaAnswer{}); }

TEST(InspectionTest, AMethodThatNobodyKnowsIsNotImplemented) {
  EXPECT_EQ(inspected(request("NEWMETHOD")).status, 501);
  EXPECT_EQ(inspected(request("options")).status, 501) << "methods have case";
}

TEST(InspectionTest, AMethodThatIsNotOursIsNotAllowed) {
  const UaAnswer answer = inspected(request("INVITE"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(field_values(answer, "Allow"), ElementsAre("OPTIONS, REGISTER"));
  const auto without_registrar = inspect(*request("REGISTER"), own_capabilities(false));
  ASSERT_TRUE(without_registrar);
  EXPECT_EQ(without_registrar->status, 405);
  EXPECT_THAT(field_values(*without_registrar, "Allow"), ElementsAre("OPTIONS"));
}

TEST(InspectionTest, AnExtensionThatIsNotOursIsABadExtension) {
  const UaAnswer answer = inspected(request("OPTIONS", "Require: 100rel, Path\r\nRequire: nothingSupportsThis\r\n"));
  EXPECT_EQ(answer.status, 420);
  EXPECT_THAT(field_values(answer, "Unsupported"), ElementsAre("100rel, nothingSupportsThis"));
  EXPECT_FALSE(inspect(*request("OPTIONS", "Require: path\r\n"), own_capabilities(true)));
  EXPECT_FALSE(inspect(*request("OPTIONS", "Supported: 100rel\r\n"), own_capabilities(true)));
}

TEST(InspectionTest, TheMethodIsLookedAtBeforeTheExtensions) {
  EXPECT_EQ(inspected(request("INVITE", "Require: 100rel\r\n")).status, 405);
}

TEST(InspectionTest, ABodyMustBeUnderstood) {
  EXPECT_EQ(inspected(request("OPTIONS", "Content-Type: Application/SDP;charset=utf-8\r\n", "v=0\r\n")).status, 200);
  const UaAnswer answer = inspected(request("OPTIONS", "Content-Type: text/plain\r\n", "hello"));
  EXPECT_EQ(answer.status, 415);
  EXPECT_THAT(field_values(answer, "Accept"), ElementsAre("application/sdp"));
}

TEST(InspectionTest, ABodyMayBeIgnoredWhereItsSenderSaysSo) {
  EXPECT_EQ(
      inspected(
          request("OPTIONS", "Content-Type: text/plain\r\nContent-Disposition: render; Handling=optional\r\n", "hello"))
          .status,
      200);
  EXPECT_EQ(
      inspected(
          request("OPTIONS", "Content-Type: text/plain\r\nContent-Disposition: render; handling=required\r\n", "hello"))
          .status,
      415);
  EXPECT_EQ(inspected(request("OPTIONS", "Content-Type: text/plain\r\n")).status, 200) << "no body, no type";
}

TEST(InspectionTest, ABodyMustNotBeEncoded) {
  const UaAnswer answer =
      inspected(request("OPTIONS", "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "v=0\r\n"));
  EXPECT_EQ(answer.status, 415);
  EXPECT_THAT(field_values(answer, "Accept-Encoding"), ElementsAre("identity"));
  EXPECT_EQ(inspected(request("OPTIONS", "Content-Type: application/sdp\r\nContent-Encoding: identity\r\n", "v=0\r\n"))
                .status,
            200);
}

TEST(InspectionTest, EveryRefusalNamesItsCause) {
  for (const MessagePtr& message : {request("NEWMETHOD"), request("INVITE"), request("OPTIONS", "Require: x\r\n"),
                                    request("OPTIONS", "Content-Type: text/plain\r\n", "hello")}) {
    EXPECT_TRUE(inspected(message).is_refusal());
    EXPECT_FALSE(inspected(message).detail.empty());
  }
}

TEST(OptionsTest, TellsWhatWeCanDo) {
  const UaAnswer answer = answer_options(*request("OPTIONS"), own_capabilities(true));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(field_values(answer, "Accept"), ElementsAre("application/sdp"));
  EXPECT_THAT(field_values(answer, "Accept-Encoding"), ElementsAre("identity"));
  EXPECT_THAT(field_values(answer, "Accept-Language"), ElementsAre("en"));
  EXPECT_THAT(field_values(answer, "Supported"), ElementsAre("path, outbound, gruu"));
  EXPECT_THAT(answer.body, IsEmpty());
}

TEST(OptionsTest, AProxyOmitsAllow) {
  EXPECT_THAT(field_values(answer_options(*request("OPTIONS"), own_capabilities(true)), "Allow"), IsEmpty());
}

TEST(OptionsTest, WithoutExtensionsSupportedIsEmpty) {
  EXPECT_THAT(field_values(answer_options(*request("OPTIONS"), own_capabilities(false)), "Supported"), ElementsAre(""));
}

TEST(OptionsTest, RefusesWhatItsSenderRequiresInVain) {
  const UaAnswer answer = answer_options(*request("OPTIONS", "Require: timer\r\n"), own_capabilities(true));
  EXPECT_EQ(answer.status, 420);
  EXPECT_THAT(field_values(answer, "Unsupported"), ElementsAre("timer"));
  EXPECT_THAT(field_values(answer, "Accept"), IsEmpty());
}

}  // namespace
}  // namespace intermediary
