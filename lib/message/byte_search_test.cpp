#include "message/byte_search.h"

#include <gtest/gtest.h>

#include <string>

namespace intermediary {
namespace {

// Both widths must tell the same on every processor.
template <class Bytes>
class ByteSearchTest : public ::testing::Test {
 protected:
  static std::size_t control_in(const std::string& text) {
    return static_cast<std::size_t>(byte_search::find_outside<Bytes, 0x20>(text.data(), text.data() + text.size()) -
                                    text.data());
  }
  static std::size_t space_or_control_in(const std::string& text) {
    return static_cast<std::size_t>(byte_search::find_outside<Bytes, 0x21>(text.data(), text.data() + text.size()) -
                                    text.data());
  }
  static std::size_t colon_in(const std::string& text) {
    return static_cast<std::size_t>(byte_search::find_colon<Bytes>(text.data(), text.data() + text.size()) -
                                    text.data());
  }
};
using Widths = ::testing::Types<byte_search::Eight, byte_search::Block>;
TYPED_TEST_SUITE(ByteSearchTest, Widths);

TYPED_TEST(ByteSearchTest, KnowsEveryByteAtEveryPlace) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, static_cast<char>(0x80 + place));
        text[place] = static_cast<char>(c);
        ASSERT_EQ(c < 0x20 || c == 0x7f ? place : size, this->control_in(text)) << c;
        ASSERT_EQ(c <= 0x20 || c == 0x7f ? place : size, this->space_or_control_in(text)) << c;
        ASSERT_EQ(c == ':' ? place : size, this->colon_in(text)) << c;
      }
    }
  }
}

TYPED_TEST(ByteSearchTest, FindsTheFirstOfMany) {
  for (std::size_t first = 0; first < 40; ++first) {
    const std::string text = std::string(first, ' ') + "\x7f\x01:\x1f" + std::string(40, '\n');
    EXPECT_EQ(first, this->control_in(text));
    EXPECT_EQ(first + 2, this->colon_in(text));
  }
}

TYPED_TEST(ByteSearchTest, FindsNothingInNothing) {
  EXPECT_EQ(0U, this->control_in(""));
  EXPECT_EQ(0U, this->colon_in(""));
}

}  // namespace
}  // namespace intermediary
