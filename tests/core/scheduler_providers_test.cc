// Providers whose limits are unlike the others', from the bytes they answer to what the scheduler sends next.
#include <set>

#include "core/dialect.h"
#include "core/seconds.h"
#include "tests/core/scheduler_fixture.h"

namespace hivemind {
namespace {

struct SchedulerProviders : SchedulerTest {
  const char* dialect = "generic";
  RequestProfile ask(std::int64_t input = 100) const {
    auto asked = profile(dialect, input);
    asked.client_timeout.reset();
    return asked;
  }
  // The response to a request that is under way: its head, then its body if it is an error.
  void answer(Scheduler& scheduler, RequestId id, int status, const std::string& fields, const std::string& body = "") {
    const std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nDate: Fri, 20 Nov 2026 10:03:07 GMT\r\n" +
                             "Content-Type: application/json\r\n" + fields + "\r\n";
    const auto head = parse_response_head(text, "POST");
    ASSERT_TRUE(head);
    const auto& spoken = *dialect_by_name(dialect);
    scheduler.limits_seen(id, spoken.read_limits(*head), spoken.organisation(*head), now);
    if (status < 400) {
      scheduler.first_content(id, now);
      return scheduler.finished(id, usage(100, 100), false, now);
    }
    const auto reader = spoken.reader(*head, 1795168987);
    reader->feed(body);
    reader->finish();
    if (const auto limits = reader->limits(); !limits.empty()) scheduler.limits_seen(id, limits, "", now);
    ASSERT_TRUE(reader->failure());
    scheduler.failed(id, *reader->failure(), {}, now);
  }
  static std::string quota(const std::string& id, int value, const std::string& delay) {
    return R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[)"
           R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":")" +
           id + R"(","quotaValue":")" + std::to_string(value) + R"("}]},)" +
           R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" + delay + "\"}]}}";
  }
};

// Ten a minute, of which Gemini tells only when it rejects.
TEST_F(SchedulerProviders, GeminiIsPacedByWhatItsFirstRejectionNames) {
  auto scheduler = make();
  for (int i = 0; i < 60; ++i) scheduler.submit(1, ask(), now);
  int served = 0, rejected = 0, late = 0;
  double window = 0;
  int in_window = 0;
  const TimePoint begin = now;
  for (; now < begin + 10min && served < 60; now += 100ms) {
    if (in_seconds(now - begin) - window >= 60) window += 60, in_window = 0;
    for (const auto id : act(scheduler, now).sent) {
      if (in_window < 10) {
        ++in_window, ++served;
        answer(scheduler, id, 200, "");
        continue;
      }
      ++rejected;
      late += now >= begin + 60s;
      const auto left = std::to_string(60 - (in_seconds(now - begin) - window)) + "s";
      answer(scheduler, id, 429, "", quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", 10, left));
    }
  }
  EXPECT_EQ(served, 60);
  EXPECT_LE(rejected, 6) << "the first, and who was under way with it";
  EXPECT_LE(late, 1);
  EXPECT_LE(now - begin, Duration(330s));
  const auto limits = scheduler.snapshot(now).pools.at(0).limits;
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].limit, 10);
  EXPECT_EQ(limits[0].source, "body");
}

TEST_F(SchedulerProviders, GeminisSpentDayTurnsAwayAtOnceAndIsLookedAtAgain) {
  auto scheduler = make();
  const auto first = scheduler.submit(1, ask(), now);
  ASSERT_EQ(act(scheduler, now).sent.size(), 1u);
  answer(scheduler, first, 429, "", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", 50, "17s"));
  scheduler.submit(1, ask(), now);
  const auto acted = act(scheduler, now);
  EXPECT_TRUE(acted.sent.empty());
  ASSERT_EQ(acted.refused.size(), 1u);
  EXPECT_NE(acted.refused[0].refusal.message.find("24-hour window"), std::string::npos);
  now += config.max_cooldown;
  scheduler.submit(1, ask(), now);
  EXPECT_EQ(act(scheduler, now).sent.size(), 1u);
}

// Requests by the day beside tokens by the minute, both in the same names as OpenAI's two by the minute.
TEST_F(SchedulerProviders, GroqCountsRequestsByTheDay) {
  dialect = "groq";
  auto scheduler = make();
  const auto first = scheduler.submit(1, ask(), now);
  ASSERT_EQ(act(scheduler, now).sent.size(), 1u);
  answer(scheduler, first, 200,
         "x-ratelimit-limit-requests: 1000\r\nx-ratelimit-remaining-requests: 3\r\nx-ratelimit-reset-requests: "
         "23h55m40s\r\nx-ratelimit-limit-tokens: 6000\r\nx-ratelimit-remaining-tokens: 5900\r\n"
         "x-ratelimit-reset-tokens: 1s\r\n");
  const auto limits = scheduler.snapshot(now).pools.at(0).limits;
  ASSERT_EQ(limits.size(), 2u);
  EXPECT_EQ(limits[0].window, Duration(24h));
  EXPECT_EQ(limits[1].window, Duration(60s));
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) scheduler.submit(1, ask(), now);
  for (int i = 0; i < 40; ++i, now += 100ms) {
    for (const auto id : act(scheduler, now).sent) {
      ++sent;
      answer(scheduler, id, 200, "");
    }
  }
  EXPECT_EQ(sent, 3u) << "of the day's three";
  EXPECT_EQ(scheduler.snapshot(now).queue.at(0).why.window, Duration(24h));
}

TEST_F(SchedulerProviders, GroqsTokensAreByTheMinute) {
  dialect = "groq";
  auto scheduler = make();
  const auto first = scheduler.submit(1, ask(), now);
  ASSERT_EQ(act(scheduler, now).sent.size(), 1u);
  answer(scheduler, first, 200,
         "x-ratelimit-limit-tokens: 6000\r\nx-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1m0s\r\n");
  const auto second = scheduler.submit(1, ask(1000), now);
  EXPECT_TRUE(act(scheduler, now).sent.empty());
  const auto why = scheduler.snapshot(now).queue.at(0).why;
  EXPECT_EQ(why.dimension, Dimension::tokens);
  EXPECT_EQ(why.window, Duration(60s));
  EXPECT_EQ(act(scheduler, now + 30s).sent, std::vector<RequestId>{second}) << "a bucket: not when it is full";
}
}  // namespace
}  // namespace hivemind
