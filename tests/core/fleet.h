// fleet.h - what scheduler tests share: short ways to write profiles and usage.
#pragma once
#include "core/scheduler.h"

namespace hivemind {

inline const TimePoint start{std::chrono::hours(1)};

inline RunSpec run_spec(RunId id, Priority priority = Priority::normal, double weight = 1) {
  RunSpec spec;
  spec.id = id;
  spec.name = "run" + std::to_string(id);
  spec.priority = priority;
  spec.weight = weight;
  return spec;
}
inline RequestProfile profile(std::string provider = "anthropic", std::int64_t input = 100,
                              std::int64_t max_tokens = 1000) {
  RequestProfile p;
  p.provider = std::move(provider);
  p.account = "a1";
  p.model = p.model_class = "m";
  p.input_tokens = input;
  p.input_bound = 2 * input;
  p.max_tokens = max_tokens;
  p.output_bound = max_tokens;
  return p;
}
inline Usage usage(std::int64_t input, std::int64_t output) {
  Usage u;
  u.input = input;
  u.output = output;
  u.known = true;
  return u;
}
}  // namespace hivemind
