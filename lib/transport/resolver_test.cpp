#include "transport/resolver.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "transport/dns_test.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { names.add_listener(Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt); }

  static std::string text_of(const std::expected<std::vector<Hop>, std::string>& hops) {
    if (!hops) return "none: " + hops.error();
    std::string text;
    for (const Hop& hop : *hops) text += (text.empty() ? "" : " ") + hop.remote.to_string();
    return text;
  }
  // Hops, an error, or "?" and the lookup's number.
  std::string find(const std::string& host, std::optional<std::uint16_t> port = std::nullopt) {
    auto found = resolver.find(now, {host, port, std::nullopt, false}, HopOrder::Drawn);
    if (const auto* hops = std::get_if<std::vector<Hop>>(&found)) return text_of(*hops);
    if (const auto* none = std::get_if<std::string>(&found)) return "none: " + *none;
    return "?" + std::to_string(std::get<LookupId>(found).value);
  }
  // Every question out, answered by the zone until there is none left.
  void answer_all() {
    for (auto questions = resolver.take_questions(); !questions.empty(); questions = resolver.take_questions()) {
      for (const auto& asked : questions) resolver.answered(now, asked.query, zone.ask(asked.question));
    }
  }
  std::vector<std::string> finished() {
    std::vector<std::string> lines;
    for (const auto& done : resolver.take_finished()) {
      lines.push_back(std::to_string(done.lookup.value) + " " + text_of(done.hops));
    }
    return lines;
  }

  LocalNames names;
  RandomSource random{seed_from_number(1)};
  TestZone zone;
  TimePoint now{};
  Resolver resolver{DnsTimes{.stale = seconds(1000)}, names, random};
};

TEST_F(ResolverTest, WaitsForAnswersOnceAndKnowsThemAfterwards) {
  zone.add("example.com A 192.0.2.21");
  EXPECT_EQ(find("Example.com"), "?1");
  EXPECT_EQ(resolver.lookup_count(), 1U);
  answer_all();
  EXPECT_THAT(finished(), ElementsAre("1 192.0.2.21:5060"));
  EXPECT_EQ(resolver.lookup_count(), 0U);
  EXPECT_EQ(find("example.com."), "192.0.2.21:5060");
  EXPECT_THAT(resolver.take_questions(), IsEmpty());
}

TEST_F(ResolverTest, TwoThatNeedTheSameShareTheQuestion) {
  zone.add("example.com A 192.0.2.21");
  EXPECT_EQ(find("example.com", 5060), "?1");
  EXPECT_EQ(find("example.com", 5070), "?2");
  answer_all();
  EXPECT_THAT(zone.asked, ElementsAre("example.com A"));
  EXPECT_THAT(finished(), ElementsAre("1 192.0.2.21:5060", "2 192.0.2.21:5070"));
}

TEST_F(ResolverTest, WhatNobodyWaitsForAnyMoreIsRememberedAllTheSame) {
  zone.add("example.com A 192.0.2.21");
  EXPECT_EQ(find("example.com", 5060), "?1");
  resolver.forget(LookupId{1});
  EXPECT_EQ(resolver.lookup_count(), 0U);
  answer_all();
  EXPECT_THAT(finished(), IsEmpty());
  EXPECT_EQ(find("example.com", 5060), "192.0.2.21:5060");
}

TEST_F(ResolverTest, ATtlThatEndsWhileALookupWaitsBreaksNothing) {
  zone.add("example.com NAPTR 10 50 s SIP+D2U _sip._udp.example.com", seconds(0))
      .add("_sip._udp.example.com SRV 10 0 5060 sip1.example.com", seconds(0))
      .add("sip1.example.com A 192.0.2.21", seconds(0));
  find("example.com");
  for (int step = 0; step < 3; ++step) {
    for (const auto& asked : resolver.take_questions()) resolver.answered(now, asked.query, zone.ask(asked.question));
    now += seconds(10);
  }
  EXPECT_THAT(finished(), ElementsAre("1 192.0.2.21:5060"));
  EXPECT_THAT(zone.asked, SizeIs(3));
}

