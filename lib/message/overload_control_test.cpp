#include "message/overload_control.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::milliseconds;

const std::string sent_by = "SIP/2.0/TLS p1.example.net;branch=z9hG4bK2d4790.1";

TEST(OverloadControlTest, AnOfferIsAnOcWithoutAValueAndALossAmongTheAlgorithms) {
  EXPECT_TRUE(offers_overload_control(sent_by + ";oc;oc-algo=\"loss,A\""));
  EXPECT_TRUE(offers_overload_control(sent_by + " ; OC ;oc-algo = \"rate, Loss\""));
  EXPECT_FALSE(offers_overload_control(sent_by));
  EXPECT_FALSE(offers_overload_control(sent_by + ";oc"));
  EXPECT_FALSE(offers_overload_control(sent_by + ";oc;oc-algo=\"rate\""));
  EXPECT_FALSE(offers_overload_control(sent_by + ";oc=20;oc-algo=\"loss\""));
  EXPECT_FALSE(offers_overload_control(sent_by + ";x=\";oc;oc-algo=loss\""));
}

// RFC 7339 §6.
TEST(OverloadControlTest, ReadsWhatAServerSays) {
  const auto word = overload_word(sent_by +
                                  ";received=192.0.2.111;oc=20;oc-algo=\"loss\";oc-validity=500;"
                                  "oc-seq=1282321615.782");
  EXPECT_EQ(word, (OverloadWord{20, milliseconds(500), 128232161578200}));
  EXPECT_EQ(overload_word(sent_by + ";oc=0;oc-algo=\"loss\";oc-validity=0"),
            (OverloadWord{0, milliseconds(0), std::nullopt}));
  EXPECT_EQ(overload_word(sent_by + ";oc=7;oc-algo=loss;oc-seq=1.5"), (OverloadWord{7, milliseconds(500), 150000}));
}

TEST(OverloadControlTest, WhatIsAgainstTheGrammarSaysNothing) {
  for (const char* text :
       {";oc", ";oc;oc-algo=\"loss\"", ";oc=20", ";oc=101;oc-algo=\"loss\"", ";oc=x;oc-algo=\"loss\"",
        ";oc=20;oc-algo=\"rate\"", ";oc=20;oc-algo=\"loss,rate\"", ";oc=-1;oc-algo=\"loss\"",
        ";oc=2;oc-algo=\"loss\";oc-validity=x", ";oc=2;oc-algo=\"loss\";oc-seq=5", ";oc=2;oc-algo=\"loss\";oc-seq=1.",
        ";oc=2;oc-algo=\"loss\";oc-seq=1234567890123.1", ";oc=2;oc-algo=\"loss\";oc-seq=1.123456",
        ";oc=4294967297;oc-algo=\"loss\""}) {
    EXPECT_FALSE(overload_word(sent_by + text)) << text;
  }
}

TEST(OverloadControlTest, WhatIsWrittenIsRead) {
  const OverloadWord word{37, milliseconds(1000), 176722560000123};
  EXPECT_EQ(to_parameters(word), ";oc=37;oc-algo=\"loss\";oc-validity=1000;oc-seq=1767225600.00123");
  EXPECT_EQ(overload_word(sent_by + to_parameters(word)), word);
}

TEST(OverloadControlTest, TakesAwayTheFourParametersAndNoOther) {
  EXPECT_EQ(without_overload_control(sent_by + ";oc;rport;oc-algo=\"loss;x,A\";ocx=1;OC-Seq=1.2;oc-validity=5"),
            sent_by + ";rport;ocx=1");
  EXPECT_EQ(without_overload_control(sent_by + ";x=\"a\\\";oc;b\""), std::nullopt);
  EXPECT_EQ(without_overload_control(sent_by), std::nullopt);
}

TEST(OverloadControlTest, FindsTheFirstViaAndItsSentBy) {
  const std::string_view via =
      first_via("SIP/2.0 200 OK\r\nTo: a\r\n b\r\nv : SIP/2.0/UDP a:5061 ;x=\"1,2\" , SIP/2.0/UDP b\r\nVia: c\r\n\r\n");
  EXPECT_EQ(via, " SIP/2.0/UDP a:5061 ;x=\"1,2\" ");
  EXPECT_EQ(sent_by_text(via), "a:5061");
  EXPECT_EQ(first_via("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n ;oc\r\nTo: a\r\n\r\n"), " SIP/2.0/UDP a\r\n ;oc");
  EXPECT_EQ(first_via("SIP/2.0 200 OK\r\nTo: a\r\n\r\nVia: b\r\n"), "");
  EXPECT_EQ(first_via("SIP/2.0 200 OK"), "");
}

TEST(OverloadControlTest, AResponseLeavesWithOurWordAndNoOther) {
  const std::string head = "SIP/2.0 200 OK\r\n", tail = "\r\nTo: x\r\n\r\nVia: a;oc=1";
  const std::string response =
      head + "Via: a;oc;oc-algo=\"loss\";branch=1 , b;oc=9;x\r\nv: c;oc;oc-algo=\"loss\", d;oc-seq=1.1" + tail;
  EXPECT_EQ(with_overload_word(response, ";oc=5"),
            head + "Via: a;branch=1;oc=5 , b;x\r\nv: c;oc;oc-algo=\"loss\", d" + tail);
  EXPECT_EQ(with_overload_word(response, ""),
            head + "Via: a;oc;oc-algo=\"loss\";branch=1 , b;x\r\nv: c;oc;oc-algo=\"loss\", d" + tail);
  EXPECT_EQ(with_overload_word(head + "Via: a;oc;oc-algo=\"loss\"" + tail, ""), std::nullopt);
}

}  // namespace
}  // namespace intermediary
