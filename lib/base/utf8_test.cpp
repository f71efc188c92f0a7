#include "base/utf8.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

TEST(Printable, TextStays) {
  EXPECT_EQ(printable("a\n\tb ~ \u00e9 \u65e5 \U0001f600 \\"), "a\n\tb ~ \u00e9 \u65e5 \U0001f600 \\");
}

TEST(Printable, WhatATerminalWouldObeyIsWrittenAsNumbers) {
  EXPECT_EQ(printable("\x1b[2J\r\x7f"), "\\x1b[2J\\x0d\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J\xc2\xa0"),
            "\\xc2\\x9b2J\xc2\xa0");
  EXPECT_EQ(printable("\u202e\u2066\u2028\u2010"), "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\xa8\u2010");
}

TEST(Printable, WhatIsNoUtf8IsWrittenAsNumbers) {
  EXPECT_EQ(printable("\xff"
                      "a\xc3"),
            "\\xffa\\xc3");
  EXPECT_EQ(printable("\xc0\xaf\xed\xa0\x80"), "\\xc0\\xaf\\xed\\xa0\\x80");
}

}  // namespace
}  // namespace intermediary
