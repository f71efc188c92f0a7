#include "runtime/dns/dns_message.h"

#include <gmock/gmock.h>

#include "runtime/dns/test_dns_messages.h"

namespace intermediary {
namespace {

using namespace dns_test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Kind = DnsFailure::Kind;

constexpr unsigned a = 1, cname = 5, soa_type = 6, aaaa = 28, srv_type = 33, naptr = 35;

DnsRecord v4(std::string_view text) { return *IpAddress::parse(text); }

TEST(DnsMessage, ReadsAddressesWithTheLeastTtl) {
  const Reply reply{"sip.example.com",
                    a,
                    {record("sip.example.com", a, 60, address({192, 0, 2, 1})),
                     record("SIP.example.com", a, 30, address({192, 0, 2, 2}))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"sip.example.com", DnsType::A});
  ASSERT_TRUE(reading.result) << reading.result.error().reason;
  EXPECT_THAT(reading.result->records, ElementsAre(v4("192.0.2.1"), v4("192.0.2.2")));
  EXPECT_EQ(reading.result->ttl, 30s);
  const Reply six{
      "sip.example.com",
      aaaa,
      {record("sip.example.com", aaaa, 60, address({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}))}};
  const DnsReading v6 = read_dns_answer(six.bytes(), {"sip.example.com", DnsType::Aaaa});
  ASSERT_TRUE(v6.result);
  EXPECT_THAT(v6.result->records, ElementsAre(v4("2001:db8::9")));
}

TEST(DnsMessage, ReadsServices) {
  const Reply reply{"_sip._udp.example.com",
                    srv_type,
                    {record("_sip._udp.example.com", srv_type, 60, srv(10, 60, 5070, "Sip1.example.com")),
                     record("_sip._udp.example.com", srv_type, 60, srv(20, 0, 0, ""))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"_sip._udp.example.com", DnsType::Srv});
  ASSERT_TRUE(reading.result);
  EXPECT_THAT(reading.result->records,
              ElementsAre(DnsRecord(SrvRecord{10, 60, 5070, "sip1.example.com"}), DnsRecord(SrvRecord{20, 0, 0, "."})));
}

TEST(DnsMessage, ReadsPointers) {
  const std::string data = word(50) + word(40) + text("s") + text("SIP+D2T") + text("") + name("_sip._tcp.example.com");
  const Reply reply{"example.com", naptr, {record("example.com", naptr, 60, data)}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"example.com", DnsType::Naptr});
  ASSERT_TRUE(reading.result);
  EXPECT_THAT(reading.result->records,
              ElementsAre(DnsRecord(NaptrRecord{50, 40, "s", "SIP+D2T", "", "_sip._tcp.example.com"})));
}

TEST(DnsMessage, FollowsAliasesWithinTheMessageInAnyOrder) {
  const Reply reply{"www.example.com",
                    a,
                    {record("b.example.com", a, 300, address({192, 0, 2, 7})),
                     record("a.example.com", cname, 20, name("b.example.com")),
                     record("www.example.com", cname, 40, name("a.example.com"))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"www.example.com", DnsType::A});
  ASSERT_TRUE(reading.result);
  EXPECT_THAT(reading.result->records, ElementsAre(v4("192.0.2.7")));
  EXPECT_EQ(reading.result->ttl, 20s);
}

TEST(DnsMessage, SaysWhereAnAliasLeadsOut) {
  const Reply reply{"www.example.com", a, {record("www.example.com", cname, 40, name("sip.example.net"))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"www.example.com", DnsType::A});
  EXPECT_EQ(reading.alias, "sip.example.net");
  EXPECT_EQ(reading.alias_ttl, 40s);
}

TEST(DnsMessage, RefusesALoopOfAliases) {
  const Reply reply{"a.example.com",
                    a,
                    {record("a.example.com", cname, 40, name("b.example.com")),
                     record("b.example.com", cname, 40, name("a.example.com"))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"a.example.com", DnsType::A});
  ASSERT_FALSE(reading.result);
  EXPECT_EQ(reading.result.error().kind, Kind::Failed);
  EXPECT_THAT(reading.result.error().reason, HasSubstr("loop"));
  EXPECT_EQ(reading.alias, "");
}

// RFC 2308 §5: the lesser of the SOA's own TTL and of its minimum field.
TEST(DnsMessage, TellsHowLongANoIsGood) {
  const Reply no_name{"x.example.com", a, {}, {record("example.com", soa_type, 600, soa(90))}, 3};
  const DnsReading missing = read_dns_answer(no_name.bytes(), {"x.example.com", DnsType::A});
  ASSERT_FALSE(missing.result);
  EXPECT_EQ(missing.result.error().kind, Kind::NoSuchName);
  EXPECT_EQ(missing.result.error().ttl, 90s);
  const Reply no_records{"x.example.com", srv_type, {}, {record("example.com", soa_type, 60, soa(90))}};
  const DnsReading empty = read_dns_answer(no_records.bytes(), {"x.example.com", DnsType::Srv});
  ASSERT_FALSE(empty.result);
  EXPECT_EQ(empty.result.error().kind, Kind::NoRecords);
  EXPECT_EQ(empty.result.error().ttl, 60s);
}

TEST(DnsMessage, DoesNotTakeOthersRecordsForAnAnswer) {
  const Reply reply{"sip.example.com",
                    a,
                    {record("evil.example.net", a, 60, address({203, 0, 113, 1})),
                     record("sip.example.com", aaaa, 60, address({1, 2, 3, 4}))}};
  const DnsReading reading = read_dns_answer(reply.bytes(), {"sip.example.com", DnsType::A});
  ASSERT_FALSE(reading.result);
  EXPECT_EQ(reading.result.error().kind, Kind::NoRecords);
}

TEST(DnsMessage, RefusesWhatItCannotRead) {
  const DnsQuestion question{"sip.example.com", DnsType::A};
  const Reply good{"sip.example.com", a, {record("sip.example.com", a, 60, address({192, 0, 2, 1}))}};
  const std::string bytes = good.bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const DnsReading reading = read_dns_answer(std::string_view(bytes).substr(0, length), question);
    ASSERT_FALSE(reading.result) << length;
    EXPECT_EQ(reading.result.error().kind, Kind::Failed) << length;
  }
  const Reply short_address{"sip.example.com", a, {record("sip.example.com", a, 60, address({192, 0, 2}))}};
  EXPECT_EQ(read_dns_answer(short_address.bytes(), question).result.error().kind, Kind::Failed);
  const Reply server_failure{"sip.example.com", a, {}, {}, 2};
  EXPECT_EQ(read_dns_answer(server_failure.bytes(), question).result.error().kind, Kind::Failed);
  std::string a_question = bytes;
  a_question[2] = 1;
  EXPECT_EQ(read_dns_answer(a_question, question).result.error().kind, Kind::Failed);
  // A name whose compression leads to itself.
  const std::string loop =
      word(0) + word(0x8180) + word(1) + word(0) + word(0) + word(0) + word(0xc00c) + word(1) + word(1);
  EXPECT_EQ(read_dns_answer(loop, question).result.error().kind, Kind::Failed);
}

TEST(DnsMessage, KeepsNoMoreRecordsThanItsLimit) {
  std::string bytes =
      word(0) + word(0x8180) + word(1) + word(200) + word(0) + word(0) + name("h.example.com") + word(1) + word(1);
  for (int i = 0; i < 200; ++i) bytes += record("h.example.com", a, 60, address({10, 0, 0, i}));
  const DnsReading reading = read_dns_answer(bytes, {"h.example.com", DnsType::A});
  ASSERT_TRUE(reading.result);
  EXPECT_THAT(reading.result->records, SizeIs(limit::dns_records));
}

}  // namespace
}  // namespace intermediary
