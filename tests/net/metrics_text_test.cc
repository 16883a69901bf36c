// Prometheus' text format.
#include "control/metrics_text.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/net/example_snapshot.h"

namespace hivemind {
namespace {

TEST(MetricsText, SaysWhatTheSnapshotSays) {
  const auto text = metrics_text({.version = "1.2", .uptime = 90500ms, .connections = 3}, example_snapshot());
  for (
      const std::string line : {
          R"(hivemind_info{version="1.2"} 1)",
          R"(hivemind_uptime_seconds 90.5)",
          R"(hivemind_connections 3)",
          R"(hivemind_queue 2)",
          R"(hivemind_pool_window{provider="anthropic",account="3fa9c1d2e4b5a697",model_class="claude-sonnet-4"} 5.5)",
          R"(hivemind_pool_breaker_open{provider="anthropic",account="3fa9c1d2e4b5a697",model_class="claude-sonnet-4"} 1)",
          R"(hivemind_limit_available{provider="anthropic",account="3fa9c1d2e4b5a697",model_class="claude-sonnet-4",dimension="requests"} 7.25)",
          "hivemind_run_cached_tokens_total{run=\"0000000000000abc\",name=\"evil?\\\"name\\n\x1b[31m\"} 5000000000",
      }) {
    EXPECT_NE(text.find('\n' + line + '\n'), text.npos) << line << "\nis not in\n" << text;
  }
}

// The rules of the format: a name's samples stand together below its one HELP and TYPE.
TEST(MetricsText, EveryNameIsIntroducedOnce) {
  std::istringstream lines(metrics_text({}, example_snapshot()));
  std::set<std::string> seen;
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::string hash, kind, name;
    if (line.starts_with("# HELP ")) {
      words >> hash >> kind >> current;
      EXPECT_TRUE(seen.insert(current).second);
    } else if (line.starts_with("# TYPE ")) {
      words >> hash >> kind >> name;
      EXPECT_EQ(name, current);
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), current);
    }
  }
  EXPECT_GT(seen.size(), 20u);
}
}  // namespace
}  // namespace hivemind
