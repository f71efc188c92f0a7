#include "config/words.h"

#include <gmock/gmock.h>

namespace intermediary {
namespace {

TEST(DurationTest, HasAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), std::chrono::milliseconds(500));
  EXPECT_EQ(parse_duration("60s"), std::chrono::seconds(60));
  EXPECT_EQ(parse_duration("5m"), std::chrono::minutes(5));
  EXPECT_EQ(parse_duration("1h"), std::chrono::hours(1));
  EXPECT_EQ(parse_duration("1d"), std::chrono::hours(24));
  for (const char* wrong : {"", "s", "-1s", "1 s", "1S", "1.5s", "1h30m", "1e3s", "0x1s"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(DurationTest, PrintsTheLargestUnitWithoutAFraction) {
  EXPECT_EQ(duration_text(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(duration_text(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(duration_text(std::chrono::hours(48)), "2d");
}

TEST(NearestTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> keys = {"listen", "domains", "proxy", "registrar", "rule"};
  EXPECT_EQ(nearest("domians", keys), "domains");  // swapped
  EXPECT_EQ(nearest("domain", keys), "domains");   // left out
  EXPECT_EQ(nearest("rules", keys), "rule");       // added
  EXPECT_EQ(nearest("proxi", keys), "proxy");      // replaced
  EXPECT_EQ(nearest("Listen", keys), "listen");
  EXPECT_EQ(nearest("banana", keys), std::nullopt);
}

TEST(HostPortTest, TakesNamesAndAddresses) {
  const auto parsed = [](std::string_view text) {
    const auto value = parse_host_port(text);
    return value ? value->host + "|" + (value->port ? std::to_string(*value->port) : "-") : "error: " + value.error();
  };
  EXPECT_EQ(parsed("SIP.example.com"), "sip.example.com|-");
  EXPECT_EQ(parsed("sip.example.com:5070"), "sip.example.com|5070");
  EXPECT_EQ(parsed("192.0.2.1:5070"), "192.0.2.1|5070");
  EXPECT_EQ(parsed("2001:db8::1"), "[2001:db8::1]|-");
  EXPECT_EQ(parsed("[2001:db8::1]:5070"), "[2001:db8::1]|5070");
  EXPECT_EQ(parsed("host:99999"), "error: '99999' is not a port from 1 to 65535");
  EXPECT_EQ(parsed("192.0.2.300"), "error: '192.0.2.300' is neither a host name nor an address");
  EXPECT_EQ(parsed(""), "error: '' is neither a host name nor an address");
}

TEST(HashKeyTest, TakesHexadecimalDigitsAsTheyAre) {
  EXPECT_EQ(parse_hash_key("0123456789abcdefFEDCBA9876543210"), (HashKey{0x0123456789abcdef, 0xfedcba9876543210}));
  EXPECT_NE(parse_hash_key("0123456789abcdefFEDCBA987654321"), parse_hash_key("0123456789abcdefFEDCBA98765432100"));
}

}  // namespace
}  // namespace intermediary
