#include "message/editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/test_messages.h"

namespace intermediary {
namespace {

using samples::invite;
using samples::parse;
using samples::replaced;
using samples::ringing;

class EditorTest : public ::testing::Test {
 protected:
  // The sample with further header lines in front of Content-Length.
  static MessagePtr with(const std::string& lines) {
    return parse(replaced(invite(), "Content-Length", lines + "Content-Length"));
  }
  static std::string expected(const std::string& lines) {
    return replaced(invite(), "Content-Length", lines + "Content-Length");
  }
  static std::string without_entries(const MessagePtr& m, FieldName name, std::initializer_list<std::size_t> which) {
    const auto list = entries(*m, name);
    Editor editor(*m);
    for (std::size_t i : which) editor.remove(list.at(i));
    return editor.finish();
  }
};

TEST_F(EditorTest, WithoutEditsLeavesEveryByte) { EXPECT_EQ(invite(), Editor(*parse(invite())).finish()); }

TEST_F(EditorTest, ChangesTheRequestUri) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.set_request_uri("sip:bob@192.0.2.20:5080");
  EXPECT_EQ(replaced(invite(), "sip:bob@example.com SIP", "sip:bob@192.0.2.20:5080 SIP"), editor.finish());
}

TEST_F(EditorTest, ReplacesTheFirstValueOrAddsALine) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.set(FieldName::MaxForwards, "69");
  editor.set(FieldName::MaxBreadth, "60");
  std::string want = replaced(invite(), "Max-Forwards: 70", "Max-Forwards: 69");
  EXPECT_EQ(replaced(want, "Content-Length: 5\r\n", "Content-Length: 5\r\nMax-Breadth: 60\r\n"), editor.finish());
}

TEST_F(EditorTest, PrependsBeforeTheFirstFieldOfThatNameOrOfAll) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.prepend(FieldName::RecordRoute, "<sip:192.0.2.1;lr>");
  editor.prepend(FieldName::Via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp");
  EXPECT_EQ(replaced(invite(),
                     "Via:", "Record-Route: <sip:192.0.2.1;lr>\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp\r\nVia:"),
            editor.finish());
}

TEST_F(EditorTest, AppendsAtTheEndOfTheHeaderSectionInOrder) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.append("X-First", "1");
  editor.append(FieldName::Supported, "path");
  EXPECT_EQ(replaced(invite(), "Content-Length: 5\r\n", "Content-Length: 5\r\nX-First: 1\r\nSupported: path\r\n"),
            editor.finish());
}

TEST_F(EditorTest, AppendsAnEntryBehindTheLastLineOfItsName) {
  const MessagePtr m = with("Path: <sip:a;lr>\r\nPath: <sip:b;lr>\r\n");
  Editor editor(*m);
  editor.append_entry(FieldName::Path, "<sip:c;lr>");
  EXPECT_EQ(expected("Path: <sip:a;lr>\r\nPath: <sip:b;lr>\r\nPath: <sip:c;lr>\r\n"), editor.finish());
}

TEST_F(EditorTest, AppendsAnEntryAtTheEndWhenItsNameIsNew) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.append_entry(FieldName::Path, "<sip:c;lr>");
  EXPECT_EQ(replaced(invite(), "Length: 5\r\n", "Length: 5\r\nPath: <sip:c;lr>\r\n"), editor.finish());
}

TEST_F(EditorTest, RemovesLinesWithTheirFolds) {
  const MessagePtr m = with("Subject: one\r\n two\r\nRoute: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\n");
  Editor editor(*m);
  editor.remove(*m->find(FieldName::Subject));
  editor.remove_all(FieldName::Route);
  EXPECT_EQ(invite(), editor.finish());
}

TEST_F(EditorTest, RemovesEntriesWithOneCommaEach) {
  const MessagePtr m = with("Route: <sip:a;lr> , <sip:b;lr>,<sip:c;lr>\r\n");
  EXPECT_EQ(expected("Route: <sip:b;lr>,<sip:c;lr>\r\n"), without_entries(m, FieldName::Route, {0}));
  EXPECT_EQ(expected("Route: <sip:a;lr>,<sip:c;lr>\r\n"), without_entries(m, FieldName::Route, {1}));
  EXPECT_EQ(expected("Route: <sip:a;lr> , <sip:b;lr>\r\n"), without_entries(m, FieldName::Route, {2}));
  EXPECT_EQ(expected("Route: <sip:c;lr>\r\n"), without_entries(m, FieldName::Route, {1, 0}));
  EXPECT_EQ(expected("Route: <sip:b;lr>\r\n"), without_entries(m, FieldName::Route, {0, 2}));
  EXPECT_EQ(expected("Route: <sip:a;lr>\r\n"), without_entries(m, FieldName::Route, {2, 1}));
}

TEST_F(EditorTest, RemovesTheLineWhenNoEntryIsLeft) {
  const MessagePtr m = with("Route: <sip:a;lr>\r\nRoute: <sip:b;lr>, <sip:c;lr>\r\n");
  EXPECT_EQ(expected("Route: <sip:b;lr>, <sip:c;lr>\r\n"), without_entries(m, FieldName::Route, {0}));
  EXPECT_EQ(expected("Route: <sip:a;lr>\r\n"), without_entries(m, FieldName::Route, {1, 2}));
  EXPECT_EQ(invite(), without_entries(m, FieldName::Route, {0, 1, 2}));
}

TEST_F(EditorTest, TakesTheTopViaOfAResponse) {
  const MessagePtr m = parse(ringing());
  EXPECT_EQ(replaced(ringing(), "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKproxy1;received=192.0.2.99\r\n", ""),
            without_entries(m, FieldName::Via, {0}));
}

TEST_F(EditorTest, InsertsBeforeWhatIsRemovedAtTheSamePlace) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.remove(*m->find(FieldName::Via));
  editor.prepend(FieldName::Via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp");
  EXPECT_EQ(replaced(invite(), "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1;rport",
                     "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp"),
            editor.finish());
}

TEST_F(EditorTest, StampsReceivedAndRport) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.splice(m->top_via().rport_begin, m->top_via().rport_end, "rport=40000;received=198.51.100.7");
  EXPECT_EQ(replaced(invite(), ";rport", ";rport=40000;received=198.51.100.7"), editor.finish());
}

TEST_F(EditorTest, ReplacesTheBodyAndItsLength) {
  const MessagePtr m = parse(invite());
  Editor editor(*m);
  editor.set_body("v=0\r\ns=-\r\n");
  EXPECT_EQ(replaced(replaced(invite(), "Length: 5", "Length: 10"), "\r\n\r\nv=0\r\n", "\r\n\r\nv=0\r\ns=-\r\n"),
            editor.finish());
}

TEST_F(EditorTest, AddsAContentLengthToANewBody) {
  const std::string none = replaced(replaced(invite(), "Content-Length: 5\r\n", ""), "\r\n\r\nv=0\r\n", "\r\n\r\n");
  const MessagePtr m = parse(none);
  Editor editor(*m);
  editor.set_body("x");
  EXPECT_EQ(replaced(none, "sdp\r\n\r\n", "sdp\r\nContent-Length: 1\r\n\r\nx"), editor.finish());
}

}  // namespace
}  // namespace intermediary
