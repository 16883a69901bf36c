// bench_client: the load side of `make bench` and of the end-to-end tests that need many connections.
//
//   bench_client rounds|load|events|connect|idle|streams [--NUMBER-NAME N]... NAME=http[s]://HOST@ADDRESS:PORT...
//   bench_client spawn [--count N] -- COMMAND...
//   bench_client origin -- ADDRESS [CERTIFICATE KEY]
//
// tests/bench/bench drives it and says what is made of the figures.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string_view>

#include "tests/bench/measurements.h"

namespace {
using namespace hivemind::bench;

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 2; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      arguments.words.assign(words + i + 1, words + count);
      break;
    }
    if (word.substr(0, 2) != "--") {
      arguments.targets.push_back(parse_target(word));
      continue;
    }
    if (++i == count) throw std::invalid_argument(std::string(word) + " needs a number");
    const std::string_view text = words[i];
    int value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size())
      throw std::invalid_argument(std::string(word) + " needs a number, not '" + std::string(text) + "'");
    arguments.numbers[std::string(word.substr(2))] = value;
  }
  return arguments;
}
}  // namespace

int main(int count, char** words) {
  const std::map<std::string_view, void (*)(const Arguments&)> measurements{
      {"rounds", measure_rounds}, {"load", measure_load}, {"events", measure_events}, {"connect", measure_connect},
      {"spawn", measure_spawn},   {"idle", hold_idle},    {"streams", hold_streams},  {"origin", serve_events},
  };
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const auto found = count > 1 ? measurements.find(words[1]) : measurements.end();
  if (found == measurements.end()) {
    std::fputs("usage: bench_client rounds|load|events|connect|spawn|idle|streams|origin ... (tests/bench/main.cc)\n",
               stderr);
    return 2;
  }
  try {
    found->second(parse(count, words));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_client %s: %s\n", words[1], error.what());
    return 1;
  }
}
