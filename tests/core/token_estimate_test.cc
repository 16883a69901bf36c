#include "core/token_estimate.h"

#include <gtest/gtest.h>

#include <string>

namespace hivemind {
namespace {

std::string message(const std::string& data) { return "{\"source\":{\"type\":\"base64\",\"data\":\"" + data + "\"}}"; }

TEST(TokenEstimate, CountsTextByItsBytes) {
  EXPECT_EQ(estimate_input_tokens("", 4), 1);
  EXPECT_EQ(estimate_input_tokens(std::string(4000, 'x'), 4), 1001);
  EXPECT_GT(estimate_input_tokens(message(std::string(100000, ' ')), 4), 25000);
}

TEST(TokenEstimate, CountsMediaByItself) {
  const auto small = estimate_input_tokens(message(std::string(8000, 'A')), 4);
  EXPECT_GE(small, 1600);
  EXPECT_LT(small, 1700);
  const auto large = estimate_input_tokens(message("data:image/png;base64," + std::string(1 << 20, 'A')), 4);
  EXPECT_LT(large, 6000);
}

}  // namespace
}  // namespace hivemind
