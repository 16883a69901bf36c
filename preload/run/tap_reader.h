// tap_reader.h - takes records out of a tap ring, in the order in which they were written.
// Invariant: never waits, and never gives a cell twice. A cell whose writer stopped half way is given up after two
// seconds; that counts as lost.
#pragma once
#include <cstdint>

#include "hivemind/tap_ring.h"

namespace hivemind::run {
class TapReader {
public:
  explicit TapReader(hm_tap_ring& ring) : ring_(ring) {}
  // False: nothing to read now.
  bool next(hm_tap_cell& record, std::uint64_t now_ns);
  // Records that were written by nobody else to read: so far.
  std::uint64_t lost() const;

private:
  hm_tap_ring& ring_;
  std::uint64_t position_ = 0;
  std::uint64_t retired_ = 0;
  std::uint64_t waiting_since_ns_ = 0;  // for the cell at position_
};
}  // namespace hivemind::run
