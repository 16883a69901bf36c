// The decision table, on bodies and heads in the shapes providers send.
#include "core/failure_signals.h"

#include "dialect_fixture.h"

namespace hivemind {
namespace {

using F = FailureClass;

TEST(Failures, AreClassifiedByTheDecisionTable) {
  const struct {
    const char* name;
    int status;
    std::string fields, body;
    F want;
    std::optional<Duration> delay;
  } cases[] = {
      {"anthropic bucket", 429, "retry-after: 12\r\n",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed"},"request_id":"r"})",
       F::rate_limited, 12s},
      {"anthropic acceleration", 429, "retry-after: 5\r\n",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"Number of requests exceeded your acceleration limit"}})",
       F::ramp, 5s},
      {"anthropic spend cap",
       429,
       "",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}})",
       F::permanent_quota,
       {}},
      {"anthropic usage limit of one's own",
       400,
       "",
       R"({"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You"}})",
       F::permanent_quota,
       {}},
      {"anthropic subscription", 429,
       "retry-after: 51811\r\nx-should-retry: true\r\nanthropic-ratelimit-unified-status: rejected\r\n"
       "anthropic-ratelimit-unified-reset: 1795220798\r\n",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"x"}})", F::long_window, 51811s},
      {"anthropic subscription, reset only", 429,
       "anthropic-ratelimit-unified-status: rejected\r\nanthropic-ratelimit-unified-reset: 1795169087\r\n", "",
       F::long_window, 100s},
      {"529",
       529,
       "",
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
       F::overload,
       {}},
      {"500 overloaded", 500, "", R"({"type":"error","error":{"type":"overloaded_error"}})", F::overload, {}},
      {"api_error", 500, "", R"({"type":"error","error":{"type":"api_error"}})", F::fault, {}},
      {"billing", 402, "", R"({"type":"error","error":{"type":"billing_error"}})", F::permanent_quota, {}},
      {"cloudflare", 502, "Content-Type: text/html\r\n", "<html><title>502 Bad Gateway</title>", F::fault, {}},
      {"cloudflare 522", 522, "", "", F::fault, {}},
      {"openai tokens", 429, "retry-after-ms: 5289\r\nretry-after: 6\r\n",
       R"({"error":{"message":"Rate limit reached for gpt on tokens per min (TPM): Limit 30000, Used 29000, Requested 4351. Please try again in 5.3s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
       F::rate_limited, 5289ms},
      {"openai message only", 429, "",
       R"({"error":{"message":"... Please try again in 5.289s. Visit","type":"tokens","code":"rate_limit_exceeded"}})",
       F::rate_limited, 5289ms},
      {"openai never", 429, "",
       R"({"error":{"message":"Request too large on tokens per min (TPM): Limit 7000, Used 6148, Requested 7895. Please try again in 1m0.36s.","type":"tokens","code":"rate_limit_exceeded"}})",
       F::permanent_quota, 60360ms},
      {"openai quota",
       429,
       "",
       R"({"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}})",
       F::permanent_quota,
       {}},
      {"openai ramp", 429, "", R"({"error":{"message":"x","type":"requests","code":"slow_down"}})", F::ramp, {}},
      {"openai ramp of old", 503, "", R"({"error":{"message":"x","code":"slow_down"}})", F::ramp, {}},
      {"openai overload", 503, "retry-after: 3\r\n", R"({"error":{"code":"server_is_overloaded"}})", F::overload, 3s},
      {"openai server error", 500, "", R"({"error":{"type":"server_error"}})", F::fault, {}},
      {"codex window", 429, "",
       R"({"error":{"type":"usage_limit_reached","message":"x","plan_type":"plus","resets_at":1795169987,"resets_in_seconds":1000}})",
       F::long_window, 1000s},
      {"codex window, time only", 429, "", R"({"error":{"type":"usage_limit_reached","resets_at":1795169087}})",
       F::long_window, 100s},
      {"codex not included",
       429,
       "",
       R"({"error":{"type":"usage_not_included","message":"x"}})",
       F::permanent_quota,
       {}},
      {"gemini minute", 429, "",
       R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"@type":"q","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},{"@type":"r","retryDelay":"34.5s"}]}})",
       F::rate_limited, 34500ms},
      {"gemini day", 429, "",
       R"([{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel","quotaValue":"50"}]},{"retryDelay":"40s"}]}}])",
       F::long_window, 75413s},
      {"gemini not on this tier",
       429,
       "",
       R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"violations":[{"quotaId":"PerMinute","quotaValue":"0"}]}]}})",
       F::permanent_quota,
       {}},
      {"gemini metadata", 429, "",
       R"({"error":{"code":429,"message":"x","details":[{"reason":"RATE_LIMIT_EXCEEDED","metadata":{"quotaResetDelay":"579.5ms"}}]}})",
       F::rate_limited, 579500us},
      {"gemini overload", 503, "", R"({"error":{"code":503,"status":"UNAVAILABLE"}})", F::overload, {}},
      {"azure", 429, "retry-after: 9\r\n", R"({"error":{"code":"429","message":"Please retry after 9 seconds."}})",
       F::rate_limited, 9s},
      {"mistral",
       429,
       "",
       R"({"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"})",
       F::rate_limited,
       {}},
      {"groq capacity", 498, "", R"({"error":{"code":"capacity_exceeded"}})", F::overload, {}},
      {"openrouter credits",
       402,
       "",
       R"({"error":{"code":402,"message":"Insufficient credits"}})",
       F::permanent_quota,
       {}},
      {"llama.cpp loading",
       503,
       "",
       R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
       F::overload,
       {}},
      {"nothing said", 429, "", "", F::rate_limited, {}},
      {"told off", 429, "x-should-retry: false\r\n", "", F::permanent_quota, {}},
      {"date", 429, "date: Fri, 20 Nov 2026 11:00:00 GMT\r\nretry-after: Fri, 20 Nov 2026 11:00:30 GMT\r\n", "",
       F::rate_limited, 30s},
      {"compressed", 429, "content-encoding: gzip\r\nretry-after: 4\r\n", "\x1f\x8b\x08", F::rate_limited, 4s},
      {"bad json", 503, "", "{\"error\":", F::overload, {}},
      {"bad retry-after", 429, "retry-after: -5\r\n", "", F::rate_limited, {}},
      {"auth", 401, "", R"({"type":"error","error":{"type":"authentication_error"}})", F::client_error, {}},
      {"too large", 413, "", R"({"error":{"type":"request_too_large"}})", F::client_error, {}},
      {"context", 400, "", R"({"error":{"code":"context_length_exceeded"}})", F::client_error, {}},
      {"fastapi", 422, "", R"({"detail":"bad"})", F::client_error, {}},
      {"timeout", 408, "", "", F::retryable, {}},
      {"conflict", 409, "", "", F::retryable, {}},
      {"not implemented", 501, "", "", F::client_error, {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    for (const char* dialect : {"anthropic", "openai", "ollama", "generic"}) {
      const auto failure = read_whole(dialect, c.status, c.fields, c.body)->failure();
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->failure_class, c.want) << to_string(failure->failure_class);
      EXPECT_EQ(failure->status, c.status);
      EXPECT_EQ(failure->retry_after, c.delay);
    }
  }
}

