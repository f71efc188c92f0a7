#include "ua/dialog_info.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::seconds;

DialogSet call() {
  DialogSet set;
  set.call_id = "c&1";
  set.caller_tag = "a";
  set.caller = "sip:alice@example.com";
  set.callee = "sip:bob@example.com";
  set.caller_target = "sip:alice@192.0.2.10";
  return set;
}

TEST(XmlEscapedTest, LeavesNothingThatCouldEndAValue) {
  EXPECT_EQ(xml_escaped("a<b>&\"c\"'d'"), "a&lt;b&gt;&amp;&quot;c&quot;&apos;d&apos;");
}

TEST(XmlEscapedTest, KeepsUtf8AndReplacesWhatIsNoCharacter) {
  EXPECT_EQ(xml_escaped("J\xc3\xbcrg \xf0\x9f\x93\x9e"), "J\xc3\xbcrg \xf0\x9f\x93\x9e");
  EXPECT_EQ(xml_escaped(std::string_view("\0\x1b", 2)), "&#xFFFD;&#xFFFD;");
  EXPECT_EQ(xml_escaped("\xc3"), "&#xFFFD;");
  EXPECT_EQ(xml_escaped("\xc0\xaf"), "&#xFFFD;&#xFFFD;");              // too long a form of '/'
  EXPECT_EQ(xml_escaped("\xed\xa0\x80"), "&#xFFFD;&#xFFFD;&#xFFFD;");  // a surrogate
}

TEST(DialogInfoTest, OfAHalfDialogHasNoRemoteTag) {
  const DialogSet set = call();
  const Dialog dialog;
  EXPECT_EQ(dialog_element(dialog_info(at(seconds(0)), set, dialog, DialogSide::Caller, nullptr)),
            "<dialog id=\"0-0\" call-id=\"c&amp;1\" local-tag=\"a\" direction=\"initiator\">\r\n"
            "<state>trying</state>\r\n<duration>0</duration>\r\n"
            "<local><identity>sip:alice@example.com</identity><target uri=\"sip:alice@192.0.2.10\"/></local>\r\n"
            "<remote><identity>sip:bob@example.com</identity></remote>\r\n</dialog>\r\n");
}

TEST(DialogInfoTest, ChangesSidesWithTheObservedUser) {
  const DialogSet set = call();
  Dialog dialog;
  dialog.state = DialogState::Confirmed;
  dialog.callee_tag = "b";
  const DialogInfo info = dialog_info(at(seconds(61)), set, dialog, DialogSide::Callee, nullptr);
  EXPECT_EQ(info.local_tag, "b");
  EXPECT_EQ(info.remote_tag, "a");
  EXPECT_FALSE(info.initiator);
  EXPECT_EQ(info.local_identity, "sip:bob@example.com");
  EXPECT_EQ(info.remote_target, "sip:alice@192.0.2.10");
  EXPECT_EQ(info.duration, seconds(61));
}

TEST(DialogInfoTest, SaysHowItEnded) {
  const DialogSet set = call();
  Dialog dialog;
  dialog.state = DialogState::Terminated;
  const auto state = [&](DialogEnding ending) {
    const std::string element = dialog_element(dialog_info({}, set, dialog, DialogSide::Callee, &ending));
    const std::size_t begin = element.find("<state");
    return element.substr(begin, element.find("</state>") - begin);
  };
  using Cause = DialogEnding::Cause;
  EXPECT_EQ(state({Cause::Rejected, DialogSide::Callee, 486}), "<state event=\"rejected\" code=\"486\">terminated");
  EXPECT_EQ(state({Cause::Rejected, DialogSide::Callee, 487}), "<state event=\"cancelled\" code=\"487\">terminated");
  EXPECT_EQ(state({Cause::Bye, DialogSide::Callee, 200}), "<state event=\"local-bye\">terminated");
  EXPECT_EQ(state({Cause::Bye, DialogSide::Caller, 200}), "<state event=\"remote-bye\">terminated");
  EXPECT_EQ(state({Cause::SessionExpired, {}, 0}), "<state event=\"timeout\">terminated");
}

TEST(DialogInfoTest, DocumentNamesVersionStateAndEntity) {
  EXPECT_EQ(dialog_info_document("sip:bob@example.com", 7, false, ""),
            "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"7\" "
            "state=\"partial\" entity=\"sip:bob@example.com\">\r\n</dialog-info>\r\n");
}

}  // namespace
}  // namespace intermediary
