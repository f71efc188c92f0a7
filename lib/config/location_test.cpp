#include <gtest/gtest.h>

#include "config/load.h"

namespace intermediary {
namespace {

// What is said of the first wrong thing, behind "t.toml:".
struct WrongLocation {
  std::string text;
  std::string problem;
};

const std::string listen_line = "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n";

class WrongLocationTest : public testing::TestWithParam<WrongLocation> {};

TEST_P(WrongLocationTest, IsRefusedAtItsPlace) {
  const auto loaded = load_config(listen_line + GetParam().text, "t.toml", empty_surroundings());
  ASSERT_FALSE(loaded);
  const ConfigProblem& problem = loaded.error().front();
  EXPECT_EQ(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message,
            GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    Location, WrongLocationTest,
    testing::Values(
        WrongLocation{"[location]\nstore = \"reddis\"",
                      "3:9 'store' in [location]: unknown value 'reddis'; did you mean 'redis'?"},
        WrongLocation{"[location]\nstore = \"redis\"",
                      "2:1 'url' in [location] is missing: where Redis is, such as \"redis://192.0.2.5:6379/0\""},
        WrongLocation{"[location]\nstore = \"redis\"\nurl = \"http://localhost\"",
                      "4:7 'url' in [location] must begin with 'redis://', such as \"redis://192.0.2.5:6379/0\""},
        WrongLocation{"[location]\nstore = \"redis\"\nurl = \"redis://me:secret@localhost\"",
                      "4:7 'url' in [location] has no user before its '@', but a colon and the password, such as "
                      "\"redis://192.0.2.5:6379/0\""},
        WrongLocation{"[location]\nstore = \"redis\"\nurl = \"redis://localhost/first\"",
                      "4:7 'url' in [location] ends with a '/' and the number of a database, such as "
                      "\"redis://192.0.2.5:6379/0\""},
        WrongLocation{"[location]\nstore = \"redis\"\nurl = \"redis://localhost\"\nprefix = \"a b\"",
                      "5:10 'prefix' in [location] must be 1 to 64 printable ASCII characters without spaces"},
        WrongLocation{"[location]\nstore = \"sqlite\"",
                      "2:1 'path' in [location] is missing: the file of the SQLite database"},
        WrongLocation{"[location]\nurl = \"redis://localhost\"", "3:1 'url' in [location] is for store = \"redis\""},
        WrongLocation{"[location]\nstore = \"redis\"\nurl = \"redis://localhost\"\npath = \"x.db\"",
                      "5:1 'path' in [location] is for store = \"sqlite\""},
        WrongLocation{"[location]\ntimeout = \"3s\"",
                      "3:1 'timeout' in [location] is for a store outside of the process"},
        WrongLocation{"[location]\nstore = \"sqlite\"\npath = \"x.db\"\ntimeout = \"1m\"",
                      "5:11 'timeout' in [location]: '1m' is not from 100ms to 30s"}));

TEST(LocationConfigTest, ReadsWhereRedisIs) {
  const auto loaded = load_config(
      "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n[location]\nstore = \"redis\"\n"
      "url = \"redis://:s%40cret@redis.example.com:6380/3\"\nprefix = \"a:\"\ntimeout = \"1s\"\n",
      "t.toml", empty_surroundings());
  ASSERT_TRUE(loaded);
  const StoreConfig& store = loaded->config.store;
  EXPECT_EQ(store.kind, StoreConfig::Kind::Redis);
  EXPECT_EQ(store.password, "s@cret");
  EXPECT_EQ(store.host, "redis.example.com");
  EXPECT_EQ(store.port, 6380);
  EXPECT_EQ(store.database, 3U);
  EXPECT_EQ(store.prefix, "a:");
  EXPECT_EQ(store.timeout, std::chrono::seconds(1));
}

TEST(LocationConfigTest, ReadsTheFileOfSqliteBesideTheConfiguration) {
  ConfigSurroundings surroundings = empty_surroundings();
  surroundings.folder = "/etc/intermediary";
  const auto loaded = load_config(
      "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n[location]\nstore = \"sqlite\"\npath = \"bindings.db\"\n", "t.toml",
      surroundings);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.store.file, "/etc/intermediary/bindings.db");
}

}  // namespace
}  // namespace intermediary
