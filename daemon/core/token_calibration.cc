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
  ratios_.add(ratio);
  worst_ = std::max(worst_, ratio);
}

std::int64_t TokenCalibration::bound(std::int64_t estimated, std::int64_t sound) const {
  if (!known()) return sound;
  const double learned = std::ceil(static_cast<double>(std::max<std::int64_t>(estimated, 1)) * worst_ * margin);
  return std::min(sound, static_cast<std::int64_t>(learned));
}

// The client's name without its version: "claude-cli/2.1.328" was "claude-cli/2.1.327" yesterday.
const std::string& TokenCalibrations::key(const RequestProfile& profile) const {
  const std::string_view client(profile.client);
  return key_.assign(client.substr(0, client.find('/'))).append(1, '\0').append(profile.model);
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
