#include "sim/provider/prompt_cache.h"

namespace hivemind::provider {
namespace {
std::uint64_t extend(std::uint64_t prefix, std::uint64_t segment) {
  return (prefix ^ segment) * 0x9E3779B97F4A7C15ull + (prefix >> 29);
}
}  // namespace

CacheUse PromptCache::look_up(const Prompt& prompt, std::int64_t step, TimePoint now) {
  CacheUse use;
  std::int64_t total = 0, cacheable = 0;
  std::uint64_t prefix = 0;
  for (const auto& segment : prompt) {
    prefix = extend(prefix, segment.hash);
    total += segment.tokens;
    if (!segment.breakpoint) continue;
    cacheable = total;
    if (const auto found = expiry_.find(prefix); found != expiry_.end() && found->second > now) {
      found->second = now + ttl_;
      use.read = total;
    }
  }
  if (step > 1) {
    use.read = use.read < 1024 ? 0 : use.read - use.read % step;
    use.input = total - use.read;
  } else {
    use.written = cacheable - use.read;
    use.input = total - cacheable;
  }
  return use;
}

void PromptCache::commit(const Prompt& prompt, TimePoint now) {
  if (expiry_.size() > 100000) std::erase_if(expiry_, [now](const auto& entry) { return entry.second <= now; });
  std::uint64_t prefix = 0;
  for (const auto& segment : prompt) {
    prefix = extend(prefix, segment.hash);
    if (segment.breakpoint) expiry_[prefix] = now + ttl_;
  }
}
}  // namespace hivemind::provider
