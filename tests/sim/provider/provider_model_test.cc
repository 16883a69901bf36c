#include "sim/provider/provider_model.h"

#include <gtest/gtest.h>

namespace hivemind::provider {
namespace {
const TimePoint start{};

ModelRequest request(std::int64_t tokens = 10, const char* account = "a", const char* model = "claude-sonnet-4-5") {
  return {.account = account, .model = model, .prompt = {{1, tokens, false}}, .max_tokens = {}};
}

TEST(ProviderModel, RefusesBeyondTheLimitAndSaysWhen) {
  ProviderModel model({.limits = {{.amount = 2}}});
  Rng rng(1);
  EXPECT_TRUE(model.begin(request(), start, rng).admitted);
  EXPECT_TRUE(model.begin(request(), start, rng).admitted);
  const auto refused = model.begin(request(), start, rng);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.fault.status, 429);
  ASSERT_TRUE(refused.rejection);
  EXPECT_EQ(refused.rejection->retry_after, 30s);
  EXPECT_TRUE(model.begin(request(), start + 30s, rng).admitted);
}

TEST(ProviderModel, LimitsAreOfAnAccountAndAModelClass) {
  ProviderModel model({.limits = {{.amount = 1}}});
  Rng rng(1);
  EXPECT_TRUE(model.begin(request(1, "a"), start, rng).admitted);
  EXPECT_TRUE(model.begin(request(1, "b"), start, rng).admitted);
  EXPECT_TRUE(model.begin(request(1, "a", "claude-haiku-4-5"), start, rng).admitted);
  EXPECT_FALSE(model.begin(request(1, "a", "claude-sonnet-4-20250514"), start, rng).admitted);
}

TEST(ProviderModel, ARefusalByOneLimitTakesNothingFromAnother) {
  ProviderModel model({.limits = {{.amount = 60}, {.dimension = Dimension::input_tokens, .amount = 100}}});
  Rng rng(1);
  EXPECT_TRUE(model.begin(request(80), start, rng).admitted);
  EXPECT_FALSE(model.begin(request(80), start, rng).admitted);
  EXPECT_EQ(model.limits("a", "claude-sonnet-4-5", start)[0].remaining, 59);
}

TEST(ProviderModel, OutputIsChargedAsItIsProduced) {
  ProviderModel model({.limits = {{.dimension = Dimension::output_tokens, .amount = 100}}});
  Rng rng(1);
  EXPECT_TRUE(model.begin(request(), start, rng).admitted);
  model.produced(request(), 150, start);
  const auto refused = model.begin(request(), start, rng);
  ASSERT_TRUE(refused.rejection);
  EXPECT_EQ(refused.rejection->limit.dimension, Dimension::output_tokens);
}

TEST(ProviderModel, MaxTokensIsChargedOnArrivalWhereAProviderDoesSo) {
  ProviderModel model({.limits = {{.dimension = Dimension::tokens, .amount = 1000, .charge_max = true}}});
  Rng rng(1);
  auto asked = request(100);
  asked.max_tokens = 600;
  EXPECT_TRUE(model.begin(asked, start, rng).admitted);
  EXPECT_FALSE(model.begin(asked, start, rng).admitted);
  asked.max_tokens = 2000;
  EXPECT_EQ(model.begin(asked, start, rng).rejection->retry_after, std::nullopt);
}

TEST(ProviderModel, ConcurrencyBeyondTheCapIsOverload) {
  ProviderModel model({.limits = {}, .concurrency_cap = 1});
  Rng rng(1);
  EXPECT_TRUE(model.begin(request(), start, rng).admitted);
  const auto refused = model.begin(request(), start, rng);
  EXPECT_TRUE(refused.over_capacity);
  EXPECT_EQ(refused.fault.status, 529);
  model.end(request());
  EXPECT_TRUE(model.begin(request(), start, rng).admitted);
}

TEST(ProviderModel, FaultsByRateComeAboutSoOften) {
  ModelConfig config;
  config.faults = {{parse_fault("502"), 0.08}, {parse_fault("reset"), 0.05}};
  ProviderModel model(config);
  Rng rng(7);
  int gateway = 0, reset = 0;
  for (int i = 0; i < 10000; ++i) {
    const auto verdict = model.begin(request(), start, rng);
    if (verdict.fault.status == 502) ++gateway;
    if (verdict.fault.kind == FaultKind::reset) ++reset;
    model.end(request());
  }
  EXPECT_NEAR(reset, 500, 80);
  EXPECT_NEAR(gateway, 760, 100);  // of those that were not reset
}

TEST(ProviderModel, ScriptGoesBeforeRatesAndLimits) {
  ModelConfig config{.limits = {{.amount = 1}}};
  config.faults = {{parse_fault("502"), 1}};
  ProviderModel model(config);
  model.set_script(parse_script("529,ok,ok"));
  Rng rng(1);
  EXPECT_EQ(model.begin(request(), start, rng).fault.status, 529);
  EXPECT_EQ(model.begin(request(), start, rng).fault.kind, FaultKind::none);
  EXPECT_TRUE(model.begin(request(), start, rng).rejection);  // limits hold for a scripted ok too
  EXPECT_EQ(model.begin(request(), start, rng).fault.status, 502);
}

TEST(ProviderModel, FaultsBeforeAnAnswerCostNoLimit) {
  ProviderModel model({.limits = {{.amount = 5}}});
  model.set_script(parse_script("reset,502,reset-mid-stream"));
  Rng rng(1);
  for (const int remaining : {5, 5, 4}) {
    EXPECT_TRUE(model.begin(request(), start, rng).admitted);
    EXPECT_EQ(model.limits("a", "claude-sonnet-4-5", start)[0].remaining, remaining);
  }
}

TEST(ProviderModel, MaxTokensCutsTheAnswer) {
  ProviderModel model({.limits = {}, .output_mean = 150, .output_deviation = 50});
  Rng rng(3);
  auto asked = request();
  asked.max_tokens = 10;
  const auto verdict = model.begin(asked, start, rng);
  EXPECT_EQ(verdict.output_tokens, 10);
  EXPECT_TRUE(verdict.cut_by_max_tokens);
}

TEST(ProviderModel, TheSameSeedGivesTheSameRun) {
  ModelConfig config;
  config.latency = 120ms;
  config.jitter = 60ms;
  config.spike_rate = 0.2;
  config.spike_factor = 5;
  config.output_mean = 150;
  config.output_deviation = 50;
  config.faults = {{parse_fault("reset"), 0.3}};
  ProviderModel one(config), other(config);
  Rng rng(5), same(5);
  for (int i = 0; i < 100; ++i) {
    const auto a = one.begin(request(), start, rng), b = other.begin(request(), start, same);
    EXPECT_EQ(a.latency, b.latency);
    EXPECT_EQ(a.output_tokens, b.output_tokens);
    EXPECT_EQ(a.fault, b.fault);
    EXPECT_GE(a.latency, 60ms);
    EXPECT_LE(a.latency, 900ms);
  }
}

TEST(ModelClass, IgnoresDateMinorVersionAndContext) {
  const struct {
    const char *model, *want;
  } cases[] = {
      {"claude-sonnet-4-5", "claude-sonnet-4"},
      {"claude-sonnet-4-5-20250929", "claude-sonnet-4"},
      {"claude-sonnet-4-20250514", "claude-sonnet-4"},
      {"claude-opus-4-1[1m]", "claude-opus-4"},
      {"gpt-5-mini", "gpt-5-mini"},
      {"gpt-4o-20240513", "gpt-4o"},
      {"llama3", "llama3"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(model_class(c.model), c.want) << c.model;
}
}  // namespace
}  // namespace hivemind::provider
