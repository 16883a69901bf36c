#include "core/token_calibration.h"

#include <algorithm>
#include <cmath>

namespace hivemind {
namespace {
constexpr double margin = 1.5;  // of the bound, over the worst seen
}  // namespace

void TokenCalibration::add(double estimated, double counted) {
  if (!(estimated >= 1) || !(counted >= 1)) return;
  const double ratio = std::min(counted / estimated, 100.0);
  ratios_[next_] = static_cast<float>(ratio);
  next_ = (next_ + 1) % memory;
  count_ = std::min(count_ + 1, memory);
  worst_ = std::max(worst_, ratio);
}

double TokenCalibration::ratio(double quantile) const {
  if (count_ == 0) return 1;
  auto sorted = ratios_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(quantile * static_cast<double>(count_))) - 1;
  const auto at = sorted.begin() + std::clamp<std::ptrdiff_t>(rank, 0, static_cast<std::ptrdiff_t>(count_) - 1);
  std::nth_element(sorted.begin(), at, end);
  return *at;
}

std::int64_t TokenCalibration::bound(std::int64_t estimated, std::int64_t sound) const {
  if (!known()) return sound;
  const double learned = std::ceil(static_cast<double>(std::max<std::int64_t>(estimated, 1)) * worst_ * margin);
  return std::min(sound, static_cast<std::int64_t>(learned));
}

// The client's name without its version: "claude-cli/2.1.328" was "claude-cli/2.1.327" yesterday.
std::string TokenCalibrations::key(const RequestProfile& profile) {
  const std::string_view client(profile.client);
  return std::string(client.substr(0, client.find('/'))) + '\0' + profile.model;
}

const TokenCalibration& TokenCalibrations::of(const RequestProfile& profile) const {
  static const TokenCalibration none;
  const auto found = known_.find(key(profile));
  return found == known_.end() ? none : found->second;
}

void TokenCalibrations::learn(const RequestProfile& profile, const Usage& usage) {
  if (!usage.known) return;
  if (known_.size() >= most_known) known_.clear();
  known_[key(profile)].add(static_cast<double>(profile.input_tokens),
                           static_cast<double>(usage.input + usage.cache_read + usage.cache_write));
}
}  // namespace hivemind
