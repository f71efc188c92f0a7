#include "location/location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string bob = "sip:bob@example.com";

ContactUpdate contact(std::string_view uri, std::chrono::seconds expires = 3600s, std::int16_t q = 1000) {
  return {*Uri::parse(uri), "", expires, q, false};
}

class LocationTest : public testing::Test {
 protected:
  static Registration by(std::string call_id, std::uint32_t cseq, std::vector<ContactUpdate> contacts) {
    Registration registration;
    registration.call_id = std::move(call_id);
    registration.cseq = cseq;
    registration.contacts = std::move(contacts);
    return registration;
  }
  static Registration star(std::string call_id, std::uint32_t cseq) {
    Registration registration = by(std::move(call_id), cseq, {});
    registration.remove_all = true;
    return registration;
  }

  std::expected<Location::Changes, UpdateRefusal> update(const Registration& registration,
                                                         const std::string& address_of_record = bob) {
    return location.update(now, address_of_record, registration, max_contacts);
  }
  std::vector<std::string> contacts(const std::string& address_of_record = bob) const {
    std::vector<std::string> list;
    for (const Binding& binding : location.bindings(address_of_record)) list.push_back(binding.contact);
    return list;
  }
  static std::vector<std::string> told(const Location::Changes& changes) {
    std::vector<std::string> list;
    for (const BindingChanged& change : changes) {
      list.push_back(change.contact + " " + std::string("ARDX").substr(static_cast<std::size_t>(change.change), 1));
    }
    return list;
  }

  TimePoint now{};
  std::size_t max_contacts = 10;
  Location location;
};

TEST_F(LocationTest, KnowsNobodyAtFirst) {
  EXPECT_THAT(contacts(), IsEmpty());
  EXPECT_EQ(location.next_expiry(), std::nullopt);
  EXPECT_EQ(location.binding_count(), 0);
}

TEST_F(LocationTest, KeepsWhatARegistrationSays) {
  Registration registration = by("c1", 7, {contact("sip:bob@192.0.2.4:5062", 60s, 500)});
  registration.contacts[0].parameters = ";q=0.5";
  registration.path = {"<sip:edge.example.com;lr>"};
  registration.arrival.remote = *Endpoint::parse("192.0.2.4:5062");
  EXPECT_THAT(told(*update(registration)), ElementsAre("sip:bob@192.0.2.4:5062 A"));
  const Binding& binding = location.bindings(bob)[0];
  EXPECT_EQ(binding.parameters, ";q=0.5");
  EXPECT_EQ(binding.q_thousandths, 500);
  EXPECT_EQ(binding.call_id, "c1");
  EXPECT_EQ(binding.cseq, 7);
  EXPECT_EQ(binding.expires, now + 60s);
  EXPECT_THAT(binding.path, ElementsAre("<sip:edge.example.com;lr>"));
  EXPECT_EQ(binding.arrival, registration.arrival);
}

TEST_F(LocationTest, ListsTheHighestQFirstThenTheNewest) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:old@h", 1h, 500)})));
  ASSERT_TRUE(update(by("c2", 1, {contact("sip:best@h", 1h, 900), contact("sip:new@h", 1h, 500)})));
  EXPECT_THAT(contacts(), ElementsAre("sip:best@h", "sip:new@h", "sip:old@h"));
  ASSERT_TRUE(update(by("c1", 2, {contact("sip:old@h", 1h, 500)})));
  EXPECT_THAT(contacts(), ElementsAre("sip:best@h", "sip:new@h", "sip:old@h")) << "a refresh is no new binding";
}

TEST_F(LocationTest, FindsABindingByTheUriComparisonRules) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:bob@HOST.example.com;transport=tcp")})));
  const BindingId id = location.bindings(bob)[0].id;
  EXPECT_THAT(told(*update(by("c1", 2, {contact("sip:bob@host.example.com;Transport=TCP")}))),
              ElementsAre("sip:bob@host.example.com;Transport=TCP R"));
  EXPECT_EQ(location.bindings(bob)[0].id, id);
  ASSERT_TRUE(update(by("c1", 3, {contact("sip:bob@host.example.com")})));
  EXPECT_EQ(location.binding_count(), 2) << "transport must be in both";
}

TEST_F(LocationTest, AnEarlierRequestOfTheSameCallIsOutOfOrder) {
  ASSERT_TRUE(update(by("c1", 5, {contact("sip:bob@h")})));
  EXPECT_EQ(update(by("c1", 5, {contact("sip:bob@h", 0s)})), std::unexpected(UpdateRefusal::OutOfOrder));
  EXPECT_EQ(update(by("c1", 4, {contact("sip:bob@h", 0s)})), std::unexpected(UpdateRefusal::OutOfOrder));
  EXPECT_THAT(contacts(), ElementsAre("sip:bob@h"));
  EXPECT_TRUE(update(by("c2", 1, {contact("sip:bob@h", 0s)}))) << "another Call-ID has another order";
  EXPECT_THAT(contacts(), IsEmpty());
}

