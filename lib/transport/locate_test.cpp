#include "transport/locate.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "transport/dns_test.h"

namespace intermediary {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LocateTest : public testing::Test {
 protected:
  LocateTest() {
    listen(Transport::Udp, "192.0.2.1:5060");
    listen(Transport::Tcp, "192.0.2.1:5060");
  }
  void listen(Transport transport, std::string_view address) {
    names.add_listener(transport, *Endpoint::parse(address), "", std::nullopt);
  }
  // Where a URI leads, every question answered by the zone: "UDP 192.0.2.21:5060", or "none: " and why.
  std::vector<std::string> hops(std::string_view uri_text, HopOrder order = HopOrder::Drawn) {
    const auto selected = select_hop(*Uri::parse(uri_text));
    ResolveTarget target = std::get<ResolveTarget>(selected);
    target.host = dns_name(target.host).value();
    DnsAnswers known;
    zone.asked.clear();
    for (int step = 0; step < 20; ++step) {
      located = locate(target, order, known, names, random);
      for (const DnsQuestion& question : located.missing) known.emplace(question, zone.ask(question));
      if (located.missing.empty()) break;
    }
    std::vector<std::string> lines;
    for (const Hop& hop : located.hops)
      lines.push_back(std::string(via_name(hop.transport)) + " " + hop.remote.to_string());
    if (lines.empty()) lines.push_back("none: " + located.reason);
    return lines;
  }

  LocalNames names;
  RandomSource random{seed_from_number(1)};
  TestZone zone;
  Located located;
};

// ---- RFC 3263 §4.1

TEST_F(LocateTest, NaptrNamesTheTransportAndTheSrvRecordsToAskFor) {
  zone.add("example.com NAPTR 10 50 s SIP+D2T _sip._tcp.example.net")
      .add("_sip._tcp.example.net SRV 0 0 5070 sip1.example.net")
      .add("sip1.example.net A 192.0.2.21");
  EXPECT_THAT(hops("sip:bob@Example.COM"), ElementsAre("TCP 192.0.2.21:5070"));
  EXPECT_THAT(zone.asked, ElementsAre("example.com NAPTR", "_sip._tcp.example.net SRV", "sip1.example.net A"));
}

TEST_F(LocateTest, TheLowestOrderIsTakenAndWithinItTheLowestPreference) {
  zone.add("example.com NAPTR 20 10 s SIP+D2U _sip._udp.third.com")
      .add("example.com NAPTR 10 90 s SIP+D2U _sip._udp.second.com")
      .add("example.com NAPTR 10 50 s SIP+D2T _sip._tcp.first.com");
  for (const std::string host : {"first", "second", "third"}) {
    const std::string service = host == "first" ? "_sip._tcp." : "_sip._udp.";
    zone.add(service + host + ".com SRV 0 0 5060 sip." + host + ".com");
  }
  zone.add("sip.first.com A 192.0.2.21").add("sip.second.com A 192.0.2.22").add("sip.third.com A 192.0.2.23");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("TCP 192.0.2.21:5060", "UDP 192.0.2.22:5060"));
}

TEST_F(LocateTest, ServicesOverTransportsThatWeDoNotHaveArePassedOver) {
  zone.add("example.com NAPTR 5 0 s SIPS+D2T _sips._tcp.example.com")
      .add("example.com NAPTR 6 0 s SIP+D2S _sip._sctp.example.com")
      .add("example.com NAPTR 7 0 s E2U+sip _sip._udp.enum.com")
      .add("example.com NAPTR 8 0 s SIP+D2W _sip._ws.example.com")
      .add("example.com NAPTR 9 0 u SIP+D2U _sip._udp.example.org")
      .add("example.com NAPTR 50 0 s sip+d2u _sip._udp.example.com")
      .add("_sip._udp.example.com SRV 0 0 5060 sip1.example.com")
      .add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
  EXPECT_THAT(zone.asked, Not(Contains(HasSubstr("_sips"))));
}

