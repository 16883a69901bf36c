// What hivemindctl shows, made from the very JSON that the daemon sends.
#include "ctl/status_view.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "control/snapshot_json.h"
#include "ctl/format.h"
#include "ctl/text_table.h"
#include "tests/net/example_snapshot.h"

namespace hivemind::ctl {
namespace {

boost::json::value status(Snapshot snapshot = example_snapshot()) {
  return status_json({.pid = 12,
                      .version = "1.2",
                      .uptime = 90s,
                      .config_file = "/home/me/hivemind.toml",
                      .root_bundle = "/state/ca/roots.pem",
                      .certificates_expire = 1'800'000'000,
                      .connections = 3},
                     snapshot);
}

void expect_in(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(text.find(part), text.npos) << part << "\nis not in\n" << text;
}

TEST(StatusView, ShowsPoolsLimitsRunsAndQueue) {
  const auto text = status_text(status(), {});
  expect_in(text, {"hivemindd 1.2, pid 12, up 1m30s, connections: 3",
                   "configured by /home/me/hivemind.toml",
                   "claude-sonnet-4",
                   "3fa9c1d2 ",
                   "open (overload)",
                   "input tokens",
                   "minute",
                   "2.5s",
                   "evil?\"name  [31m",
                   "explore-1",
                   "(main)",
                   "61%",
                   "5.5",
                   "1m15s",
                   "requests per minute: 0",
                   "5 hours",
                   "84%",
                   "paced, 40s",
                   "7 days, this model",
                   "Budgets",
                   "group nightly",
                   "9000",
                   "101%",
                   "rejected"});
  EXPECT_EQ(text.find("3fa9c1d2e"), text.npos) << "of an account, enough to tell it apart";
  EXPECT_EQ(text.find('\033'), text.npos) << "no colour, and none that a client slipped in";
}

TEST(StatusView, EveryDecisionIsARow) {
  const auto decisions = boost::json::parse(R"json({"decisions": [
    {"ago_s": 61, "kind": "held", "request": 7, "run": "0000000000000abc", "agent": "explore-1", "waited_s": 1.5,
     "reason": "requests per minute: 0 of 50 left, 1 needed, in 1.2 s", "why": {"freed_by": "time"}},
    {"ago_s": 3, "kind": "held", "request": 9, "run": "0000000000000abc", "agent": "", "waited_s": 0,
     "reason": "concurrency 5 of 5 in flight", "why": {"freed_by": "the end of a request"}},
    {"ago_s": 2, "kind": "refused", "request": 8, "run": "0000000000000abc", "agent": "", "waited_s": 0,
     "reason": "the queue is full", "why": {"freed_by": "nothing"}}]})json");
  Look wide;
  wide.width = 160;
  const auto text = decisions_text(decisions, wide);
  expect_in(text, {"held", "1m01s", "explore-1", "in 1.2 s", "concurrency 5 of 5 in flight; until the end of a request",
                   "refused", "the queue is full"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << text;
  expect_in(decisions_text(boost::json::parse(R"({"decisions": []})"), {}), {"none yet"});
}

TEST(StatusView, AFrameNeverScrolls) {
  const std::string before = "\033[H\033[2J\033[?7l", after = "\033[?7h";
  const struct {
    const char* name;
    std::size_t lines;
    const char* want;
  } cases[] = {
      {"room for the cursor's line, too", 5, "1\n2\n3\n4\n"},
      {"one line short", 4, "1\n2\n... 2 more lines\n"},
      {"hardly any room", 2, "... 4 more lines\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(frame("1\n2\n3\n4\n", c.lines), before + c.want + after) << c.name;
}

TEST(StatusView, StaysWithinTheWidth) {
  auto snapshot = example_snapshot();
  snapshot.runs[0].name = std::string(200, 'n');
  snapshot.queue[0].model = std::string(200, 'm');
  snapshot.queue[0].reason = std::string(200, 'r');
  for (const std::size_t width : {100u, 140u}) {
    const auto text = status_text(status(snapshot), {.width = width});
    for (std::size_t from = 0; from < text.size();) {
      const auto end = text.find('\n', from);
      const auto line = text.substr(from, end - from);
      EXPECT_LE(length(line), width) << line;
      from = end + 1;
    }
  }
}

TEST(StatusView, EmptySaysSo) {
  const auto text = status_text(status(Snapshot{}), {});
  expect_in(text, {"none yet; a pool appears", "none; hivemind-run COMMAND starts one", "empty; nothing waits"});
  EXPECT_EQ(text.find("Limits"), text.npos);
}

TEST(StatusView, ALongQueueIsCut) {
  auto snapshot = example_snapshot();
  snapshot.queue.resize(50, snapshot.queue[0]);
  expect_in(status_text(status(snapshot), {}), {"and 30 more"});
}

TEST(StatusView, WhatIsMissingIsLeftOut) {
  for (const char* text :
       {"{}", "[]", "null", R"({"daemon": 3, "pools": {}, "runs": [1, null], "queue": [{"waited_s": "x"}]})"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(status_text(boost::json::parse(text), {}).empty());
    EXPECT_FALSE(runs_text(boost::json::parse(text), {}).empty());
    EXPECT_EQ(certificates_text(boost::json::parse(text), 0), "the daemon has no certificates\n");
  }
}

TEST(StatusView, Certificates) {
  expect_in(certificates_text(status(), 1'800'000'000 - 86400 * 12),
            {"/state/ca/roots.pem", "2027-01-15 08:00 UTC, in 12d00h"});
}

TEST(Format, IsShort) {
  const struct {
    double seconds;
    const char* want;
  } durations[] = {{0, "0.0s"},   {0.34, "0.3s"},  {9.96, "10s"},   {59.4, "59s"},    {59.6, "1m00s"},
                   {75, "1m15s"}, {3600, "1h00m"}, {4000, "1h06m"}, {200000, "2d07h"}};
  for (const auto& c : durations) EXPECT_EQ(duration_text(c.seconds), c.want);
  const struct {
    double count;
    const char* want;
  } counts[] = {{0, "0"},          {7.9, "7"},          {9999, "9999"}, {12345, "12.3k"},
                {999'960, "1.0M"}, {4'200'000, "4.2M"}, {5e9, "5.0G"}};
  for (const auto& c : counts) EXPECT_EQ(count_text(c.count), c.want);
}
}  // namespace
}  // namespace hivemind::ctl
