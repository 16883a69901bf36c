#include "core/prompt_caches.h"

#include <algorithm>

#include "core/seconds.h"

namespace hivemind {
namespace {
constexpr std::int64_t least_read = 1024;  // tokens; less may be anything
}

PromptCaches::Held PromptCaches::held(const PromptPrefixes& prefixes, TimePoint now) const {
  for (auto prefix = prefixes.rbegin(); prefix != prefixes.rend(); ++prefix) {
    const auto found = entries_.find(prefix->hash);
    if (found != entries_.end() && found->second.until > now) return {prefix->tokens, found->second.until};
  }
  return {};
}

std::optional<PromptCaches::Writing> PromptCaches::being_written(const PromptPrefixes& prefixes, TimePoint now) const {
  for (auto prefix = prefixes.rbegin(); prefix != prefixes.rend(); ++prefix) {
    const auto found = entries_.find(prefix->hash);
    if (found == entries_.end()) continue;
    const Entry& entry = found->second;
    if (entry.until > now) return std::nullopt;
    if (entry.writer == 0) continue;
    return Writing{prefix->hash, entry.writer, entry.since, prefix->tokens - held(prefixes, now).tokens};
  }
  return std::nullopt;
}

bool PromptCaches::sent(Request request, const PromptPrefixes& prefixes, TimePoint now) {
  bool writes = false;
  for (const auto& prefix : prefixes) {
    if (prefix.kept <= Duration{}) continue;
    Entry& entry = entries_[prefix.hash];
    if (entry.until > now || entry.writer != 0) continue;
    entry.writer = request;
    entry.since = now;
    writes = true;
  }
  return writes;
}

std::vector<PromptCaches::Request> PromptCaches::begun(const PromptPrefixes& prefixes, TimePoint sent, double scale) {
  std::vector<Request> followers;
  for (const auto& prefix : prefixes) {
    if (prefix.kept <= Duration{}) continue;
    Entry& entry = entries_[prefix.hash];
    hold(prefix.hash, entry, sent + scaled(prefix.kept, scale));
    release(entry, followers);  // also of another's, who is late
  }
  while (ends_.size() > most) {
    const auto prefix = ends_.begin()->second;
    ends_.erase(ends_.begin());
    entries_.at(prefix).until = {};
    forget_if_idle(prefix);
  }
  return followers;
}

std::vector<PromptCaches::Request> PromptCaches::over(Request request, const PromptPrefixes& prefixes) {
  std::vector<Request> followers;
  for (const auto& prefix : prefixes) {
    const auto found = entries_.find(prefix.hash);
    if (found == entries_.end()) continue;
    if (found->second.writer == request) release(found->second, followers);
    forget_if_idle(prefix.hash);
  }
  return followers;
}

// A later use never shortens what is held.
void PromptCaches::hold(std::uint64_t prefix, Entry& entry, TimePoint until) {
  if (until <= entry.until) return;
  if (entry.until != TimePoint{}) ends_.erase({entry.until, prefix});
  entry.until = until;
  ends_.emplace(until, prefix);
}

void PromptCaches::release(Entry& entry, std::vector<Request>& into) {
  entry.writer = 0;
  followers_ -= entry.followers.size();
  into.insert(into.end(), entry.followers.begin(), entry.followers.end());
  entry.followers.clear();
}

void PromptCaches::forget_if_idle(std::uint64_t prefix) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end() || found->second.writer != 0 || found->second.until != TimePoint{}) return;
  entries_.erase(found);
}

void PromptCaches::follow(std::uint64_t prefix, Request follower) {
  if (entries_[prefix].followers.insert(follower).second) ++followers_;
}

void PromptCaches::unfollow(std::uint64_t prefix, Request follower) {
  const auto found = entries_.find(prefix);
  if (found != entries_.end()) followers_ -= found->second.followers.erase(follower);
}

std::vector<PromptCaches::Request> PromptCaches::followers() const {
  std::vector<Request> all;
  for (const auto& [prefix, entry] : entries_) all.insert(all.end(), entry.followers.begin(), entry.followers.end());
  std::sort(all.begin(), all.end());
  return all;
}

void PromptCaches::told(std::int64_t expected, std::int64_t read) {
  if (read >= least_read)
    misses_ = 0;
  else if (expected >= least_read)
    ++misses_;
}

// Two pools are one: what either's provider holds, it holds. Writers and followers are the caller's to move.
void PromptCaches::merge(const PromptCaches& other) {
  for (const auto& [until, prefix] : other.ends_) hold(prefix, entries_[prefix], until);
  misses_ = std::min(misses_, other.misses_);
}
}  // namespace hivemind