TEST_F(LocationTest, AnUpdateIsDoneWholeOrNotAtAll) {
  ASSERT_TRUE(update(by("c1", 5, {contact("sip:a@h")})));
  ASSERT_TRUE(update(by("c2", 9, {contact("sip:b@h")})));
  const auto before = contacts();
  EXPECT_FALSE(update(by("c2", 9, {contact("sip:new@h"), contact("sip:a@h", 0s), contact("sip:b@h", 0s)})));
  EXPECT_EQ(contacts(), before);
  EXPECT_EQ(location.bindings(bob)[1].call_id, "c1");
}

TEST_F(LocationTest, AContactNamedTwiceCountsAsTheLast) {
  EXPECT_THAT(told(*update(by("c1", 1, {contact("sip:a@h", 1h, 100), contact("sip:a@h", 1h, 200)}))),
              ElementsAre("sip:a@h A", "sip:a@h R"));
  EXPECT_EQ(location.bindings(bob)[0].q_thousandths, 200);
  ASSERT_TRUE(update(by("c1", 2, {contact("sip:a@h", 1h), contact("sip:a@h", 0s)})));
  EXPECT_EQ(location.binding_count(), 0);
}

TEST_F(LocationTest, RemovingWhatIsNotThereIsNoChange) {
  EXPECT_THAT(told(*update(by("c1", 1, {contact("sip:a@h", 0s)}))), IsEmpty());
  EXPECT_EQ(location.address_count(), 0);
}

TEST_F(LocationTest, StarRemovesEverything) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h")})));
  ASSERT_TRUE(update(by("c2", 1, {contact("sip:b@h")})));
  ASSERT_TRUE(update(by("c9", 1, {contact("sip:carol@h")}), "sip:carol@example.com"));
  EXPECT_EQ(update(star("c2", 1)), std::unexpected(UpdateRefusal::OutOfOrder));
  EXPECT_EQ(contacts().size(), 2) << "one old binding saves them all";
  EXPECT_THAT(told(*update(star("c2", 2))), ElementsAre("sip:b@h D", "sip:a@h D"));
  EXPECT_THAT(contacts(), IsEmpty());
  EXPECT_THAT(contacts("sip:carol@example.com"), ElementsAre("sip:carol@h"));
}

TEST_F(LocationTest, RefusesToGrowBeyondTheLimit) {
  max_contacts = 2;
  EXPECT_EQ(update(by("c1", 1, {contact("sip:a@h"), contact("sip:b@h"), contact("sip:c@h")})),
            std::unexpected(UpdateRefusal::TooManyContacts));
  EXPECT_EQ(location.binding_count(), 0);
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h"), contact("sip:b@h")})));
  EXPECT_EQ(update(by("c2", 1, {contact("sip:c@h")})), std::unexpected(UpdateRefusal::TooManyContacts));
  EXPECT_TRUE(update(by("c1", 2, {contact("sip:a@h", 0s), contact("sip:c@h")}))) << "one goes, one comes";
  EXPECT_THAT(contacts(), ElementsAre("sip:c@h", "sip:b@h"));
  max_contacts = 1;
  EXPECT_TRUE(update(by("c1", 3, {contact("sip:b@h")}))) << "a refresh is no growth";
}

TEST_F(LocationTest, RefusesToGrowBeyondItsOwnRoom) {
  location = Location(2);
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h"), contact("sip:b@h")})));
  EXPECT_EQ(update(by("c2", 1, {contact("sip:c@h")}), "sip:carol@example.com"), std::unexpected(UpdateRefusal::Full));
  EXPECT_TRUE(update(by("c1", 2, {contact("sip:a@h"), contact("sip:b@h", 0s)})));
  EXPECT_TRUE(update(by("c2", 1, {contact("sip:c@h")}), "sip:carol@example.com"));
}

TEST_F(LocationTest, NothingOutlivesItsExpiry) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h", 60s), contact("sip:b@h", 90s)})));
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:c@h", 60s)}), "sip:carol@example.com"));
  EXPECT_EQ(location.next_expiry(), at(60s));
  EXPECT_THAT(location.expire(at(60s) - 1us), IsEmpty());
  EXPECT_THAT(told(location.expire(at(60s))), ElementsAre("sip:a@h X", "sip:c@h X"));
  EXPECT_THAT(contacts(), ElementsAre("sip:b@h"));
  EXPECT_EQ(location.address_count(), 1);
  EXPECT_THAT(told(location.expire(at(1h))), ElementsAre("sip:b@h X"));
  EXPECT_EQ(location.next_expiry(), std::nullopt);
  EXPECT_EQ(location.binding_count(), 0);
}

