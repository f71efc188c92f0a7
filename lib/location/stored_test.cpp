#include "location/stored.h"

#include <gmock/gmock.h>

#include <map>

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto wall_at_zero = Duration(seconds(1'700'000'000));

// A process with the listeners "udp" and "tcp", and the connection 7.
StoreHome process(std::uint64_t number, bool is_shared) {
  StoreHome home;
  home.process = number;
  home.is_shared = is_shared;
  home.wall_offset = wall_at_zero;
  home.listener_name = [](ListenerId id) { return id.value == 1 ? "udp" : id.value == 2 ? "tcp" : ""; };
  home.listener = [](std::string_view name, Transport) {
    return ListenerId{name == "udp" ? 1U : name == "tcp" ? 2U : 0U};
  };
  home.is_open = [](FlowId flow) { return flow == FlowId{7}; };
  return home;
}

Binding over_udp() {
  Binding binding;
  binding.id = BindingId{3};
  binding.contact = "sip:bob@192.0.2.20";
  binding.parameters = ";q=0.5;+sip.instance=\"<urn:x>\"";
  binding.call_id = "one";
  binding.path = {"<sip:192.0.2.7;lr>"};
  binding.expires = at(seconds(100));
  binding.arrival = {Transport::Udp, *Endpoint::parse("192.0.2.20:5060"), ListenerId{1}, {}};
  binding.cseq = 8;
  binding.reg_id = 2;
  binding.gruu_epoch = 3;
  binding.instance_place = {22, 7};
  binding.q_thousandths = 500;
  return binding;
}

Binding over_tcp(FlowId flow) {
  Binding binding = over_udp();
  binding.id = BindingId{1};
  binding.arrival = {Transport::Tcp, *Endpoint::parse("192.0.2.20:49152"), ListenerId{2}, flow};
  binding.ends_with_flow = true;
  return binding;
}

std::vector<Binding> read(const std::string& bytes, const StoreHome& home) {
  const auto bindings = read_bindings(bytes, home);
  EXPECT_TRUE(bindings);
  return bindings.value_or(std::vector<Binding>());
}

TEST(StoredTest, GivesBackWhatWasWritten) {
  const StoreHome home = process(1, false);
  Binding expected = over_udp();
  expected.id = {};
  EXPECT_THAT(read(write_bindings(std::vector{over_udp()}, home), home), ElementsAre(expected));
}

TEST(StoredTest, KeepsTheOrderInWhichTheyWereBound) {
  const StoreHome home = process(1, false);
  const auto bindings = read(write_bindings(std::vector{over_udp(), over_tcp(FlowId{7})}, home), home);
  ASSERT_THAT(bindings, SizeIs(2));
  EXPECT_TRUE(bindings[0].ends_with_flow);
  EXPECT_FALSE(bindings[1].ends_with_flow);
}

TEST(StoredTest, CountsTimesByTheWallClock) {
  StoreHome later = process(2, false);
  later.wall_offset = wall_at_zero + seconds(60);  // its monotonic time began a minute later
  const auto bindings = read(write_bindings(std::vector{over_udp()}, process(1, false)), later);
  ASSERT_THAT(bindings, SizeIs(1));
  EXPECT_EQ(bindings[0].expires, at(seconds(40)));
}

TEST(StoredTest, DropsContactsWhoseConnectionIsGone) {
  const std::string open = write_bindings(std::vector{over_tcp(FlowId{7})}, process(1, false));
  const std::string closed = write_bindings(std::vector{over_tcp(FlowId{8})}, process(1, false));
  EXPECT_THAT(read(open, process(1, false)), SizeIs(1));
  EXPECT_THAT(read(closed, process(1, false)), IsEmpty());
  EXPECT_THAT(read(open, process(2, false)), IsEmpty());  // the same number, in the next process
}

TEST(StoredTest, LeavesConnectionsOfOthersToThem) {
  const std::string theirs = write_bindings(std::vector{over_tcp(FlowId{7})}, process(1, true));
  const auto seen = read(theirs, process(2, true));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].elsewhere, 1U);
  const auto again = read(write_bindings(seen, process(2, true)), process(1, true));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].elsewhere, 0U);
  EXPECT_EQ(again[0].arrival.flow, FlowId{7});
}

TEST(StoredTest, ReadsNoContactAsItsConnectionThatOnlyCameByOne) {
  Binding binding = over_tcp(FlowId{7});
  binding.ends_with_flow = false;
  const auto seen = read(write_bindings(std::vector{binding}, process(1, true)), process(2, true));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].elsewhere, 0U);
  EXPECT_EQ(seen[0].arrival.flow, FlowId{});
}

TEST(StoredTest, RefusesWhatIsNoRecord) {
  const StoreHome home = process(1, false);
  const std::string whole = write_bindings(std::vector{over_udp()}, home);
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_FALSE(read_bindings(whole.substr(0, length), home)) << length;
  }
  EXPECT_FALSE(read_bindings(whole + "x", home));
  EXPECT_EQ(read_bindings("\x7f", home).error(), "a record of format 127, and this program reads format 1");
}

TEST(StoredTest, WritesNothingForNoBindings) {
  EXPECT_EQ(write_bindings({}, process(1, false)), "");
  EXPECT_THAT(read("", process(1, false)), IsEmpty());
}

}  // namespace
}  // namespace intermediary
