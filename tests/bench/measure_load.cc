// Opens `connections`, warms each up, prints "ready" and waits for a line on stdin; then makes `count` exchanges on
// each and prints {"requests": N, "seconds": S}. Who reads a server's CPU time at both moments knows what one request
// costs.
#include <cstdio>
#include <future>
#include <latch>
#include <optional>

#include "tests/bench/http_client.h"
#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"

namespace hivemind::bench {
namespace {

void exchanges(const Target& target, int warm_up, int count, std::latch& warm, std::shared_future<void> go) {
  const auto request = generation(target, "/v1/messages", false);
  std::optional<HttpClient> client;
  try {
    client.emplace(target);
    for (int i = 0; i < warm_up; ++i) client->exchange(request);
  } catch (...) {
    warm.count_down();
    throw;
  }
  warm.count_down();
  go.wait();
  for (int i = 0; i < count; ++i) client->exchange(request);
}
}  // namespace

void measure_load(const Arguments& arguments) {
  const auto& target = arguments.targets.at(0);
  const int connections = arguments.number("connections", 32), count = arguments.number("count", 500);
  std::latch warm(connections);
  std::promise<void> go;
  const auto started = go.get_future().share();
  std::vector<std::future<void>> done;
  for (int i = 0; i < connections; ++i)
    done.push_back(std::async(std::launch::async, exchanges, std::cref(target), arguments.number("warm-up", 20), count,
                              std::ref(warm), started));
  warm.wait();
  std::puts("ready");
  std::fflush(stdout);
  std::getchar();
  const auto start = Clock::now();
  go.set_value();
  for (auto& connection : done) connection.get();
  std::printf("{\"requests\": %d, \"seconds\": %.3f}\n", connections * count, microseconds(Clock::now() - start) / 1e6);
}
}  // namespace hivemind::bench
