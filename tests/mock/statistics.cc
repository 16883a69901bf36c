#include "tests/mock/statistics.h"

#include "sim/provider/json_text.h"

namespace hivemind::mock {
using namespace provider;
namespace {
std::string object(const std::map<std::string, std::uint64_t>& counts) {
  std::string text = "{";
  for (const auto& [name, count] : counts) {
    if (text.size() > 1) text += ", ";
    text += quoted(name) + ": " + std::to_string(count);
  }
  return text + "}";
}
}  // namespace

std::string Statistics::json() const {
  std::string text = "{";
  const auto add = [&text](const char* name, const std::string& value) {
    if (text.size() > 1) text += ",\n ";
    text += "\"" + std::string(name) + "\": " + value;
  };
  add("connections", std::to_string(connections));
  add("tls_handshakes", std::to_string(tls_handshakes));
  add("tls_failures", std::to_string(tls_failures));
  add("malformed", std::to_string(malformed));
  add("requests", std::to_string(requests));
  add("generations", std::to_string(generations));
  add("completed", std::to_string(completed));
  add("rate_limited", std::to_string(rate_limited));
  add("overloaded", std::to_string(overloaded));
  add("disconnects", std::to_string(disconnects));
  add("expect_continue", std::to_string(expect_continue));
  add("chunked_requests", std::to_string(chunked_requests));
  add("retries_seen", std::to_string(retries_seen));
  add("in_flight", std::to_string(in_flight));
  add("peak_concurrency", std::to_string(peak_concurrency));
  add("input_tokens", std::to_string(input_tokens));
  add("cache_read_tokens", std::to_string(cache_read_tokens));
  add("cache_write_tokens", std::to_string(cache_write_tokens));
  add("output_tokens", std::to_string(output_tokens));
  add("wasted_tokens", std::to_string(wasted_tokens));
  add("seconds", std::to_string(std::chrono::duration<double>(last - first).count()));
  add("by_status", object(by_status));
  add("by_path", object(by_path));
  add("faults", object(faults));
  return text + "}\n";
}
}  // namespace hivemind::mock
