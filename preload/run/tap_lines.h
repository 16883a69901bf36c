// tap_lines.h - records of the tap as JSON lines, with credentials masked.
// Invariant: a connection's bytes go through its own redactor (stream_redactor.h) in order; a gap is told to it. Memory
// is bounded: the longest unused connections are forgotten, and what comes of them after that is in doubt.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>

#include "hivemind/tap_ring.h"
#include "preload/run/stream_redactor.h"

namespace hivemind::run {
class TapLines {
public:
  // `realtime_offset_ns`: what to add to CLOCK_MONOTONIC.
  explicit TapLines(std::int64_t realtime_offset_ns) : offset_ns_(realtime_offset_ns) {}
  std::string head() const;
  std::string line(const hm_tap_cell& record);
  std::string tail(std::uint64_t lost) const;

  static constexpr std::size_t most_connections = 4096;

private:
  struct Connection {
    StreamRedactor sent, received;
    std::uint64_t used = 0;
  };
  Connection& connection(const hm_tap_cell& record);
  void forget_some();
  void add_payload(std::string& line, const hm_tap_cell& record, Connection& connection) const;

  std::int64_t offset_ns_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::uint64_t lost_ = 0, count_ = 0;
  bool in_doubt_ = false;  // of connections we have not seen begin
};
}  // namespace hivemind::run
