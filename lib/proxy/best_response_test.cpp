#include "proxy/best_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::Pair;

MessagePtr response(int status, const std::string& fields = "") {
  auto message =
      Message::parse("SIP/2.0 " + std::to_string(status) +
                         " X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=a"
                         "\r\nTo: <sip:b@example.com>;tag=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
                         fields + "Content-Length: 0\r\n\r\n",
                     Framing::Datagram, Limits{});
  return message ? *message : nullptr;
}

int best_of(const std::vector<int>& statuses) {
  std::vector<Answered> answers;
  for (const int status : statuses) answers.push_back({status, response(status), {}});
  return answers[best_answer(answers)].status;
}

// RFC 3261 §16.7 step 6.
TEST(BestResponse, A6xxWinsOverEverything) { EXPECT_EQ(best_of({302, 404, 603, 486}), 603); }
TEST(BestResponse, ElseTheLowestClassWins) {
  EXPECT_EQ(best_of({500, 486, 302}), 302);
  EXPECT_EQ(best_of({503, 486}), 486);
}
TEST(BestResponse, WithinAClassItIsNotTheLowestCodeButTheOneThatHelps) {
  EXPECT_EQ(best_of({404, 407}), 407);
  EXPECT_EQ(best_of({400, 484}), 484);
  EXPECT_EQ(best_of({404, 415}), 415);
}
TEST(BestResponse, AmongEqualsTheEarliestWins) { EXPECT_EQ(best_of({486, 404}), 486); }
TEST(BestResponse, A503IsTheLastOfItsClass) { EXPECT_EQ(best_of({503, 500}), 500); }
TEST(BestResponse, WhatWasReceivedIsBetterThanWhatWeMade) {
  const std::vector<Answered> answers{{408, nullptr, "no answer"}, {486, response(486), {}}};
  EXPECT_EQ(best_answer(answers), 1u);
}

// Step 7.
TEST(BestResponse, ChallengesOfAllBranchesAreCollected) {
  const std::vector<Answered> answers{{401, response(401, "WWW-Authenticate: Digest realm=\"one\"\r\n"), {}},
                                      {407, response(407, "Proxy-Authenticate: Digest realm=\"two\"\r\n"), {}},
                                      {486, response(486), {}}};
  EXPECT_THAT(other_challenges(answers, 0), ElementsAre(Pair("Proxy-Authenticate", "Digest realm=\"two\"")));
  EXPECT_THAT(other_challenges(answers, 1), ElementsAre(Pair("WWW-Authenticate", "Digest realm=\"one\"")));
}

}  // namespace
}  // namespace intermediary
