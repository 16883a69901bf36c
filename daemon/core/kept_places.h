// kept_places.h - where the requests stood whose clients left or were turned away: a client that asks the same again
// goes on waiting where it was.
// Invariants: at most `most` places, none older than `memory`; a place is given out once.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/run_queue.h"
#include "core/time.h"

namespace hivemind {

struct KeptPlace {
  std::int64_t rank = 0;
  TimePoint since{};  // when its waiting began
  RunQueue::Place stood{};
};

class KeptPlaces {
public:
  static constexpr std::size_t most = 32;
  static constexpr Duration memory = 5min;  // longer than any client's back-off

  // `body`: hash of the request's bytes.
  void keep(std::uint64_t body, const KeptPlace& place, TimePoint now) {
    if (body == 0) return;
    if (places_.size() == most) places_.erase(places_.begin());
    places_.push_back({body, place, now});
  }
  std::optional<KeptPlace> take(std::uint64_t body, TimePoint now) {
    if (body == 0) return std::nullopt;
    const auto fresh =
        std::find_if(places_.begin(), places_.end(), [now](const Kept& kept) { return now - kept.left <= memory; });
    places_.erase(places_.begin(), fresh);
    for (auto at = places_.begin(); at != places_.end(); ++at) {
      if (at->body != body) continue;
      const KeptPlace place = at->place;
      places_.erase(at);
      return place;
    }
    return std::nullopt;
  }

private:
  struct Kept {
    std::uint64_t body;
    KeptPlace place;
    TimePoint left;
  };
  std::vector<Kept> places_;  // oldest first; few, and most agents have none
};
}  // namespace hivemind
