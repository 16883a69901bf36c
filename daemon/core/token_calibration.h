// token_calibration.h - how many tokens the provider counts for each one that we estimate from a body's bytes, learned
// per model and client: their tokenizers and their bodies differ, one client's bodies hardly do.
// Invariants: ratio() is a quantile of the newest `memory` samples, 1 while there are none; bound() never exceeds the
// sound bound, and never falls below the worst sample ever seen.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/signals.h"

namespace hivemind {

class TokenCalibration {
public:
  static constexpr std::size_t memory = 32, enough = 8;

  // `estimated` was RequestProfile::input_tokens, `counted` the whole prompt, cached or not.
  void add(double estimated, double counted);
  double ratio(double quantile) const;
  // How far the samples lie apart: the ninth decile by the first. 1: not at all.
  double spread() const { return ratio(0.9) / ratio(0.1); }
  bool known() const { return count_ >= enough; }
  // At most so many input tokens: the sound bound until enough is known, then half as much again as the worst seen.
  std::int64_t bound(std::int64_t estimated, std::int64_t sound) const;

private:
  std::array<float, memory> ratios_{};
  std::size_t count_ = 0, next_ = 0;
  double worst_ = 0;
};

class TokenCalibrations {
public:
  // Of the request's model and client; a request nobody like it came before gets the empty one.
  const TokenCalibration& of(const RequestProfile& profile) const;
  void learn(const RequestProfile& profile, const Usage& usage);

private:
  static std::string key(const RequestProfile& profile);
  std::unordered_map<std::string, TokenCalibration> known_;
};
}  // namespace hivemind
