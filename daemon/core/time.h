// time.h - the clock's types. Core takes `now` as an argument; only daemon/net and the programs ask the clock.
#pragma once
#include <chrono>

namespace hivemind {
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using namespace std::chrono_literals;
}  // namespace hivemind