TEST_F(LocationTest, ARefreshMovesTheExpiry) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h", 60s)})));
  now = at(50s);
  ASSERT_TRUE(update(by("c1", 2, {contact("sip:a@h", 60s)})));
  EXPECT_EQ(location.next_expiry(), at(110s));
  EXPECT_EQ(location.binding_count(), 1);
}

TEST_F(LocationTest, AClosedConnectionTakesTheContactsThatItWas) {
  const auto over = [](FlowId flow, std::string call_id, std::string_view uri, bool ends_with_flow) {
    Registration registration = by(std::move(call_id), 1, {contact(uri)});
    registration.arrival.flow = flow;
    registration.contacts[0].ends_with_flow = ends_with_flow;
    return registration;
  };
  ASSERT_TRUE(update(over(FlowId{5}, "c1", "sip:a@h", true)));
  ASSERT_TRUE(update(over(FlowId{5}, "c2", "sip:c@h", true), "sip:carol@example.com"));
  ASSERT_TRUE(update(over(FlowId{5}, "c3", "sip:listens@h", false)));
  ASSERT_TRUE(update(over(FlowId{6}, "c4", "sip:b@h", true)));
  ASSERT_TRUE(update(over(FlowId{}, "c5", "sip:datagram@h", true)));
  EXPECT_THAT(told(location.remove_flow(FlowId{5})), ElementsAre("sip:a@h D", "sip:c@h D"));
  EXPECT_THAT(contacts(), ElementsAre("sip:datagram@h", "sip:b@h", "sip:listens@h"));
  EXPECT_THAT(location.remove_flow(FlowId{5}), IsEmpty());
  EXPECT_THAT(location.remove_flow(FlowId{}), IsEmpty());
  EXPECT_EQ(location.binding_count(), 3);
}

TEST_F(LocationTest, ABindingThatMovedToANewConnectionSurvivesTheOldOne) {
  Registration registration = by("c1", 1, {contact("sip:a@h")});
  registration.contacts[0].ends_with_flow = true;
  registration.arrival.flow = FlowId{5};
  ASSERT_TRUE(update(registration));
  registration.cseq = 2;
  registration.arrival.flow = FlowId{6};
  ASSERT_TRUE(update(registration));
  EXPECT_THAT(location.remove_flow(FlowId{5}), IsEmpty());
  EXPECT_THAT(told(location.remove_flow(FlowId{6})), ElementsAre("sip:a@h D"));
}

TEST_F(LocationTest, APlanChangesNothing) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h")})));
  const auto planned = location.plan(now, bob, by("c1", 2, {contact("sip:b@h")}), 10);
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->bindings.size(), 2u);
  EXPECT_THAT(told(planned->changes), ElementsAre("sip:b@h A"));
  EXPECT_THAT(contacts(), ElementsAre("sip:a@h"));
}

TEST_F(LocationTest, AdoptsWhatAStoreSaysInsteadOfWhatItKnew) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h")})));
  auto planned = location.plan(now, bob, by("c1", 2, {contact("sip:b@h"), contact("sip:c@h")}), 10);
  ASSERT_TRUE(planned);
  std::erase_if(planned->bindings, [](const Binding& binding) { return binding.contact == "sip:a@h"; });
  std::ranges::sort(planned->bindings, {}, &Binding::id);
  planned->bindings.front().expires = now;  // over by now
  ASSERT_TRUE(location.adopt(now, bob, planned->bindings));
  EXPECT_THAT(contacts(), ElementsAre("sip:c@h"));
  EXPECT_EQ(location.binding_count(), 1u);
  ASSERT_TRUE(location.adopt(now, bob, {}));
  EXPECT_EQ(location.address_count(), 0u);
}

TEST_F(LocationTest, AdoptsNoMoreThanThereIsRoomFor) {
  Location small(1);
  std::vector<Binding> two(2);
  for (Binding& binding : two) binding.expires = now + std::chrono::hours(1);
  EXPECT_FALSE(small.adopt(now, bob, two));
  EXPECT_EQ(small.binding_count(), 0u);
}

TEST_F(LocationTest, AContactThatIsAConnectionOfAnotherProcessEndsWithNoneOfOurs) {
  Binding there;
  there.expires = now + std::chrono::hours(1);
  there.ends_with_flow = true;
  there.elsewhere = 9;
  there.arrival.flow = FlowId{5};
  ASSERT_TRUE(location.adopt(now, bob, {there}));
  EXPECT_FALSE(location.depends_on(FlowId{5}));
  EXPECT_THAT(location.remove_flow(FlowId{5}), IsEmpty());
  EXPECT_EQ(location.binding_count(), 1u);
}

TEST_F(LocationTest, AddressesAreNotMixedUp) {
  ASSERT_TRUE(update(by("c1", 1, {contact("sip:a@h")})));
  EXPECT_THAT(contacts("sip:carol@example.com"), IsEmpty());
  EXPECT_THAT(contacts("sip:bob@example.co"), IsEmpty());
}

}  // namespace
}  // namespace intermediary
