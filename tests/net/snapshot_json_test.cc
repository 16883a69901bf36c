// The JSON of the control socket: what scripts may rely on.
#include "control/snapshot_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/net/example_snapshot.h"

namespace hivemind {
namespace {
namespace json = boost::json;

json::value parsed(std::string_view text) { return json::parse(text); }

TEST(SnapshotJson, HasEverything) {
  DaemonInfo info{.pid = 12,
                  .version = "1.2",
                  .uptime = 90500ms,
                  .config_file = "/c",
                  .log_file = "/l",
                  .root_bundle = "/r",
                  .certificates_expire = 1800000000,
                  .connections = 3,
                  .draining = true};
  const auto want = parsed(R"json({
    "daemon": {"pid": 12, "version": "1.2", "uptime_s": 90.5, "config_file": "/c", "log_file": "/l", "root_bundle": "/r",
               "certificates_expire": 1800000000, "connections": 3, "draining": true},
    "pools": [{"provider": "anthropic", "account": "3fa9c1d2e4b5a697", "model_class": "claude-sonnet-4", "window": 5.5, "in_flight": 5,
               "waiting": 2, "breaker": "open (overload)", "rate_limited": 3, "overloads": 2, "faults": 1,
               "cached_prefixes": 12, "following": 3, "went_ahead": 4, "limits": [
                 {"dimension": "requests", "limit": 50, "available": 7.25, "window_s": 60, "source": "header", "cooldown_s": null},
                 {"dimension": "input_tokens", "limit": 80000, "available": 1234, "window_s": 60, "source": "429", "cooldown_s": 2.5}],
               "windows": [
                 {"window_s": 18000, "model_only": false, "used": 0.835, "rejected": false, "resets_s": 5400, "exhausted_s": 1800, "paced_s": 40},
                 {"window_s": 604800, "model_only": true, "used": 1.01, "rejected": true, "resets_s": 90000, "exhausted_s": null, "paced_s": null}]}],
    "runs": [{"id": "0000000000000abc", "parent": "0000000000000def", "name": "evil?\"name\n\u001b[31m", "priority": "normal", "weight": 1.5,
              "waiting": 2, "in_flight": 5, "requests": 40, "retries": 4, "errors": 1, "refused": 2, "input_tokens": 1200000,
              "output_tokens": 30000, "cached_tokens": 5000000000, "tokens_spent": 1230000,
              "tokens_reserved": 9000, "token_budget": 2000000, "waited_s": 75.4,
              "agents": [{"agent": "", "waiting": 1, "in_flight": 4, "requests": 30},
                         {"agent": "explore-1", "waiting": 1, "in_flight": 1, "requests": 10}]}],
    "budgets": [{"name": "group nightly", "limit": 2000000, "spent": 1230000, "reserved": 9000}],
    "queue": [{"request": 17, "run": "0000000000000abc", "agent": "explore-1", "model": "claude-sonnet-4-20250514", "priority": "normal",
               "waited_s": 1.5, "reason": "requests per minute: 0 of 50 left, in 1.2 s",
               "why": {"kind": "next", "freed_by": "nothing", "in_s": null}, "expected_s": 1.2},
              {"request": 18, "run": "0000000000000abc", "agent": "", "model": "claude-sonnet-4-20250514", "priority": "low",
               "waited_s": 0.5, "reason": "concurrency 5 of 5",
               "why": {"kind": "next", "freed_by": "nothing", "in_s": null}, "expected_s": null}]})json");
  // Through text, as a client sees it: numbers compare whatever their kind.
  const auto got = parsed(json::serialize(status_json(info, example_snapshot())));
  EXPECT_EQ(got, want) << got;
}

TEST(SnapshotJson, AFollowerSaysWhomItWaitsFor) {
  Snapshot snapshot;
  snapshot.queue.emplace_back();
  snapshot.queue[0].why = {.kind = ReasonKind::leader, .need = 20000, .in = 4s, .request = 9};
  const auto got = parsed(json::serialize(status_json({}, snapshot)));
  EXPECT_EQ(got.at("queue").at(0).at("why"), parsed(R"({"kind": "leader", "freed_by": "its leader's first content",
                                                       "in_s": 4, "request": 9, "tokens": 20000})"));
}

TEST(SnapshotJson, EmptyIsEmptyLists) {
  const auto got = parsed(json::serialize(status_json({}, {})));
  EXPECT_TRUE(got.at("pools").as_array().empty());
  EXPECT_TRUE(got.at("runs").as_array().empty());
  EXPECT_TRUE(got.at("budgets").as_array().empty());
  EXPECT_TRUE(got.at("queue").as_array().empty());
  EXPECT_TRUE(got.at("daemon").at("certificates_expire").is_null());
  RunSnapshot run;
  EXPECT_TRUE(run_json(run).at("parent").is_null());
  EXPECT_TRUE(run_json(run).at("token_budget").is_null());
}

TEST(SnapshotJson, ADecisionSaysWhyInNumbers) {
  DecisionSnapshot decision;
  decision.number = 3, decision.request = 7, decision.run = 0xABC;
  decision.ago = 2500ms, decision.waited = 1s;
  decision.kind = "held", decision.agent = "explore-1", decision.attempts = 1;
  decision.why = {.kind = ReasonKind::limit, .limit = 50, .available = 0, .need = 1, .window = 60s, .in = 1200ms};
  decision.reason = in_words(decision.why);
  DecisionSnapshot refused;
  refused.kind = "refused";
  refused.why = {.kind = ReasonKind::budget, .limit = 1000, .available = 100, .need = 400};
  refused.reason = in_words(refused.why);
  const auto got = parsed(json::serialize(decisions_json({decision, refused})));
  EXPECT_EQ(got, parsed(R"json([
    {"number": 3, "ago_s": 2.5, "kind": "held", "request": 7, "run": "0000000000000abc", "agent": "explore-1",
     "attempts": 1, "waited_s": 1, "reason": "requests per minute: 0 of 50 left, 1 needed, in 1.2 s",
     "why": {"kind": "limit", "freed_by": "time", "in_s": 1.2, "dimension": "requests", "limit": 50, "need": 1,
             "available": 0, "window_s": 60}},
    {"number": 0, "ago_s": 0, "kind": "refused", "request": 0, "run": "0000000000000000", "agent": "",
     "attempts": 0, "waited_s": 0, "reason": "token budget: 100 of 1000 left, 400 needed",
     "why": {"kind": "budget", "freed_by": "a refund", "in_s": null, "limit": 1000, "available": 100, "need": 400}}])json"))
      << got;
}

TEST(SnapshotJson, TextIsAlwaysUtf8) {
  const struct {
    std::string_view text, want;
  } cases[] = {
      {"plain", "plain"},      {"grün €", "grün €"},    {"\xF0\x9F\x90\x9D", "\xF0\x9F\x90\x9D"},
      {"\xFF", "?"},           {"a\xC3", "a?"},         {"\xC0\xAF", "??"},
      {"\xE0\x80\xAF", "???"}, {"\xED\xA0\x80", "???"}, {"\xF4\x90\x80\x80", "????"},
      {"\xE2\x82", "??"},      {"\x80x", "?x"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.want);
    EXPECT_EQ(valid_utf8(c.text), c.want);
  }
}
}  // namespace
}  // namespace hivemind