TEST_F(LocateTest, ForSipsOnlyServicesThatAreSipsCount) {
  listen(Transport::Tls, "192.0.2.1:5061");
  zone.add("example.com NAPTR 5 0 s SIP+D2U _sip._udp.example.com")
      .add("example.com NAPTR 6 0 s SIP+D2T _sip._tcp.example.com")
      .add("example.com NAPTR 50 0 s SIPS+D2T _sips._tcp.example.com")
      .add("_sips._tcp.example.com SRV 0 0 5061 sip1.example.com")
      .add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sips:example.com"), ElementsAre("TLS 192.0.2.21:5061"));
}

TEST_F(LocateTest, SipsIsNeverDowngraded) {
  listen(Transport::Tls, "192.0.2.1:5061");
  zone.add("example.com NAPTR 5 0 s SIP+D2U _sip._udp.example.com")
      .add("_sip._udp.example.com SRV 0 0 5060 sip1.example.com")
      .add("_sip._tcp.example.com SRV 0 0 5060 sip1.example.com")
      .add("sip1.example.com A 192.0.2.21")
      .add("example.com A 192.0.2.22");
  EXPECT_THAT(hops("sips:example.com"), ElementsAre("TLS 192.0.2.22:5061"));
  EXPECT_THAT(hops("sips:example.com;transport=tcp"), ElementsAre("TLS 192.0.2.22:5061"));
  EXPECT_THAT(hops("sips:example.com:5070"), ElementsAre("TLS 192.0.2.22:5070"));
}

TEST_F(LocateTest, ForSipAServiceThatIsSipsCountsAsWellWhereThereIsTls) {
  zone.add("example.com NAPTR 5 0 s SIPS+D2T _sips._tcp.example.com")
      .add("example.com NAPTR 6 0 s SIP+D2U _sip._udp.example.com")
      .add("_sips._tcp.example.com SRV 0 0 5061 sip1.example.com")
      .add("_sip._udp.example.com SRV 0 0 5060 sip1.example.com")
      .add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
  listen(Transport::Tls, "192.0.2.1:5061");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("TLS 192.0.2.21:5061"));
}

TEST_F(LocateTest, WithoutNaptrTheTransportsThatWeHaveAreAskedForAndOneIsTaken) {
  zone.add("_sip._tcp.example.com SRV 0 0 5070 sip1.example.com").add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("TCP 192.0.2.21:5070"));
  EXPECT_THAT(zone.asked, ElementsAre("example.com NAPTR", "_sip._udp.example.com SRV", "_sip._tcp.example.com SRV",
                                      "sip1.example.com A"));
  zone.add("_sip._udp.example.com SRV 0 0 5080 sip1.example.com");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5080"));
}

TEST_F(LocateTest, WithoutSrvItIsUdpOrTlsForSips) {
  listen(Transport::Tls, "192.0.2.1:5061");
  zone.add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
  EXPECT_THAT(hops("sips:example.com"), ElementsAre("TLS 192.0.2.21:5061"));
}

TEST_F(LocateTest, ANaptrRecordMayNameAHostOrLeadToOthers) {
  zone.add("example.com NAPTR 10 0 - - more.example.com")
      .add("more.example.com NAPTR 1 0 A SIP+D2T sip1.example.com")
      .add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("TCP 192.0.2.21:5060"));
}

TEST_F(LocateTest, NaptrRecordsInACircleEnd) {
  zone.add("example.com NAPTR 10 0 - - b.example.com").add("b.example.com NAPTR 1 0 - - example.com");
  for (int i = 0; i < 20; ++i) {
    zone.add("n" + std::to_string(i) + ".com NAPTR 1 0 - - n" + std::to_string(i + 1) + ".com");
  }
  zone.add("example.com A 192.0.2.21").add("n0.com A 192.0.2.22");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
  EXPECT_THAT(hops("sip:n0.com"), ElementsAre("UDP 192.0.2.22:5060"));
  EXPECT_THAT(zone.asked, AllOf(Contains("n7.com NAPTR"), Not(Contains("n8.com NAPTR"))));
}

// ---- RFC 3263 §4.2

