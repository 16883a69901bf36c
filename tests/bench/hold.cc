// Opens `connections` one after the other, prints "ready" when all are in the state that is to be weighed, and keeps
// them so until stdin ends.
#include <cstdio>
#include <deque>

#include "tests/bench/http_client.h"
#include "tests/bench/measurements.h"

namespace hivemind::bench {
namespace {

void wait_for_end() {
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
}  // namespace

void hold_idle(const Arguments& arguments) {
  const auto& target = arguments.targets.at(0);
  const auto request = generation(target, "/v1/messages", false);
  std::deque<HttpClient> clients;
  for (int i = 0; i < arguments.number("connections", 1000); ++i) clients.emplace_back(target).exchange(request);
  wait_for_end();
}

void hold_streams(const Arguments& arguments) {
  const auto& target = arguments.targets.at(0);
  const auto request = generation(target, "/v1/messages?events=1000&gap=1000000", true);
  std::deque<HttpClient> clients;
  for (int i = 0; i < arguments.number("connections", 1000); ++i) {
    // The first content tells that it flows; handshake events may be withheld until then.
    int events = 0;
    clients.emplace_back(target).stream(request, [&](std::string_view piece) {
      events += piece.find("content_block_delta") != piece.npos;
      return events == 0;
    });
  }
  wait_for_end();
}
}  // namespace hivemind::bench
