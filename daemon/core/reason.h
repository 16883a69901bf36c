// reason.h - why the scheduler decided as it did, as data: which gate, which limit, how much of it, how long, and what
// would free it. Everything that people read of a decision is made from this.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/signals.h"

namespace hivemind {

enum class ReasonKind {
  next,          // nothing stands in its way
  cooldown,      // the provider said not before `in`
  overload,      // breaker
  fault,         // breaker
  quota,         // the account has none left: one at a time
  concurrency,   // `need`: under way, `limit`: allowed
  limit,         // `dimension` per `window`: `available` of `limit` left, `need` needed
  window,        // `window`, a long one, is used up
  pace,          // of `window` only `available` of 1 is left: it is spread
  acceleration,  // traffic grows no faster: `available` of `limit` tokens left of this minute
  hold,          // slots are held for agents between turns
  leader,        // `request` writes `need` tokens of its prompt into the provider's cache
  cache_ends,    // it went before its turn: `need` tokens of its prompt are forgotten then
  backoff,       // after `failure`
  budget,        // `available` of `limit` tokens left, `need` needed at most
  deadline,      // it waited as long as it may
  draining,
  closed,  // its run has ended
  queue_full,
  too_large,  // for a limit or bucket
  failed,     // `failure`, and no other attempt
  left,       // its client
  done,
};
const char* to_string(ReasonKind kind);

struct Reason {
  ReasonKind kind = ReasonKind::next;
  Dimension dimension = Dimension::requests;
  bool learning = false;  // concurrency: fewer than the window, until the limits are known
  double limit = 0, available = 0, need = 0;
  Duration window{};
  std::optional<Duration> in{};  // opens by itself after this long
  int status = 0;                // of the failure; 0: no response
  FailureClass failure = FailureClass::fault;
  std::uint64_t request = 0;  // leader
  std::size_t ahead = 0;      // requests of its pool that go before it
};
// "requests per minute: 0 of 50 left, 1 needed, in 1.2 s", ...
std::string in_words(const Reason& reason);
// "time", "an answer", "a refund", ...: what would let it go.
const char* freed_by(const Reason& reason);
std::string in_words(Duration d);
std::string window_name(Duration window);  // "5-hour", "7-day", ...
std::string per_window(Duration window);   // " per minute", ...
}  // namespace hivemind
