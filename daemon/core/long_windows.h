// long_windows.h - the long windows of one pool, told apart by their length and by whether they are this model's alone.
// Invariants: at most `most` of them; one that rejects keeps everything back but somebody who looks now and then; the
// tightest decides. What none tells of is not limited by any.
#pragma once
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "core/utilisation_window.h"

namespace hivemind {

class LongWindows {
public:
  struct Wait {
    TimePoint until;
    const UtilisationWindow* window = nullptr;
  };
  // `sent`: what the pool had spent when the answered request went out. `minute`: lengths are told in provider time.
  void observe(std::span<const LimitReport> reports, double sent, Duration minute, Duration longest, TimePoint now);
  // Refused, and only how long was told. False: no window is that long.
  bool reject(Duration wait, double sent, Duration minute, Duration longest, TimePoint now);
  void spend(double cost, double spent, double from, Duration longest, TimePoint now);

  std::optional<Wait> closed(TimePoint now) const;
  std::optional<Wait> paced(double spent, double from, TimePoint now) const;

  const std::vector<UtilisationWindow>& all() const { return windows_; }
  // `spent`: by both pools together.
  void merge(const LongWindows& other, double spent, TimePoint now);
  void fields(auto& io, TimePoint now);

private:
  static constexpr std::size_t most = 8;
  UtilisationWindow* find(Duration length, bool model_only, TimePoint now);
  std::vector<UtilisationWindow> windows_;
};

void LongWindows::fields(auto& io, TimePoint now) {
  auto count = static_cast<std::uint32_t>(windows_.size());
  io(count);
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    for (std::uint32_t i = 0; i < count && io.ok(); ++i) {
      UtilisationWindow window(1s, false, now);
      window.fields(io);
      if (!io.ok() || i >= most || !window.usable(now)) return io.fail();
      windows_.push_back(window);
    }
  } else {
    for (auto& window : windows_) window.fields(io);
  }
}
}  // namespace hivemind
