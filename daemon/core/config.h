// config.h - hivemind.toml as values. Read by control/config_file.h; every key is documented in examples/hivemind.toml.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler_config.h"

namespace hivemind {

// [[upstream]]: where a host's traffic really goes, for tests, gateways and local servers.
struct UpstreamOverride {
  std::string host;     // as the client names it, or a pattern "*.example.com"
  std::string address;  // name or IP to connect to; empty: the original destination
  std::optional<std::uint16_t> port;
  std::string ca_file;  // PEM roots to verify with instead of the system's
  bool plain = false;   // speak plain HTTP upstream
  std::string dialect;  // "anthropic", "openai", "ollama", "generic"; empty: by host, path and shape
};

struct Config {
  std::vector<std::uint16_t> ports{443, 11434, 8080, 8000, 1234};  // captured TCP ports
  std::vector<std::string> hosts;                                  // LLM hosts besides known_hosts()
  std::vector<UpstreamOverride> upstreams;
  SchedulerConfig scheduler;
  std::string log_level = "info";             // error, warn, info, debug
  Duration connect_timeout = 10s;             // one upstream address
  Duration head_timeout = 10s;                // a client sending a request head
  Duration upstream_idle = 60s;               // pooled upstream connections are kept this long
  Duration response_timeout = 10min;          // silence of an upstream before its response head
  Duration stall_timeout = 5min;              // silence of an upstream inside a body
  Duration drain = 30s;                       // SIGTERM: what runs may finish for this long
  std::uint64_t max_body = 64ull << 20;       // request body of a generation
  std::uint64_t max_buffered = 512ull << 20;  // request bodies held in memory in all
};
}  // namespace hivemind
