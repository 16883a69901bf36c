#include "sim/provider/model_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hivemind::provider {
namespace {

TEST(ModelText, ALimitSurvivesBeingWritten) {
  for (const char* text :
       {"requests=60,window,count-rejected", "tokens=200000,bucket,charge-max",
        "input-tokens=80000,bucket,per=1000ms,model=claude-opus", "requests=50,bucket,quantum=1000ms"})
    EXPECT_EQ(limit_text(parse_limit(text)), text);
}

TEST(ModelText, WhatIsNoLimitIsRefused) {
  for (const char* text : {"", "requests", "requests=", "requests=0", "requests=-5", "calls=5", "requests=5,often",
                           "requests=5,per=0s", "requests=5,per=soon", "requests=99999999999999999999"})
    EXPECT_THROW(parse_limit(text), std::invalid_argument) << text;
}

TEST(ModelText, LatencySpikesLengthsAndFaults) {
  ModelConfig model;
  parse_latency("120ms+-60ms", model);
  parse_spikes("0.2x5", model);
  parse_output_tokens("150:50", model);
  EXPECT_EQ(model.latency, 120ms);
  EXPECT_EQ(model.jitter, 60ms);
  EXPECT_EQ(model.spike_rate, 0.2);
  EXPECT_EQ(model.spike_factor, 5);
  EXPECT_EQ(model.output_mean, 150);
  EXPECT_EQ(model.output_deviation, 50);
  const auto fault = parse_fault_rate("502=0.08");
  EXPECT_EQ(fault.fault.status, 502);
  EXPECT_EQ(fault.rate, 0.08);
  EXPECT_THROW(parse_spikes("0.2", model), std::invalid_argument);
  EXPECT_THROW(parse_fault_rate("502=often"), std::invalid_argument);
  EXPECT_THROW(parse_latency("120+-", model), std::invalid_argument);
  EXPECT_THROW(parse_real("nan", "a rate"), std::invalid_argument);
}
}  // namespace
}  // namespace hivemind::provider
