// Prints {"NAME": {"p50": [US of each round...], "hash": H, "events": N}}: the delay of each content event from the
// origin's send to our read. Targets take turns, `streams` at a time, for `rounds` rounds; the hash is of one answer
// that is the same each time it is given, taken after them (fixed=1 of the origin).
#include <cstdio>
#include <charconv>
#include <future>

#include "tests/bench/http_client.h"
#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"

namespace hivemind::bench {
namespace {

std::vector<double> delays(const Target& target, const std::string& path) {
  std::vector<double> found;
  std::string text;
  HttpClient(target).stream(generation(target, path, true), [&](std::string_view piece) {
    const auto now = Clock::now();
    text += piece;
    std::size_t at = 0;
    for (auto end = text.find("\n\n"); end != text.npos; end = text.find("\n\n", at)) {
      const auto stamp = text.find("t=0", at);
      if (stamp < end) {
        long sent = 0;
        std::from_chars(text.data() + stamp + 2, text.data() + end, sent);
        found.push_back(microseconds(now.time_since_epoch() - std::chrono::nanoseconds(sent)));
      }
      at = end + 2;
    }
    text.erase(0, at);
    return true;
  });
  return found;
}

std::uint64_t hash_of_answer(const Target& target) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  HttpClient(target).stream(generation(target, "/v1/messages?events=500&fixed=1", true), [&](std::string_view piece) {
    for (const char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return true;
  });
  return hash;
}
}  // namespace

void measure_events(const Arguments& arguments) {
  const auto path = "/v1/messages?events=" + std::to_string(arguments.number("count", 300)) +
                    "&gap=" + std::to_string(arguments.number("gap", 2000));
  std::vector<std::vector<double>> medians(arguments.targets.size());
  std::vector<std::size_t> events(arguments.targets.size());
  const auto size = arguments.targets.size();
  for (int round = 0; round < arguments.number("rounds", 5); ++round)
    for (std::size_t i = 0; i < size; ++i) {
      const auto which = (static_cast<std::size_t>(round) + i) % size;
      std::vector<std::future<std::vector<double>>> streams;
      for (int k = 0; k < arguments.number("streams", 1); ++k)
        streams.push_back(std::async(std::launch::async, delays, std::cref(arguments.targets[which]), std::cref(path)));
      std::vector<double> all;
      for (auto& stream : streams) {
        const auto part = stream.get();
        all.insert(all.end(), part.begin(), part.end());
      }
      events[which] += all.size();
      medians[which].push_back(median(all));
    }
  std::printf("{");
  for (std::size_t i = 0; i < size; ++i) {
    std::printf("%s\"%s\": {\"p50\": [", i ? ", " : "", arguments.targets[i].name.c_str());
    for (std::size_t k = 0; k < medians[i].size(); ++k) std::printf("%s%.2f", k ? ", " : "", medians[i][k]);
    std::printf("], \"hash\": %llu, \"events\": %zu}",
                static_cast<unsigned long long>(hash_of_answer(arguments.targets[i])), events[i]);
  }
  std::printf("}\n");
}
}  // namespace hivemind::bench