TEST_F(LocateTest, APortSkipsNaptrAndSrv) {
  zone.add("example.com NAPTR 10 50 s SIP+D2T _sip._tcp.example.com")
      .add("_sip._udp.example.com SRV 0 0 5070 sip1.example.com")
      .add("example.com A 192.0.2.22");
  EXPECT_THAT(hops("sip:example.com:5060"), ElementsAre("UDP 192.0.2.22:5060"));
  EXPECT_THAT(hops("sip:example.com:5080;transport=tcp"), ElementsAre("TCP 192.0.2.22:5080"));
  EXPECT_THAT(zone.asked, ElementsAre("example.com A"));
}

TEST_F(LocateTest, ATransportSkipsNaptr) {
  zone.add("example.com NAPTR 10 50 s SIP+D2U _sip._udp.example.com")
      .add("_sip._tcp.example.com SRV 0 0 5070 sip1.example.com")
      .add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com;transport=tcp"), ElementsAre("TCP 192.0.2.21:5070"));
  EXPECT_THAT(zone.asked, ElementsAre("_sip._tcp.example.com SRV", "sip1.example.com A"));
}

TEST_F(LocateTest, TlsIsAServiceOfItsOwn) {
  listen(Transport::Tls, "192.0.2.1:5061");
  zone.add("_sips._tcp.example.com SRV 0 0 5071 sip1.example.com").add("sip1.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com;transport=tls"), ElementsAre("TLS 192.0.2.21:5071"));
  EXPECT_THAT(hops("sips:example.com;transport=tcp"), ElementsAre("TLS 192.0.2.21:5071"));
}

TEST_F(LocateTest, AHopOverTlsSaysWhichDomainWasMeant) {
  listen(Transport::Tls, "192.0.2.1:5061");
  zone.add("example.com NAPTR 10 50 s SIPS+D2T _sips._tcp.hosting.net")
      .add("_sips._tcp.hosting.net SRV 0 0 5061 sip1.hosting.net")
      .add("sip1.hosting.net A 192.0.2.21");
  hops("sips:Example.com");
  ASSERT_THAT(located.hops, SizeIs(1));
  EXPECT_EQ(located.hops.front().server_name.view(), "example.com");
  zone.add("plain.com A 192.0.2.22");
  hops("sip:plain.com");
  EXPECT_TRUE(located.hops.front().server_name.empty());
}

TEST_F(LocateTest, ServersAreTriedByPriorityEachWithAllItsAddresses) {
  listen(Transport::Udp, "[2001:db8::1]:5060");
  zone.add("_sip._udp.example.com SRV 20 0 5062 backup.example.com")
      .add("_sip._udp.example.com SRV 10 0 5061 main.example.com")
      .add("main.example.com A 192.0.2.22")
      .add("main.example.com A 192.0.2.21")
      .add("main.example.com AAAA 2001:db8::21")
      .add("backup.example.com A 192.0.2.30");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP [2001:db8::21]:5061", "UDP 192.0.2.22:5061",
                                                   "UDP 192.0.2.21:5061", "UDP 192.0.2.30:5062"));
}

TEST_F(LocateTest, AddressesOfAFamilyWithoutAListenerAreNotAskedFor) {
  zone.add("example.com A 192.0.2.21").add("example.com AAAA 2001:db8::21");
  EXPECT_THAT(hops("sip:example.com:5060"), ElementsAre("UDP 192.0.2.21:5060"));
  EXPECT_THAT(zone.asked, ElementsAre("example.com A"));
}

TEST_F(LocateTest, AServiceThatIsDecidedlyNotThereIsNotSoughtElsewhere) {
  zone.add("_sip._udp.example.com SRV 0 0 0 .").add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com;transport=udp"), ElementsAre("none: example.com offers no SIP service over UDP"));
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("none: example.com offers no SIP service over UDP"));
}

TEST_F(LocateTest, AServiceThatIsDecidedlyNotThereSaysNothingOfTheOthers) {
  zone.add("_sips._tcp.example.com SRV 0 0 0 .").add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
}

