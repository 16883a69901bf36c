#include "ctl/perfetto.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <gtest/gtest.h>

#include "control/snapshot_json.h"

namespace hivemind {
namespace json = boost::json;
namespace {

DecisionSnapshot decided(const char* kind, Duration ago, std::uint64_t request = 7, Reason why = {}) {
  DecisionSnapshot decision;
  decision.kind = kind, decision.ago = ago, decision.request = request, decision.run = 0xABC;
  decision.agent = "explore-1", decision.attempts = 1, decision.why = why, decision.reason = in_words(why);
  return decision;
}

struct Drawn {
  std::vector<std::string> spans, marks, lanes;
};
Drawn drawn(const std::vector<DecisionSnapshot>& decisions) {
  RunSnapshot run;
  run.id = 0xABC;
  run.name = "nightly/tests";
  const auto picture = json::parse(ctl::perfetto_text(json::object{{"decisions", decisions_json(decisions)}},
                                                      json::object{{"runs", runs_json({run})}}));
  Drawn drawn;
  for (const auto& event : picture.at("traceEvents").as_array()) {
    const std::string name(event.at("name").as_string()), phase(event.at("ph").as_string());
    const auto ms = [&](const char* key) { return std::to_string(event.at(key).to_number<std::int64_t>() / 1000); };
    if (phase == "X")
      drawn.spans.push_back(name + " in " + std::to_string(event.at("tid").to_number<int>()) + ": " + ms("ts") + "+" +
                            ms("dur"));
    if (phase == "i") drawn.marks.push_back(name);
    if (phase == "M") drawn.lanes.emplace_back(event.at("args").at("name").as_string());
  }
  return drawn;
}

// Two requests of one agent; the first is held, fails, is sent again and ends.
TEST(Perfetto, ALanePerAgentAndRequestAtOnce) {
  const Reason limit{.kind = ReasonKind::limit, .limit = 50, .need = 1, .window = 60s, .in = 1s};
  const Reason failed{.kind = ReasonKind::backoff, .in = 1s, .status = 529};
  const auto picture =
      drawn({decided("queued", 10s), decided("held", 10s, 7, limit), decided("dispatched", 9s),
             decided("queued", 8500ms, 8), decided("retried", 8s, 7, failed), decided("dispatched", 8s, 8),
             decided("dispatched", 7s), decided("finished", 5s), decided("cancelled", 1s, 8),
             decided("queued", 500ms, 9), decided("held", 250ms, 9, limit)});
  EXPECT_EQ(picture.spans,
            (std::vector<std::string>{"waits in 1: 0+1000", "runs in 1: 1000+1000", "waits in 2: 1500+500",
                                      "waits in 1: 2000+1000", "runs in 1: 3000+2000", "runs in 2: 2000+7000",
                                      "waits in 1: 9500+250"}));
  EXPECT_EQ(picture.lanes, (std::vector<std::string>{"nightly/tests", "explore-1", "explore-1 (2)"}));
  ASSERT_EQ(picture.marks.size(), 4u);
  EXPECT_EQ(picture.marks[0], "held: requests per minute: 0 of 50 left, 1 needed, in 1.0 s");
  EXPECT_EQ(picture.marks[1], "retried: backing off after 529, 1.0 s");
}

TEST(Perfetto, WhatIsOlderThanTheOldestDecisionHasWaited) {
  auto sent = decided("dispatched", 9s);
  sent.waited = 60s;
  const auto picture = drawn({decided("finished", 10s, 3), sent, decided("finished", 8s)});
  EXPECT_EQ(picture.spans, (std::vector<std::string>{"waits in 1: 0+1000", "runs in 1: 1000+1000"}));
}

TEST(Perfetto, TakesWhateverItIsGiven) {
  for (const char* text : {"{}", "[]", "null", R"({"decisions": [1, {}, {"kind": 5}], "runs": [5]})"}) {
    const auto value = json::parse(text);
    EXPECT_TRUE(json::parse(ctl::perfetto_text(value, value)).at("traceEvents").is_array()) << text;
  }
}
}  // namespace
}  // namespace hivemind
