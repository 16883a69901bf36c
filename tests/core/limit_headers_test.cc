#include "core/limit_headers.h"

#include "dialect_fixture.h"

namespace hivemind {
namespace {

// "dimension limit/remaining resets in N s, window N s, bucket" of each.
std::vector<std::string> limits(const char* dialect, const std::string& fields) {
  std::vector<std::string> out;
  const auto head = response_head(200, fields);
  for (const auto& report : dialect_by_name(dialect)->read_limits(head.head)) {
    const auto number = [](auto value) { return value ? std::to_string(*value) : std::string("?"); };
    const auto seconds = [](Duration d) {
      return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count());
    };
    out.push_back(std::string(to_string(report.dimension)) + " " + number(report.limit) + "/" +
                  number(report.remaining) + " " + (report.reset_after ? seconds(*report.reset_after) : "?") + "s of " +
                  seconds(report.window) + "s " + (report.bucket ? "bucket " : "window ") +
                  std::to_string(report.granularity));
  }
  return out;
}
using Lines = std::vector<std::string>;

TEST(LimitHeaders, Anthropic) {
  const std::string separate =
      "date: Fri, 20 Nov 2026 10:03:07 GMT\r\n"
      "anthropic-ratelimit-requests-limit: 1000\r\nanthropic-ratelimit-requests-remaining: 999\r\n"
      "anthropic-ratelimit-requests-reset: 2026-11-20T10:03:08Z\r\n"
      "Anthropic-RateLimit-Input-Tokens-Limit: 80000\r\nanthropic-ratelimit-input-tokens-remaining: 79000\r\n"
      "anthropic-ratelimit-input-tokens-reset: 2026-11-20T10:03:07Z\r\n"
      "anthropic-ratelimit-output-tokens-limit: 16000\r\nanthropic-ratelimit-output-tokens-remaining: 16000\r\n"
      "anthropic-ratelimit-output-tokens-reset: 2026-11-20T10:03:02Z\r\n";
  const Lines want{"requests 1000/999 1s of 60s bucket 1", "input tokens 80000/79000 0s of 60s bucket 1000",
                   "output tokens 16000/16000 0s of 60s bucket 1000"};
  EXPECT_EQ(limits("anthropic", separate), want);
  EXPECT_EQ(limits("anthropic", separate + "anthropic-ratelimit-tokens-limit: 80000\r\n"), want);
  auto sum = want;
  sum.push_back("tokens 96000/95000 ?s of 60s bucket 1000");
  EXPECT_EQ(limits("anthropic", separate + "anthropic-ratelimit-tokens-limit: 96000\r\n"
                                           "anthropic-ratelimit-tokens-remaining: 95000\r\n"),
            sum);
  EXPECT_EQ(limits("anthropic", "anthropic-fast-input-tokens-limit: 5\r\nanthropic-fast-input-tokens-remaining: 4\r\n"),
            Lines{"input tokens 5/4 ?s of 60s bucket 1000"});
}

TEST(LimitHeaders, OpenAiAndItsLike) {
  const std::string fields =
      "x-ratelimit-limit-requests: 14400\r\nx-ratelimit-remaining-requests: 14370\r\nx-ratelimit-reset-requests: "
      "2m59.56s\r\n"
      "x-ratelimit-limit-tokens: 18000\r\nx-ratelimit-remaining-tokens: 17997\r\nx-ratelimit-reset-tokens: 7.66s\r\n";
  EXPECT_EQ(limits("openai", fields),
            (Lines{"requests 14400/14370 179s of 60s bucket 1", "tokens 18000/17997 7s of 60s bucket 1"}));
  EXPECT_EQ(limits("groq", fields),
            (Lines{"requests 14400/14370 179s of 86400s bucket 1", "tokens 18000/17997 7s of 60s bucket 1"}));
  EXPECT_EQ(
      limits("azure",
             "x-ratelimit-limit-tokens: 1000\r\nx-ratelimit-remaining-tokens: 10\r\nx-ratelimit-reset-tokens: 9\r\n"),
      Lines{"tokens 1000/10 9s of 60s window 1"});
  EXPECT_EQ(limits("azure", "x-ratelimit-limit-tokens: -1\r\nx-ratelimit-remaining-tokens: -1\r\n"), Lines{});
  EXPECT_EQ(limits("openai",
                   fields + "x-ratelimit-limit-project-tokens: 900\r\nx-ratelimit-remaining-project-tokens: 5\r\n")[1],
            "tokens 900/5 ?s of 60s bucket 1");
}

TEST(LimitHeaders, OtherFamilies) {
  EXPECT_EQ(limits("mistral",
                   "x-ratelimit-limit-req-minute: 60\r\nx-ratelimit-remaining-req-minute: 59\r\n"
                   "x-ratelimit-limit-tokens-minute: 500000\r\nx-ratelimit-remaining-tokens-minute: 499000\r\n"),
            (Lines{"requests 60/59 ?s of 60s bucket 1", "tokens 500000/499000 ?s of 60s bucket 1"}));
  EXPECT_EQ(limits("cerebras",
                   "x-ratelimit-limit-requests-day: 1000\r\nx-ratelimit-remaining-requests-day: 7\r\n"
                   "x-ratelimit-reset-requests-day: 33011.382867097855\r\n"),
            Lines{"requests 1000/7 33011s of 86400s bucket 1"});
  EXPECT_EQ(limits("openrouter",
                   "date: Fri, 20 Nov 2026 10:03:07 GMT\r\nx-ratelimit-limit: 20\r\n"
                   "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1795169000000\r\n"),
            Lines{"requests 20/0 13s of 60s window 1"});
  EXPECT_EQ(limits("generic", "ratelimit-limit: 100\r\nratelimit-remaining: 1\r\nratelimit-reset: 3600\r\n"),
            Lines{"requests 100/1 3600s of 3600s window 1"});
  EXPECT_EQ(limits("openai", "x-ratelimit-limit-requests: many\r\nx-ratelimit-remaining-requests: 1e99\r\n"), Lines{});
  EXPECT_EQ(limits("ollama", ""), Lines{});
}

TEST(LimitHeaders, OrganisationsAreNamed) {
  const auto head = response_head(200, "anthropic-organization-id: org-a\r\nopenai-organization: org-o\r\n");
  EXPECT_EQ(dialect_by_name("anthropic")->organisation(head.head), "org-a");
  EXPECT_EQ(dialect_by_name("openai")->organisation(head.head), "org-o");
  EXPECT_EQ(dialect_by_name("generic")->organisation(head.head), "");
}

}  // namespace
}  // namespace hivemind
