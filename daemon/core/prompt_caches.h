// prompt_caches.h - which beginnings of prompts the provider of one pool holds in its cache, as far as can be told from
// what was sent and answered, and who waits for one to be written. A provider can read a prefix again once the first
// answer to it has begun, and for a while after its last use (providers.md §1.7).
// Invariants: a prefix has at most one writer, which is under way; followers wait only for a prefix with a writer; at
// most `most` prefixes are remembered beside those being written; every change is O(log n).
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/prompt_prefix.h"

namespace hivemind {

class PromptCaches {
public:
  using Request = std::uint64_t;
  static constexpr std::size_t most = 16384;

  // The longest of `prefixes` that is held at `now`; zero tokens: none.
  struct Held {
    std::int64_t tokens = 0;
    TimePoint until{};
  };
  Held held(const PromptPrefixes& prefixes, TimePoint now) const;

  // The longest of `prefixes` that is being written, if it is longer than what is held.
  struct Writing {
    std::uint64_t prefix = 0;
    Request writer = 0;
    TimePoint since{};
    std::int64_t saves = 0;  // tokens that need not be written again once it is there
  };
  std::optional<Writing> being_written(const PromptPrefixes& prefixes, TimePoint now) const;

  // The request goes out; true: it writes something that others may wait for.
  bool sent(Request request, const PromptPrefixes& prefixes, TimePoint now);
  // An answer has begun; `sent`: when its request went out, from when on the provider may have counted. Gives all who
  // waited for that.
  std::vector<Request> begun(const PromptPrefixes& prefixes, TimePoint sent, double scale = 1);
  // It is over, whether or not it had begun. Gives the followers that it leaves behind.
  std::vector<Request> over(Request request, const PromptPrefixes& prefixes);

  void follow(std::uint64_t prefix, Request follower);
  void unfollow(std::uint64_t prefix, Request follower);
  std::vector<Request> followers() const;  // all of them, in the order of their ids
  std::size_t followed() const { return followers_; }

  // An answer told what was read, where `expected` was held as far as we knew. Two misses in a row: the provider keeps
  // no such things, until it is seen to.
  void told(std::int64_t expected, std::int64_t read);
  bool believed() const { return misses_ < 2; }

  std::size_t size() const { return ends_.size(); }
  void merge(const PromptCaches& other);

private:
  struct Entry {
    TimePoint until{};
    Request writer = 0;  // 0: none
    TimePoint since{};
    std::set<Request> followers;
  };
  void hold(std::uint64_t prefix, Entry& entry, TimePoint until);
  void release(Entry& entry, std::vector<Request>& into);
  void forget_if_idle(std::uint64_t prefix);

  std::unordered_map<std::uint64_t, Entry> entries_;
  std::set<std::pair<TimePoint, std::uint64_t>> ends_;  // of those that are or were held
  std::size_t followers_ = 0;
  int misses_ = 0;
};
}  // namespace hivemind
