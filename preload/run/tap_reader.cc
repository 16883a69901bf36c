#include "preload/run/tap_reader.h"

#include <algorithm>
#include <atomic>

namespace hivemind::run {
namespace {
constexpr std::uint64_t patience_ns = 2'000'000'000;
std::atomic_ref<std::uint64_t> shared(std::uint64_t& word) { return std::atomic_ref<std::uint64_t>(word); }
}  // namespace

bool TapReader::next(hm_tap_cell& record, std::uint64_t now_ns) {
  for (; position_ != shared(ring_.tail).load(std::memory_order_acquire); ++position_, waiting_since_ns_ = 0) {
    hm_tap_cell& cell = ring_.cells[position_ % HM_TAP_CELLS];
    const std::uint64_t being_written = 2 * (position_ / HM_TAP_CELLS);
    auto state = shared(cell.state).load(std::memory_order_acquire);
    if (state == being_written + 1) {
      record = cell;
      shared(cell.state).store(being_written + 2, std::memory_order_release);
      record.address_size = std::min<std::uint16_t>(record.address_size, sizeof record.address);
      record.payload_size = std::min<std::uint16_t>(record.payload_size, sizeof record.payload);
      record.lost += retired_;
      ++position_;
      waiting_since_ns_ = 0;
      return true;
    }
    if (state == being_written) {
      if (waiting_since_ns_ == 0) waiting_since_ns_ = now_ns;
      if (now_ns - waiting_since_ns_ < patience_ns) return false;
      if (!shared(cell.state).compare_exchange_strong(state, HM_TAP_RETIRED)) {
        --position_;  // published just now
        continue;
      }
    }
    ++retired_;
  }
  return false;
}

std::uint64_t TapReader::lost() const { return shared(ring_.lost).load(std::memory_order_acquire) + retired_; }
}  // namespace hivemind::run
