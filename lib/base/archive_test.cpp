#include "base/archive.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <list>
#include <memory>
#include <set>

#include "base/flow.h"
#include "base/flow_archive.h"
#include "base/time.h"

namespace intermediary {
namespace {

template <class Value>
std::string written(const Value& value) {
  ArchiveWriter archive;
  archive(value);
  return archive.take();
}

// The error, "" when all of it was read.
template <class Value>
std::string read(std::string_view bytes, Value& value) {
  ArchiveReader archive(bytes);
  archive(value);
  archive.expect_end();
  return archive.error();
}

template <class Value>
Value there_and_back(const Value& value) {
  Value again{};
  EXPECT_EQ(read(written(value), again), "");
  return again;
}

enum class Colour : std::uint8_t { Red, Green, Blue };

struct Inner {
  std::string name;
  std::optional<std::uint16_t> port;
  friend bool operator==(const Inner&, const Inner&) = default;
};

struct Outer {
  Inner inner;
  Colour colour = Colour::Red;
  std::vector<Inner> more;
  std::map<std::string, std::vector<std::int32_t>> table;
  std::variant<Inner, bool, Colour> choice;
  std::expected<std::string, Colour> outcome;
  std::array<std::string, 2> pair;
  std::set<std::pair<std::uint32_t, bool>> set;
  std::multimap<int, int> several;
  std::list<std::int8_t> list;
  TimePoint time{};
  Endpoint remote;
  FlowId flow;
  ServerName server_name;
  friend bool operator==(const Outer&, const Outer&) = default;
};

Outer some_outer() {
  Outer outer;
  outer.inner = {"a name", 5060};
  outer.colour = Colour::Blue;
  outer.more = {{"", {}}, {std::string("\0\r\n", 3), 65535}};
  outer.table = {{"x", {1, -1, std::numeric_limits<std::int32_t>::min()}}, {"y", {}}};
  outer.choice = true;
  outer.outcome = std::unexpected(Colour::Green);
  outer.pair = {"one", "two"};
  outer.set = {{1, false}, {1, true}, {7, false}};
  outer.several = {{1, 2}, {1, 1}, {3, 0}};
  outer.list = {-128, 127};
  outer.time = at(std::chrono::hours(-3));
  outer.remote = *Endpoint::parse("[2001:db8::1]:5061");
  outer.flow = FlowId{engine_flow_bit | 7};
  outer.server_name = ServerName("example.com");
  return outer;
}

TEST(Archive, BringsAPlainStructBackMemberByMember) { EXPECT_EQ(there_and_back(some_outer()), some_outer()); }

TEST(Archive, HasTheFormThatItsHeaderTells) {
  using namespace std::string_literals;
  EXPECT_EQ(written(std::uint64_t{0}), "\0"s);
  EXPECT_EQ(written(std::uint32_t{127}), "\x7f");
  EXPECT_EQ(written(std::uint32_t{300}), "\xac\x02");
  EXPECT_EQ(written(std::uint8_t{200}), "\xc8");
  EXPECT_EQ(written(-1), "\x01");
  EXPECT_EQ(written(1), "\x02");
  EXPECT_EQ(written(true), "\x01");
  EXPECT_EQ(written("ab"s),
            "\x02"
            "ab");
  EXPECT_EQ(written(Colour::Blue), "\x02");
  EXPECT_EQ(written(std::optional<bool>()), "\0"s);
  EXPECT_EQ(written(std::vector<bool>::value_type(false)), "\0"s);
  EXPECT_EQ(written(std::vector<std::string>{"a", ""}), "\x02\x01"s + "a"s + "\0"s);
  EXPECT_EQ(written(std::variant<bool, Colour>(Colour::Green)), "\x01\x01");
  EXPECT_EQ(written(*Endpoint::parse("1.2.3.4:5")), "\x04\x01\x02\x03\x04\x05");
  EXPECT_EQ(written(Duration(-2)), "\x03");
}

RC_GTEST_PROP(ArchiveProperty, NumbersComeBack, (std::uint64_t wide, std::int64_t folded, std::int16_t narrow)) {
  RC_ASSERT(there_and_back(wide) == wide);
  RC_ASSERT(there_and_back(folded) == folded);
  RC_ASSERT(there_and_back(narrow) == narrow);
}

TEST(Archive, BringsTheEndsOfARangeBack) {
  for (const std::int64_t value :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(there_and_back(value), value);
  }
  EXPECT_EQ(there_and_back(WallTime::min()), WallTime::min());
}

// Whatever is taken is what would have been written.
RC_GTEST_PROP(ArchiveProperty, AnyBytesAreRefusedOrTheOneFormOfAValue, (std::string bytes, std::uint8_t choice)) {
  const auto check = [&](auto value) {
    if (read(bytes, value).empty()) RC_ASSERT(written(value) == bytes);
  };
  switch (choice % 5) {
    case 0:
      return check(Outer{});
    case 1:
      return check(std::vector<std::uint32_t>{});
    case 2:
      return check(std::map<std::uint16_t, bool>{});
    case 3:
      return check(std::variant<std::string, IpAddress, std::int64_t>{});
    default:
      return check(std::optional<Colour>{});
  }
}

RC_GTEST_PROP(ArchiveProperty, AChangedByteIsRefusedOrAnotherValue, (std::uint16_t where, std::uint8_t what)) {
  const std::string bytes = written(some_outer());
  std::string changed = bytes;
  changed[where % changed.size()] = static_cast<char>(what);
  Outer value;
  if (read(changed, value).empty()) RC_ASSERT(written(value) == changed);
}

TEST(Archive, RefusesEveryTruncationWithItsPlace) {
  const std::string bytes = written(some_outer());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Outer value;
    const std::string error = read(std::string_view(bytes).substr(0, size), value);
    ASSERT_TRUE(error.starts_with("byte ")) << size << ": " << error;
  }
}

template <class Value>
std::string error_of(std::string_view bytes) {
  Value value{};
  return read(bytes, value);
}

TEST(Archive, NamesWhatIsWrong) {
  using namespace std::string_literals;
  EXPECT_EQ(error_of<bool>("\x02"), "byte 1: neither true nor false");
  EXPECT_EQ(error_of<Colour>("\x03"), "byte 1: no such enumerator");
  EXPECT_EQ(error_of<std::uint32_t>("\x80\x00"s), "byte 2: a number that is longer than need be");
  EXPECT_EQ(error_of<std::uint16_t>("\xff\xff\x7f"), "byte 3: a number that is too large");
  EXPECT_EQ(error_of<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
            "byte 10: a number that is longer than need be");
  EXPECT_EQ(error_of<std::string>("\x05"
                                  "abcd"),
            "byte 1: a count of more than there is");
  EXPECT_EQ((error_of<std::variant<bool, Colour>>("\x02\x00"s)), "byte 1: no such alternative");
  EXPECT_EQ((error_of<std::set<std::uint8_t>>("\x02\x07\x07")), "byte 3: keys that are out of order");
  EXPECT_EQ(error_of<IpAddress>("\x05"
                                "abcd"),
            "byte 1: an address of no known family");
  EXPECT_EQ(error_of<bool>("\x01\x01"), "byte 1: more than was to be read");
  EXPECT_EQ(error_of<bool>(""), "byte 0: the end");
}

struct Nested {
  std::vector<Nested> within;
};

TEST(Archive, RefusesValuesThatAreNestedTooDeep) {
  EXPECT_NE(error_of<Nested>(std::string(100'000, '\x01')).find("too deep"), std::string::npos);
}

// A count costs no more memory than the bytes behind it can fill.
TEST(Archive, DoesNotBelieveACountThatNothingFollows) {
  EXPECT_EQ(error_of<std::vector<Outer>>("\xff\xff\xff\xff\x0f"), "byte 5: a count of more than there is");
}

struct Reference {
  std::shared_ptr<std::string> text;
};
template <class Archive>
void transfer(Archive& archive, Reference& value) {
  archive.shared(value.text, [&] {
    auto text = Archive::reads ? std::make_shared<std::string>() : value.text;
    archive(*text);
    return text;
  });
}

TEST(Archive, KeepsSharedWhatIsShared) {
  const auto text = std::make_shared<std::string>("once");
  const std::vector<Reference> all{{text}, {nullptr}, {std::make_shared<std::string>("once")}, {text}};
  const auto again = there_and_back(all);
  EXPECT_EQ(*again[0].text, "once");
  EXPECT_EQ(again[1].text, nullptr);
  EXPECT_NE(again[2].text, again[0].text);
  EXPECT_EQ(again[3].text, again[0].text);
}

struct WithoutDefault {
  explicit WithoutDefault(int one = 0) : value(one) {}
  int value;
};
struct HoldsOne {
  std::string first;
  WithoutDefault second;
  bool third = false;
};
struct Nothing {};

TEST(Members, CountsWhatAStructHolds) {
  EXPECT_EQ(member_count<HoldsOne>(), 3u);
  EXPECT_EQ(member_count<Nothing>(), 0u);
  EXPECT_EQ(member_count<Outer>(), 14u);
  EXPECT_EQ(member_count<Inner>(), 2u);
  EXPECT_EQ(enumerator_count<Colour>(), 3u);
}

}  // namespace
}  // namespace intermediary