TEST(Failures, NameOnlyPlainNames) {
  const auto failure =
      read_whole("openai", 401, "",
                 R"({"error":{"type":"invalid_request_error","code":"Incorrect key sk-abc!","message":"sk-abc"}})")
          ->failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->detail, "401 invalid_request_error");
}

TEST(Failures, CarryTheLimitsOfTheirBodies) {
  const auto limits =
      read_whole("openai", 429, "",
                 R"({"error":{"message":"on requests per day (RPD): Limit 200, Used 200, Requested 1."}})")
          ->limits();
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].dimension, Dimension::requests);
  EXPECT_EQ(limits[0].limit, 200);
  EXPECT_EQ(limits[0].remaining, 0);
  EXPECT_EQ(limits[0].window, Duration(24h));
}

TEST(Failures, QuotasOfADayAreToldFromThoseOfAMinute) {
  const auto of = [](const std::string& id, const std::string& value) {
    return read_whole("generic", 429, "date: Fri, 20 Nov 2026 10:03:07 GMT\r\n",
                      R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"violations":[)"
                      R"({"quotaId":")" +
                          id + R"(","quotaValue":")" + value + R"("}]},{"retryDelay":"34s"}]}})")
        ->limits();
  };
  const auto minute = of("GenerateContentInputTokensPerModelPerMinute-FreeTier", "250000");
  ASSERT_EQ(minute.size(), 1u);
  EXPECT_EQ(minute[0].dimension, Dimension::input_tokens);
  EXPECT_EQ(minute[0].limit, 250000);
  EXPECT_EQ(minute[0].remaining, 0);
  EXPECT_EQ(minute[0].reset_after, Duration(34s));
  EXPECT_TRUE(minute[0].in_body);
  const auto day = of("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "50");
  ASSERT_EQ(day.size(), 1u);
  ASSERT_TRUE(day[0].use);
  EXPECT_TRUE(day[0].use->rejected);
  EXPECT_EQ(day[0].window, Duration(24h));
  EXPECT_EQ(day[0].reset_after, Duration(75413s)) << "midnight in California, whatever the delay says";
  EXPECT_TRUE(of("GenerateRequestsPerMinutePerProjectPerModel", "nan").empty());
  EXPECT_TRUE(of("SomethingElse", "7").empty()) << "over what time?";
}

TEST(Failures, ErrorBodiesAreBounded) {
  auto reader = reader_of("openai", 500, "");
  for (int i = 0; i < 100; ++i) reader->feed(std::string(64 * 1024, '<'));
  reader->finish();
  EXPECT_EQ(reader->failure()->failure_class, F::fault);
  EXPECT_FALSE(reader->content_begun());
}

}  // namespace
}  // namespace hivemind