TEST_F(LocateTest, AnAddressThatTwoServersShareIsTriedOnce) {
  zone.add("_sip._udp.example.com SRV 10 0 5060 a.example.com")
      .add("_sip._udp.example.com SRV 20 0 5060 b.example.com")
      .add("a.example.com A 192.0.2.21")
      .add("b.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
}

TEST_F(LocateTest, TheTargetsOfALookupHaveALimit) {
  for (int i = 0; i < 40; ++i) {
    const std::string host = "sip" + std::to_string(i) + ".example.com";
    zone.add("_sip._udp.example.com SRV 1 0 5060 " + host);
    for (int j = 0; j < 4; ++j) zone.add(host + " A 192.0.2." + std::to_string(4 * i + j));
  }
  EXPECT_THAT(hops("sip:example.com"), SizeIs(limit::dns_targets));
  EXPECT_THAT(zone.asked, SizeIs(1 + 2 + limit::dns_targets));
}

// ---- RFC 3263 §4.4

TEST_F(LocateTest, TheFixedOrderDoesNotDependOnTheOrderOfTheAnswer) {
  zone.add("_sip._udp.example.com SRV 10 5 5060 b.example.com")
      .add("_sip._udp.example.com SRV 10 5 5060 a.example.com")
      .add("a.example.com A 192.0.2.22")
      .add("a.example.com A 192.0.2.21")
      .add("b.example.com A 192.0.2.20");
  EXPECT_THAT(hops("sip:example.com", HopOrder::Fixed),
              ElementsAre("UDP 192.0.2.21:5060", "UDP 192.0.2.22:5060", "UDP 192.0.2.20:5060"));
  EXPECT_EQ(random, RandomSource(seed_from_number(1)));
}

// ---- trouble

TEST_F(LocateTest, SaysWhyThereIsNothing) {
  EXPECT_THAT(hops("sip:nowhere.example.com"), ElementsAre("none: A of nowhere.example.com: no such name"));
  zone.fail("slow.com", DnsType::Naptr, DnsFailure::Kind::TimedOut);
  EXPECT_THAT(hops("sip:slow.com"), ElementsAre("none: NAPTR of slow.com: no server answered"));
  EXPECT_THAT(zone.asked, ElementsAre("slow.com NAPTR"));
}

TEST_F(LocateTest, AServerThatFailsForSrvHidesNothing) {
  zone.fail("_sip._udp.example.com", DnsType::Srv, DnsFailure::Kind::Failed).add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("none: SRV of _sip._udp.example.com: the server failed"));
}

TEST_F(LocateTest, AServerThatCannotServeNaptrMayServeTheRest) {
  zone.fail("example.com", DnsType::Naptr, DnsFailure::Kind::Failed).add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
}

TEST_F(LocateTest, AServerWithoutAddressIsPassedOver) {
  zone.add("_sip._udp.example.com SRV 10 0 5060 a.example.com")
      .add("_sip._udp.example.com SRV 20 0 5060 b.example.com")
      .add("b.example.com A 192.0.2.21");
  EXPECT_THAT(hops("sip:example.com"), ElementsAre("UDP 192.0.2.21:5060"));
}

TEST_F(LocateTest, ATransportWithoutAListenerLeadsNowhere) {
  zone.add("example.com A 192.0.2.21");
  EXPECT_THAT(hops("sips:example.com"), ElementsAre("none: no TLS listener to reach example.com from"));
  EXPECT_THAT(zone.asked, Not(Contains("example.com A")));
}

TEST(DnsNameTest, IsCanonicalOrNothing) {
  EXPECT_EQ(dns_name("Example.COM."), "example.com");
  EXPECT_EQ(dns_name("proxy"), "proxy");
  for (const std::string_view bad : {"", ".", "a..b", "192.0.2.999", "a b", "exa%6dple.com", "a.1"}) {
    EXPECT_EQ(dns_name(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(dns_name(std::string(64, 'a') + ".com"), std::nullopt);
  EXPECT_EQ(dns_name(std::string(250, 'a')), std::nullopt);
}

}  // namespace
}  // namespace intermediary
