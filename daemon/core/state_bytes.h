// state_bytes.h - what was learned, as bytes that outlive a restart: one description of a class's fields writes and
// reads. Invariants: a StateReader never reads past its bytes; once anything was wrong ok() stays false and every value
// read is zero. Times are stored as seconds since 1970, since steady clocks begin anew. Same machine: byte order as it
// is.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/seconds.h"
#include "core/time.h"

namespace hivemind {

// Two clocks read at one moment.
struct ClockPair {
  TimePoint now;
  double unix_now = 0;
};

// FNV-1a, against truncation and bit rot, not against people.
inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325u;
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return sum;
}

constexpr std::size_t longest_text = 4096;

// What a piece of state is, and which layout of it: others are not read.
struct StateKind {
  std::uint32_t magic, version;
};
struct StateSeal {
  StateKind kind;
  std::uint64_t sum;
};
inline std::string sealed(StateKind kind, const std::string& payload) {
  const StateSeal seal{kind, checksum(payload)};
  return std::string(reinterpret_cast<const char*>(&seal), sizeof seal) + payload;
}
// nullopt: something else, or not whole.
inline std::optional<std::string_view> unsealed(StateKind kind, std::string_view bytes) {
  StateSeal seal{};
  if (bytes.size() < sizeof seal) return std::nullopt;
  std::memcpy(&seal, bytes.data(), sizeof seal);
  const auto payload = bytes.substr(sizeof seal);
  const bool ours = seal.kind.magic == kind.magic && seal.kind.version == kind.version;
  return ours && seal.sum == checksum(payload) ? std::optional(payload) : std::nullopt;
}

// Whole milliseconds: what did not change is the same bytes later.
class StateWriter {
public:
  static constexpr bool reading = false;
  explicit StateWriter(ClockPair clocks) : clocks_(clocks) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const T& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void operator()(const Duration& d) { (*this)(in_seconds(d)); }
  void operator()(const TimePoint& t) {
    (*this)(t == TimePoint{} ? std::nan("") : std::round((clocks_.unix_now + in_seconds(t - clocks_.now)) * 1e3) / 1e3);
  }
  void operator()(const std::string& text) {
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), longest_text));
    (*this)(size);
    bytes_.append(text, 0, size);
  }
  std::string take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

private:
  ClockPair clocks_;
  std::string bytes_;
};

class StateReader {
public:
  static constexpr bool reading = true;
  StateReader(std::string_view bytes, ClockPair clocks) : bytes_(bytes), clocks_(clocks) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(T& value) {
    value = T{};
    if (!ok_ || bytes_.size() < sizeof value) return fail();
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(value)) value = T{}, fail();
    }
  }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    value = byte != 0;
  }
  void operator()(Duration& d) {
    double seconds = 0;
    (*this)(seconds);
    d = from_seconds(seconds);
  }
  void operator()(TimePoint& t) {
    t = {};
    double unix_time = 0;
    if (!ok_ || bytes_.size() < sizeof unix_time) return fail();
    std::memcpy(&unix_time, bytes_.data(), sizeof unix_time);
    bytes_.remove_prefix(sizeof unix_time);
    if (std::isfinite(unix_time)) t = clocks_.now + from_seconds(unix_time - clocks_.unix_now);
  }
  void operator()(std::string& text) {
    std::uint32_t size = 0;
    (*this)(size);
    text.clear();
    if (!ok_ || size > longest_text || bytes_.size() < size) return fail();
    text.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }
  void fail() { ok_ = false; }
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

private:
  std::string_view bytes_;
  ClockPair clocks_;
  bool ok_ = true;
};
}  // namespace hivemind
