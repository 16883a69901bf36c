// simulator.h - what all exchanges of one hivemind-mock share. One thread; nothing here blocks but the log's write.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sim/provider/fault.h"
#include "sim/provider/provider_model.h"
#include "tests/mock/statistics.h"
#include "sim/provider/time_text.h"

namespace hivemind::mock {
using namespace provider;

struct ListenAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  bool tls_only = false;
};

struct Options {
  std::vector<ListenAddress> listen;
  std::string certificate, key;  // PEM files; empty: plain only
  ModelConfig model;
  TimeScale scale;
  Duration event_gap{};      // between two events of a stream, and per event of a sized answer
  Duration ping_interval{};  // early head: pings while the first content is awaited
  bool early_head = false;   // a stream's head and handshake go out before the latency
  std::string text = "Hello from the mock server.";
  std::int64_t tokens_per_event = 1;
  std::size_t body_size = 0;  // sized answers are padded to this many bytes
  std::vector<Fault> script;
  bool repeat_script = false;
  std::uint64_t seed = 1;
  std::string log_file;
};

struct LogEntry;

class Simulator {
public:
  explicit Simulator(Options chosen);  // throws when the log cannot be opened

  TimePoint provider_now() const { return started_ + options.scale.to_provider(Clock::now() - started_); }
  std::string next_number();  // unique; goes into ids
  // Limits, cache, statistics, seed and script as at the start.
  void reset();
  void refill_script();
  void log(const LogEntry& entry);
  bool is_logging() const { return log_ != nullptr; }

  const Options options;
  ProviderModel model;
  Rng rng;
  Statistics statistics;

private:
  struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, FileCloser> log_;
  TimePoint started_ = Clock::now();
  std::uint64_t counter_ = 0;
};
}  // namespace hivemind::mock
