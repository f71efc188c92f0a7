#include "policy/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::HasSubstr;

TEST(AdmissionTest, ASourceMayHaveSoManyUnfinishedTransactions) {
  const Limits limits;
  EXPECT_FALSE(refuse_transaction(limits, {0, 0}, false));
  EXPECT_FALSE(refuse_transaction(limits, {199, 199}, false));
  const auto refusal = refuse_transaction(limits, {200, 200}, false);
  ASSERT_TRUE(refusal);
  EXPECT_GT(refusal->retry_after.count(), 0);
  EXPECT_THAT(refusal->reason, HasSubstr("200 unfinished transactions"));
}

TEST(AdmissionTest, ASourceMayHoldSoManyFinishedTransactions) {
  const Limits limits;
  EXPECT_FALSE(refuse_transaction(limits, {0, 9999}, false));
  const auto refusal = refuse_transaction(limits, {0, 10000}, false);
  ASSERT_TRUE(refusal);
  EXPECT_THAT(refusal->reason, HasSubstr("10000 transactions"));
}

TEST(AdmissionTest, ASourceMayHaveSoManyConnections) {
  Limits limits;
  limits.connections_per_source = 2;
  EXPECT_TRUE(admits_connection(limits, 1, false));
  EXPECT_FALSE(admits_connection(limits, 2, false));
}

TEST(AdmissionTest, ASourceThatARuleNamesIsExempt) {
  const Limits limits;
  EXPECT_FALSE(refuse_transaction(limits, {100000, 100000}, true));
  EXPECT_TRUE(admits_connection(limits, 100000, true));
}

}  // namespace
}  // namespace intermediary
