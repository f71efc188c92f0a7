#include "routing/caller_preferences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MessagePtr request(const std::string& more_lines, const std::string& method = "INVITE") {
  auto message = Message::parse(
      method +
          " sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n" +
          "To: <sip:user@example.com>\r\nCall-ID: 1\r\nCSeq: 1 " + method + "\r\n" + more_lines + "\r\n",
      Framing::Datagram, Limits{});
  EXPECT_TRUE(message);
  return message ? *message : nullptr;
}

Target contact(std::string_view user, std::string_view parameters, int q = 1000) {
  Target target;
  target.uri = *Uri::parse("sip:" + std::string(user) + "@h.example.com");
  target.q_thousandths = q;
  target.features = parameters;
  return target;
}

std::vector<std::string> preferred(std::vector<Target> contacts, const std::string& lines,
                                   const std::string& method = "INVITE") {
  const auto preferences = read_caller_preferences(*request(lines, method));
  EXPECT_TRUE(preferences) << preferences.error();
  std::vector<std::string> users;
  TargetSet set;
  for (Target& target : contacts) set.add(std::move(target));
  const TargetSet chosen = prefer(std::move(set), *preferences);
  for (const Target& target : chosen.targets()) users.push_back(target.uri.user);
  return users;
}

std::string problem(const std::string& lines) {
  const auto preferences = read_caller_preferences(*request(lines));
  return preferences ? "" : preferences.error();
}

TEST(CallerPreferencesTest, DoesTheExampleOfTheRfc) {  // RFC 3841 §7.2.5
  EXPECT_THAT(preferred({contact("u1", ";audio;video;methods=\"INVITE,BYE\"", 200),
                         contact("u2", ";audio=\"FALSE\";methods=\"INVITE\";actor=\"msg-taker\"", 200),
                         contact("u3", ";audio;actor=\"msg-taker\";methods=\"INVITE\";video", 300),
                         contact("u4", ";audio;methods=\"INVITE,OPTIONS\"", 200), contact("u5", "", 500)},
                        "Reject-Contact: *;actor=\"msg-taker\";video\r\n"
                        "Accept-Contact: *;audio;require\r\n"
                        "Accept-Contact: *;video;explicit\r\n"
                        "Accept-Contact: *;methods=\"BYE\";class=\"business\";q=1.0\r\n"),
              ElementsAre("u5", "u1", "u4"));
}

TEST(CallerPreferencesTest, WhatIsRequiredMustNotBeContradicted) {
  const std::vector<Target> two{contact("desk", ";mobility=\"fixed\""), contact("cell", ";mobility=\"mobile\""),
                                contact("any", ";audio")};
  EXPECT_THAT(preferred(two, "Accept-Contact: *;mobility=\"mobile\";require\r\n"), ElementsAre("cell", "any"));
  EXPECT_THAT(preferred(two, "a: *;mobility=\"mobile\";require;explicit\r\n"), ElementsAre("cell"));
  EXPECT_THAT(preferred(two, "Accept-Contact: *;mobility=\"mobile\"\r\n"), ElementsAre("cell", "desk", "any"))
      << "not required: an order among equals";
}

TEST(CallerPreferencesTest, RejectsOnlyWhatSaysThatItIsSo) {
  EXPECT_THAT(preferred({contact("machine", ";automata"), contact("person", ";automata=\"FALSE\""),
                         contact("silent", ";audio"), contact("bare", "")},
                        "j: *;automata\r\n"),
              ElementsAre("person", "silent", "bare"));
}

TEST(CallerPreferencesTest, TheCalleesOrderComesFirst) {
  EXPECT_THAT(preferred({contact("first", ";audio", 900), contact("second", ";video", 800)},
                        "Accept-Contact: *;video;explicit\r\n"),
              ElementsAre("first", "second"));
}

TEST(CallerPreferencesTest, AMethodIsAPreferenceWhereNoOtherIs) {
  const std::vector<Target> two{contact("old", ";methods=\"INVITE,BYE\""), contact("new", ";methods=\"MESSAGE\"")};
  EXPECT_THAT(preferred(two, "", "MESSAGE"), ElementsAre("new"));
  EXPECT_THAT(preferred(two, "", "PUBLISH"), ElementsAre("old", "new")) << "rather their 405 than our 480";
  EXPECT_THAT(preferred(two, "Accept-Contact: *\r\n", "MESSAGE"), ElementsAre("old", "new")) << "there is another";
  EXPECT_THAT(preferred({contact("a", ";events=\"dialog\""), contact("b", ";events=\"presence\"")},
                        "Event: presence;id=4\r\n", "SUBSCRIBE"),
              ElementsAre("b"));
}

TEST(CallerPreferencesTest, ExplicitOnesMayLeaveNobody) {
  EXPECT_THAT(preferred({contact("desk", ";audio=\"FALSE\"")}, "Accept-Contact: *;audio;require\r\n"), IsEmpty());
}

TEST(CallerPreferencesTest, SaysWhatItCannotRead) {
  EXPECT_EQ(problem("Accept-Contact: *;audio=\"TRUE\r\n"), "Accept-Contact: the quotes of 'audio' do not end");
  EXPECT_EQ(problem("Reject-Contact: <sip:bob@example.com>\r\n"), "Reject-Contact: an entry begins with '*'");
  EXPECT_EQ(problem("Accept-Contact: *;audio;audio\r\n"), "Accept-Contact: 'audio' stands there twice");
  EXPECT_EQ(problem("Accept-Contact: *;priority=\"#>=x\"\r\n"),
            "Accept-Contact: 'priority' has a value that cannot be read");
  std::string many = "Accept-Contact: *;audio";
  for (std::size_t i = 0; i < limit::caller_preferences; ++i) many += ", *;video";
  EXPECT_THAT(problem(many + "\r\n"), HasSubstr("more than"));
}

TEST(CallerPreferencesTest, AContactThatCannotBeReadIsImmune) {
  EXPECT_THAT(preferred({contact("broken", ";audio=\"")}, "Accept-Contact: *;video;require;explicit\r\n"),
              ElementsAre("broken"));
}

TEST(DispositionTest, SaysWhatItSays) {
  const Disposition said = read_disposition(*request("Request-Disposition: proxy, no-recurse\r\nd: Sequential\r\n"));
  EXPECT_EQ(said, (Disposition{.redirect = false, .recurse = false, .parallel = false}));
  EXPECT_EQ(read_disposition(*request("")), Disposition{});
}

TEST(DispositionTest, TheFirstOfAKindCounts) {
  const Disposition said = read_disposition(*request("d: no-fork, fork, no-cancel, cancel, queue, nonsense\r\n"));
  EXPECT_EQ(said, (Disposition{.cancel = false, .fork = false}));
}

}  // namespace
}  // namespace intermediary
