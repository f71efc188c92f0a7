#include "transport/proxy_header.h"

#include <gmock/gmock.h>

#include <string>

#include "base/limits.h"

namespace intermediary {
namespace {

using namespace std::string_literals;

// As a socket is read: never more than was asked for. The source, "local", or what is wrong; and how much was read.
std::pair<std::string, std::size_t> read_from(std::string_view stream) {
  std::size_t read = 0;
  for (;;) {
    const auto header = read_proxy_header(stream.substr(0, read));
    if (!header) return {std::string(header.error()), read};
    if (header->needs == 0) return {header->source ? header->source->to_string() : "local", read};
    if (read + header->needs > stream.size()) return {"more", read};
    read += header->needs;
  }
}
std::string source_of(std::string_view stream) { return read_from(stream).first; }

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string four = "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01\x9c\x40\x13\xc4"s;

TEST(ProxyHeader, OfVersion1NamesTheSource) {
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060\r\n"), "192.0.2.7:40000");
  EXPECT_EQ(source_of("PROXY TCP6 2001:db8::7 2001:db8::1 40000 5060\r\n"), "[2001:db8::7]:40000");
  EXPECT_EQ(source_of("PROXY TCP6 :: :: 1 1\r\n"), "[::]:1");
}

TEST(ProxyHeader, OfVersion2NamesTheSource) {
  EXPECT_EQ(source_of(signature + four), "192.0.2.7:40000");
  const std::string six =
      "\x21\x21\x00\x24"s + std::string(15, '\0') + "\x07" + std::string(16, '\0') + "\x9c\x40\x13\xc4";
  EXPECT_EQ(source_of(signature + six), "[::7]:40000");
}

// As a balancer that listens for both families on one socket writes it: rules and limits know it by its own family.
TEST(ProxyHeader, NamesAnIpv4SourceThatIsMappedIntoIpv6AsIpv4) {
  EXPECT_EQ(source_of("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 40000 5060\r\n"), "192.0.2.7:40000");
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02"s;
  EXPECT_EQ(source_of(signature + "\x21\x21\x00\x24"s + mapped + "\x07" + mapped + "\x01\x9c\x40\x13\xc4"),
            "192.0.2.7:40000");
}

TEST(ProxyHeader, OfVersion2MayHaveMoreThanAddresses) {
  EXPECT_EQ(source_of(signature + "\x21\x11\x00\x10"s + four.substr(4) + "\x04\x00\x01x"s), "192.0.2.7:40000");
}

TEST(ProxyHeader, OfTheBalancerItselfNamesNobody) {
  EXPECT_EQ(source_of(signature + "\x20\x00\x00\x00"s), "local");
  EXPECT_EQ(source_of(signature + "\x20\x11\x00\x0c"s + four.substr(4)), "local");
  EXPECT_EQ(source_of("PROXY UNKNOWN\r\n"), "local");
  EXPECT_EQ(source_of("PROXY UNKNOWN 192.0.2.7 192.0.2.1 1 1\r\n"), "local");
  EXPECT_EQ(source_of("PROXY UNKNOWN whatever\r\n"), "local");
}

TEST(ProxyHeader, LeavesWhatComesBehindIt) {
  const std::string text = "PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060\r\n";
  EXPECT_EQ(read_from(text + "\x16\x03\x01").second, text.size());
  for (const std::string& each : {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN x\r\n"s, "PROXY TCP6 :: :: 1 1\r\n"s,
                                  "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"s}) {
    EXPECT_EQ(read_from(each + "\x16\x03\x01").second, each.size()) << each;
  }
  EXPECT_EQ(read_from(signature + four + "\x16\x03\x01").second, signature.size() + four.size());
}

TEST(ProxyHeader, IsNotWholeAtAnyCut) {
  for (const std::string& whole :
       {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n"s, "PROXY TCP6 :: :: 1 1\r\n"s, "PROXY UNKNOWN\r\n"s, signature + four}) {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      const auto header = read_proxy_header(std::string_view(whole).substr(0, cut));
      ASSERT_TRUE(header) << cut << ": " << header.error();
      EXPECT_GT(header->needs, 0u);
      EXPECT_LE(cut + header->needs, whole.size());
    }
  }
}

TEST(ProxyHeader, ThatNamesNobodyIsRefused) {
  EXPECT_EQ(source_of("PROXY UDP4 192.0.2.7 192.0.2.1 1 1\r\n"), "a PROXY header that is not for TCP4 or TCP6");
  EXPECT_EQ(source_of("PROXY UNKNOWNX 192.0.2.7 192.0.2.1\r\n"), "a PROXY header that is not for TCP4 or TCP6");
  EXPECT_EQ(source_of("PROXY UNKNOWN 192.0.2.7\rx"), "a PROXY header with a bad line end");
  for (const char family : {'\x00', '\x12', '\x22', '\x31', '\x41'}) {
    EXPECT_EQ(source_of(signature + "\x21"s + family + four.substr(2)),
              "a PROXY header that is not for TCP over IPv4 or IPv6");
  }
}

TEST(ProxyHeader, ThatIsWrongIsRefused) {
  EXPECT_EQ(source_of("INVITE sip:a SIP/2.0\r\n"), "no PROXY header");
  EXPECT_EQ(source_of("PROXY TCP4 2001:db8::7 2001:db8::1 40000 5060\r\n"), "a PROXY header with a bad address");
  EXPECT_EQ(source_of("PROXY TCP6 [2001:db8::7] 2001:db8::1 40000 5060\r\n"), "a PROXY header with a bad address");
  EXPECT_EQ(source_of("PROXY TCP4  192.0.2.7 192.0.2.1 40000 5060\r\n"), "a PROXY header with a bad address");
  for (const char* port : {"65536", "05060", "-1", "", "x"}) {
    EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 192.0.2.1 "s + port + " 5060\r\n"), "a PROXY header with a bad port");
    EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 192.0.2.1 40000 "s + port + "\r\n"), "a PROXY header with a bad port");
  }
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 192.0.2.1 40000 5060 1\r\n"), "a PROXY header with a bad port");
  EXPECT_EQ(source_of("PROXY TCP4 " + std::string(200, '1')), "a PROXY header without an end");
  EXPECT_EQ(source_of(signature + "\x11\x11\x00\x0c"s), "a PROXY header of unknown version or command");
  EXPECT_EQ(source_of(signature + "\x22\x11\x00\x0c"s), "a PROXY header of unknown version or command");
  EXPECT_EQ(source_of(signature + "\x21\x11\x00\x0b"s + std::string(11, '\0')),
            "a PROXY header too short for its addresses");
  EXPECT_EQ(source_of(signature + "\x21\x11\xff\xff"s), "a PROXY header that is too long");
}

TEST(ProxyHeader, IsKnownByItsFirstOctets) {
  EXPECT_TRUE(looks_like_proxy_header("PROXY TCP4"));
  EXPECT_TRUE(looks_like_proxy_header(signature + four));
  EXPECT_FALSE(looks_like_proxy_header("PROXY"));
  EXPECT_FALSE(looks_like_proxy_header("\r\n\r\n"));
  EXPECT_FALSE(looks_like_proxy_header("OPTIONS sip:a SIP/2.0"));
}

}  // namespace
}  // namespace intermediary
