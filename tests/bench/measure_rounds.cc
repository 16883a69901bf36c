// Prints {"NAME": [median microseconds of each round...]}. A round visits every target once, in a rotating order, with
// a block of exchanges on that target's one connection, so that what the machine does hits all of them alike.
#include <cstdio>
#include <deque>

#include "tests/bench/http_client.h"
#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"

namespace hivemind::bench {
namespace {

struct Way {
  explicit Way(const Target& t) : target(t), client(t), request(generation(t, "/v1/messages", false)) {}
  double block(int count) {
    std::vector<double> samples;
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      client.exchange(request);
      samples.push_back(microseconds(Clock::now() - start));
    }
    return median(std::move(samples));
  }
  Target target;
  HttpClient client;
  std::string request;
  std::vector<double> medians;
};
}  // namespace

void measure_rounds(const Arguments& arguments) {
  const auto rounds = static_cast<std::size_t>(arguments.number("rounds", 15));
  const int count = arguments.number("count", 100);
  std::deque<Way> ways;
  for (const auto& target : arguments.targets) ways.emplace_back(target);
  for (auto& way : ways) way.block(arguments.number("warm-up", 300));
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < ways.size(); ++i) {
      auto& way = ways[(round + i) % ways.size()];
      way.medians.push_back(way.block(count));
    }
  std::printf("{");
  for (const auto& way : ways) {
    std::printf("%s\"%s\": [", &way == &ways.front() ? "" : ", ", way.target.name.c_str());
    for (std::size_t i = 0; i < way.medians.size(); ++i) std::printf("%s%.2f", i ? ", " : "", way.medians[i]);
    std::printf("]");
  }
  std::printf("}\n");
}
}  // namespace hivemind::bench
