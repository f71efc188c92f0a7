#include "sim/replay/policy_text.h"

#include <gtest/gtest.h>

#include "sim/node_options.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view all =
    "times    p1 office zone=Europe/Amsterdam days=mon,tue,wed,thu,fri from=09:00 to=17:30\n"
    "times    p1 office days=sat dates=2026-12-24..2026-12-26,2027-01-01..2027-01-01\n"
    "acl      p1 inside allow=10.0.0.0/8,2001:db8::/32 deny=10.1.0.0/16 otherwise=allow\n"
    "list     p1 vip +31,@example.net,alice@example.com\n"
    "limit    p1 calls per=user rate=20/1s burst=40 status=480\n"
    "trust    p1 peers=10.0.0.0/8\n";

Config config_in(std::string_view lines) {
  Config config;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    Words words(Piece{std::string(lines.substr(0, end)), {}});
    lines.remove_prefix(end + 1);
    const std::string keyword = words.next("a keyword").text;
    words.next("a node");
    parse_policy(keyword, words, config);
  }
  return config;
}

TEST(PolicyText, IsWhatTheLanguageReads) {
  const Config config = config_in(all);
  EXPECT_EQ(policy_lines(config, "p1"), all);
  EXPECT_EQ(config_in(policy_lines(config, "p1")), config);
}

TEST(PolicyText, IsEmptyWithoutPolicies) { EXPECT_EQ(policy_lines(Config{}, "p1"), ""); }

TEST(PolicyText, NamesTheSecondOfTheWallClock) {
  EXPECT_EQ(wall_text(WallTime(std::chrono::seconds(1'767'225'600))), "2026-01-01T00:00:00Z");
  EXPECT_EQ(wall_text(WallTime(std::chrono::microseconds(1'774'746'059'999'999))), "2026-03-29T01:00:59Z");
}

}  // namespace
}  // namespace intermediary::sim
