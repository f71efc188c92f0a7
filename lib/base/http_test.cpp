#include "base/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

HttpUrl parsed_url(std::string_view text) {
  const auto parsed = HttpUrl::parse(text);
  EXPECT_TRUE(parsed) << parsed.error();
  return parsed.value_or(HttpUrl{});
}

std::string problem_with_url(std::string_view text) {
  const auto parsed = HttpUrl::parse(text);
  return parsed ? "none" : parsed.error();
}

TEST(HttpUrl, TakesAUrlApart) {
  EXPECT_EQ(parsed_url("https://Routes.Example.com/v1/route?x=1"),
            (HttpUrl{true, "routes.example.com", 443, "/v1/route?x=1"}));
  EXPECT_EQ(parsed_url("HTTP://192.0.2.7:8080"), (HttpUrl{false, "192.0.2.7", 8080, "/"}));
  EXPECT_EQ(parsed_url("http://[2001:db8::1]:81/a"), (HttpUrl{false, "2001:db8::1", 81, "/a"}));
  EXPECT_EQ(parsed_url("https://example.com?q"), (HttpUrl{true, "example.com", 443, "/?q"}));
}

TEST(HttpUrl, IsWrittenAsItWasMeant) {
  for (const std::string text : {"https://example.com/", "http://example.com:443/a", "https://[2001:db8::1]:8443/"}) {
    EXPECT_EQ(parsed_url(text).to_string(), text);
  }
  EXPECT_EQ(parsed_url("http://example.com:80/x").to_string(), "http://example.com/x");
}

TEST(HttpUrl, RefusesWhatIsNone) {
  EXPECT_EQ(problem_with_url("example.com/x"), "a URL begins with 'https://' or 'http://'");
  EXPECT_EQ(problem_with_url("file:///etc/passwd"), "its scheme is neither 'https' nor 'http'");
  EXPECT_EQ(problem_with_url("https:///x"), "it names no host");
  EXPECT_EQ(problem_with_url("https://[2001:db8::1/x"), "it names no host");
  EXPECT_EQ(problem_with_url("https://exa mple.com/"), "it names no host");
  EXPECT_EQ(problem_with_url("https://example.com:0/"), "'0' is no port");
  EXPECT_EQ(problem_with_url("https://example.com:65536/"), "'65536' is no port");
  EXPECT_EQ(problem_with_url("https://bob:pw@example.com/"),
            "a user in it would be sent in plain sight: use a header field");
  EXPECT_EQ(problem_with_url("https://example.com/a b"), "its path has a fragment, or what must be escaped");
  EXPECT_EQ(problem_with_url("https://example.com/a\r\nHost: x"), "its path has a fragment, or what must be escaped");
  EXPECT_EQ(problem_with_url("https://example.com/a#b"), "its path has a fragment, or what must be escaped");
  EXPECT_EQ(problem_with_url("https://example.com/" + std::string(3000, 'a')), "it is longer than 2048 bytes");
}

bool inside_text(std::string_view text) { return is_inside(*IpAddress::parse(text)); }

TEST(IsInside, KnowsWhatOnlyThisNetworkReaches) {
  for (const char* address : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
                              "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1"}) {
    EXPECT_TRUE(inside_text(address)) << address;
  }
  for (const char* address : {"::1", "::", "fe80::1", "fd00::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "::10.0.0.1"}) {
    EXPECT_TRUE(inside_text(address)) << address;
  }
}

TEST(IsInside, LeavesTheInternetAlone) {
  for (const char* address : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.3.1", "169.253.0.1", "2606:4700::1111",
                              "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::"}) {
    EXPECT_FALSE(inside_text(address)) << address;
  }
}

}  // namespace
}  // namespace intermediary
