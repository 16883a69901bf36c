#include "preload/run/report.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
TEST(Report, CountsAndTimesForPeople) {
  EXPECT_EQ(show_count(0), "0");
  EXPECT_EQ(show_count(9999), "9999");
  EXPECT_EQ(show_count(12345), "12.3 k");
  EXPECT_EQ(show_count(456789), "457 k");
  EXPECT_EQ(show_count(1'234'567), "1.23 M");
  EXPECT_EQ(show_time(400), "0.4 s");
  EXPECT_EQ(show_time(72'000), "1 min 12 s");
  EXPECT_EQ(show_time(7'500'000), "2 h 5 min");
}

TEST(Report, SummaryNamesTheBudgetOnlyWhenThereIsOne) {
  hm_summary summary{};
  summary.requests = 3;
  summary.retries = 1;
  summary.tokens_spent = 5;
  EXPECT_EQ(summary_text("n", summary, HM_NONE, 1500),
            "hivemind: n ran 1.5 s\n"
            "  requests  3\n"
            "  tokens    0 in, 0 out, 0 cached\n"
            "  waited    0.0 s in all\n"
            "  absorbed  1 retry\n"
            "  passed on 0 errors\n");
  EXPECT_NE(summary_text("n", summary, 100, 0).find("budget    5 of 100 tokens"), std::string::npos);
}

TEST(Report, ProcessesSayWhatWentDirectAndWhy) {
  hm_process process{};
  process.pid = 12;
  process.captured = 4;
  process.by_port = 2;
  process.tiers = HM_PRELOADED | HM_SUPERVISED;
  Program program;
  auto text = processes_text({process}, 12, program);
  EXPECT_NE(text.find("2 to ports that are not captured"), std::string::npos) << text;
  EXPECT_NE(text.find("preload+seccomp"), std::string::npos);
  EXPECT_EQ(text.find("uncaptured"), std::string::npos);
  text = processes_text({process}, 13, program);
  EXPECT_NE(text.find("(pid 13) never loaded the preload object"), std::string::npos) << text;
  program.can_preload = false;
  program.why_not = "is a static program";
  text = processes_text({}, 13, program);
  EXPECT_NE(text.find("ran uncaptured: it is a static program"), std::string::npos) << text;
}
}  // namespace
}  // namespace hivemind::run
