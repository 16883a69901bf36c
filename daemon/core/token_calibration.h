// token_calibration.h - how many tokens the provider counts for each one that we estimate from a body's bytes, learned
// per model and client: their tokenizers and their bodies differ, one client's bodies hardly do.
// Invariants: ratio() is a quantile of the newest samples, 1 while there are none; bound() never exceeds the
// sound bound, and never falls below the worst sample ever seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <unordered_map>

#include "core/newest_samples.h"
#include "core/signals.h"

namespace hivemind {

class TokenCalibration {
public:
  static constexpr std::size_t enough = 8;

  // `estimated` was RequestProfile::input_tokens, `counted` the whole prompt, cached or not.
  void add(double estimated, double counted);
  double ratio(double quantile) const { return ratios_.empty() ? 1 : ratios_.quantile(quantile); }
  // How far the samples lie apart: the ninth decile by the first. 1: not at all.
  double spread() const { return ratio(0.9) / ratio(0.1); }
  bool known() const { return ratios_.count() >= enough; }
  // At most so many input tokens: the sound bound until enough is known, then half as much again as the worst seen.
  std::int64_t bound(std::int64_t estimated, std::int64_t sound) const;

  // Writes or reads what outlives a restart.
  void fields(auto& io) {
    ratios_.fields(io), io(worst_);
    if (!(worst_ >= 0)) *this = TokenCalibration{};
  }

private:
  NewestSamples ratios_;
  double worst_ = 0;
};

class TokenCalibrations {
public:
  // Of the request's model and client; a request nobody like it came before gets the empty one.
  const TokenCalibration& of(const RequestProfile& profile) const;
  void learn(const RequestProfile& profile, const Usage& usage);

  void fields(auto& io) {
    auto count = static_cast<std::uint32_t>(known_.size());
    io(count);
    if constexpr (std::remove_reference_t<decltype(io)>::reading) {
      for (std::uint32_t i = 0; i < count && io.ok() && known_.size() < most_known; ++i) {
        std::string name;
        io(name);
        TokenCalibration calibration;
        calibration.fields(io);
        if (io.ok()) known_[std::move(name)] = calibration;
      }
    } else {
      for (auto& [name, calibration] : known_) io(name), calibration.fields(io);
    }
  }

private:
  static constexpr std::size_t most_known = 1024;  // clients name themselves and their models
  const std::string& key(const RequestProfile& profile) const;
  std::unordered_map<std::string, TokenCalibration> known_;
  mutable std::string key_;  // the one last looked for: its memory serves the next
};
}  // namespace hivemind
