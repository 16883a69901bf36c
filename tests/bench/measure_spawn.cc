// Prints {"p50": MS, "p95": MS}: from posix_spawn of the command to its end, `count` times. Its stdout goes to ours.
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <stdexcept>

#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"

namespace hivemind::bench {

void measure_spawn(const Arguments& arguments) {
  std::vector<char*> command;
  for (const auto& word : arguments.words) command.push_back(const_cast<char*>(word.c_str()));
  command.push_back(nullptr);
  std::vector<double> samples;
  for (int i = 0; i < arguments.number("count", 50); ++i) {
    const auto start = Clock::now();
    pid_t pid = 0;
    int status = 0;
    if (::posix_spawnp(&pid, command[0], nullptr, nullptr, command.data(), environ) != 0)
      throw std::runtime_error("cannot start it");
    ::waitpid(pid, &status, 0);
    samples.push_back(microseconds(Clock::now() - start) / 1000);
    if (status != 0) throw std::runtime_error("it failed");
  }
  std::printf("{\"p50\": %.3f, \"p95\": %.3f}\n", median(samples), quantile(samples, 0.95));
}
}  // namespace hivemind::bench