TEST_F(ResolverTest, AnAnswerThatNobodyAskedForChangesNothing) {
  resolver.answered(now, QueryId{7}, DnsAnswer{{IpAddress::parse("192.0.2.66").value()}, seconds(60)});
  EXPECT_EQ(find("example.com", 5060), "?1");
  const auto questions = resolver.take_questions();
  resolver.answered(now, questions.front().query, DnsAnswer{{IpAddress::parse("192.0.2.21").value()}, seconds(60)});
  resolver.answered(now, questions.front().query, DnsAnswer{{IpAddress::parse("192.0.2.66").value()}, seconds(60)});
  EXPECT_THAT(finished(), ElementsAre("1 192.0.2.21:5060"));
  EXPECT_EQ(find("example.com", 5060), "192.0.2.21:5060");
}

TEST_F(ResolverTest, AFailureOfOneLookupIsNotHeldAgainstTheNext) {
  zone.fail("example.com", DnsType::A, DnsFailure::Kind::Failed);
  EXPECT_EQ(find("example.com", 5060), "?1");
  answer_all();
  EXPECT_THAT(finished(), ElementsAre("1 none: A of example.com: the server failed"));
  zone.clear();
  zone.add("example.com A 192.0.2.21");
  EXPECT_EQ(find("example.com", 5060), "?2");
  answer_all();
  EXPECT_THAT(finished(), ElementsAre("2 192.0.2.21:5060"));
}

TEST_F(ResolverTest, WhileServersFailTheLastAnswerServes) {
  zone.add("example.com A 192.0.2.21", seconds(60));
  find("example.com");
  answer_all();
  finished();
  for (const DnsType type : {DnsType::Naptr, DnsType::Srv, DnsType::A}) {
    const std::string name = type == DnsType::Srv ? "_sip._udp.example.com" : "example.com";
    zone.fail(name, type, DnsFailure::Kind::TimedOut);
  }
  now += seconds(61);
  EXPECT_EQ(find("example.com"), "?2");
  answer_all();
  EXPECT_THAT(finished(), ElementsAre("2 192.0.2.21:5060"));
  const auto troubles = resolver.take_troubles();
  ASSERT_THAT(troubles, SizeIs(3));
  EXPECT_EQ(troubles.front().kind, DnsTrouble::Kind::StaleUsed);
  EXPECT_EQ(find("example.com"), "192.0.2.21:5060");  // and is not asked for again at once
}

TEST_F(ResolverTest, NoQuestionIsAskedForWhatIsNoName) {
  EXPECT_THAT(find("192.0.2.999"), HasSubstr("none: '192.0.2.999' is no name"));
  EXPECT_THAT(resolver.take_questions(), IsEmpty());
}

TEST_F(ResolverTest, OpenQuestionsHaveALimit) {
  for (std::size_t i = 0; i < limit::dns_questions; ++i) find("n" + std::to_string(i) + ".com", 5060);
  EXPECT_EQ(find("one-more.com", 5060), "none: too many questions to name servers are open");
  EXPECT_EQ(find("n1.com", 5060).front(), '?');
  answer_all();
  EXPECT_EQ(find("one-more.com", 5060).front(), '?');
}

// RFC 3263 §7.
TEST_F(ResolverTest, ADomainThatOffersSipsNoLongerIsReported) {
  const auto look = [&] {
    find("example.com");
    answer_all();
    std::vector<DnsTrouble::Kind> kinds;
    for (const DnsTrouble& trouble : resolver.take_troubles()) kinds.push_back(trouble.kind);
    now += seconds(100);
    return kinds;
  };
  zone.add("example.com NAPTR 10 50 s SIPS+D2T _sips._tcp.example.com");
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(look(), IsEmpty());
  zone.clear();
  zone.fail("example.com", DnsType::Naptr, DnsFailure::Kind::Failed);
  EXPECT_THAT(look(), ElementsAre(DnsTrouble::Kind::StaleUsed));
  zone.clear();
  zone.add("example.com NAPTR 10 50 s SIP+D2U _sip._udp.example.com");
  EXPECT_THAT(look(), ElementsAre(DnsTrouble::Kind::SipsGone));
  EXPECT_THAT(look(), IsEmpty());
}

}  // namespace
}  // namespace intermediary
