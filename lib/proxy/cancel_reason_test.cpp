#include "proxy/cancel_reason.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

MessagePtr cancel(const std::string& lines) {
  return *Message::parse(
      "CANCEL sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
      "To: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 CANCEL\r\n" +
          lines + "\r\n",
      Framing::Datagram, Limits{});
}

TEST(CancelReasonTest, SaysWhy) {
  EXPECT_EQ(completed_elsewhere_reason(), "SIP;cause=200;text=\"Call completed elsewhere\"");
  EXPECT_EQ(timed_out_reason(), "SIP;cause=408;text=\"Request Timeout\"");
  EXPECT_EQ(answered_reason(603), "SIP;cause=603;text=\"Decline\"");
  EXPECT_EQ(answered_reason(699), "SIP;cause=699;text=\"Global Failure\"");
}

TEST(CancelReasonTest, IsPassedOnWhole) {
  EXPECT_EQ(reason_of(*cancel("")), "");
  EXPECT_EQ(reason_of(*cancel("Reason: Q.850;cause=16\r\nreason: SIP;\r\n cause=600, X\r\n")),
            "Q.850;cause=16, SIP; cause=600, X");
}

}  // namespace
}  // namespace intermediary
