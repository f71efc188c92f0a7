#include "dialog/dialog_table.h"

#include <gmock/gmock.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DialogTableTest : public testing::Test {
 protected:
  DialogSetId call(const std::string& call_id, const std::string& caller_tag = "a",
                   const std::string& callee = "sip:bob@example.com") {
    DialogSet set;
    set.call_id = call_id;
    set.caller_tag = caller_tag;
    set.caller = "sip:alice@example.com";
    set.callee = callee;
    set.cseq = 1;
    return table.begin(std::move(set));
  }
  DialogId answer(DialogSetId set, std::string_view tag) {
    bool is_new = false;
    const DialogId id = table.with_tag({}, set, tag, is_new);
    if (id) table.find(id)->state = DialogState::Early;
    return id;
  }

  DialogTable table{HashKey{1, 2}, true};
};

TEST_F(DialogTableTest, HasADialogBeforeAnyAnswer) {
  const DialogSetId set = call("c");
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(table.find(set)->dialogs.front())->state, DialogState::Trying);
  EXPECT_TRUE(table.has_open("c", "a", 1));
  EXPECT_FALSE(table.has_open("c", "a", 2));
}

TEST_F(DialogTableTest, AnInviteThatWasForkedUpstreamIsOpenUntilItsLastBranchIsClosed) {
  const DialogSetId one = call("c");
  const DialogSetId two = call("c");
  table.close(two);
  EXPECT_TRUE(table.has_open("c", "a", 1));
  table.close(one);
  EXPECT_FALSE(table.has_open("c", "a", 1));
}

TEST_F(DialogTableTest, GivesTheFirstTagToTheDialogThatIsThereAndFurtherOnesToNewDialogs) {
  const DialogSetId set = call("c");
  const DialogId first = table.find(set)->dialogs.front();
  EXPECT_EQ(answer(set, "b1"), first);
  const DialogId second = answer(set, "b2");
  EXPECT_NE(second, first);
  EXPECT_EQ(answer(set, "b1"), first);
  EXPECT_EQ(table.size(), 2u);
}

TEST_F(DialogTableTest, FindsADialogFromBothSides) {
  const DialogId dialog = answer(call("c"), "b");
  EXPECT_EQ(table.find("c", "a", "b"), dialog);
  EXPECT_EQ(table.find("c", "b", "a"), dialog);
  EXPECT_EQ(table.find("c", "a", "x"), DialogId{});
  EXPECT_EQ(table.find("C", "a", "b"), DialogId{});
}

TEST_F(DialogTableTest, KeepsASetUntilItIsClosedAndItsLastDialogIsGone) {
  const DialogSetId set = call("c");
  const DialogId one = answer(set, "b1"), two = answer(set, "b2");
  table.close(set);
  table.erase(one);
  EXPECT_EQ(table.set_count(), 1u);
  table.erase(two);
  EXPECT_EQ(table.set_count(), 0u);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.find("c", "a", "b1"), DialogId{});
}

TEST_F(DialogTableTest, DoesNotLetADialogRiseAgainWhileAnswersCome) {
  const DialogSetId set = call("c");
  table.erase(answer(set, "b"));
  EXPECT_EQ(table.set_count(), 1u);
  EXPECT_EQ(answer(set, "b"), DialogId{});
  EXPECT_NE(answer(set, "other"), DialogId{});
}

TEST_F(DialogTableTest, LeavesADialogWithTheCallThatMadeIt) {
  const DialogSetId first = call("c");
  const DialogId dialog = answer(first, "b");
  table.close(first);
  EXPECT_EQ(answer(call("c"), "b"), DialogId{});
  EXPECT_EQ(table.find("c", "a", "b"), dialog);
}

TEST_F(DialogTableTest, BoundsTheDialogsOfOneInvite) {
  const DialogSetId set = call("c");
  for (std::size_t i = 0; i < limit::dialogs_per_invite; ++i) EXPECT_TRUE(answer(set, "b" + std::to_string(i)));
  EXPECT_FALSE(answer(set, "one more"));
  EXPECT_EQ(table.size(), limit::dialogs_per_invite);
}

TEST_F(DialogTableTest, FindsTheCallsOfUsersThatBeganBeforeItHadTo) {
  DialogTable unindexed(HashKey{1, 2}, false);
  std::swap(table, unindexed);
  const DialogSetId one = call("c1"), two = call("c2");
  EXPECT_THAT(table.of_user("sip:alice@example.com"), IsEmpty());
  table.index_users();
  table.index_users();
  EXPECT_THAT(table.of_user("sip:alice@example.com"), ElementsAre(one, two));
  table.close(one);
  table.erase(table.find(one)->dialogs.front());
  EXPECT_THAT(table.of_user("sip:bob@example.com"), ElementsAre(two));
}

TEST_F(DialogTableTest, FindsAUsersCallsInTheOrderOfTheirBegin) {
  const DialogSetId one = call("c1"), two = call("c2", "a", "sip:carol@example.com"), three = call("c3");
  EXPECT_THAT(table.of_user("sip:alice@example.com"), ElementsAre(one, two, three));
  EXPECT_THAT(table.of_user("sip:bob@example.com"), ElementsAre(one, three));
  table.close(one);
  table.erase(table.find(one)->dialogs.front());
  EXPECT_THAT(table.of_user("sip:bob@example.com"), ElementsAre(three));
  EXPECT_THAT(table.of_user("sip:mallory@example.com"), IsEmpty());
}

}  // namespace
}  // namespace intermediary
