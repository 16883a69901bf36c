// Prints {"NAME": {"hooked": US, "direct": US, "added": US}}: p50 of connect() as the program's libc offers it - under
// LD_PRELOAD that is the hook - and of the bare system call, taken in turn; added is the median of their differences.
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstdio>
#include <stdexcept>

#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"
#include "tests/bench/unique_fd.h"

namespace hivemind::bench {
namespace {

double connect_once(const Target& target, bool hooked) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
  const auto start = Clock::now();
  const long result = hooked ? ::connect(fd.get(), address, sizeof target.address)
                             : ::syscall(SYS_connect, fd.get(), address, sizeof target.address);
  const auto took = microseconds(Clock::now() - start);
  if (result != 0) throw std::runtime_error("connect to " + target.name + " failed");
  const linger at_once{1, 0};  // a reset leaves no TIME_WAIT behind
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return took;
}
}  // namespace

void measure_connect(const Arguments& arguments) {
  std::printf("{");
  for (const auto& target : arguments.targets) {
    std::vector<double> hooked, direct, added;
    for (int i = 0; i < arguments.number("warm-up", 200); ++i) connect_once(target, i % 2 == 0);
    for (int i = 0; i < arguments.number("count", 2000); ++i) {
      const bool first = i % 2 == 0;  // neither way always follows the other
      const auto a = connect_once(target, first), b = connect_once(target, !first);
      hooked.push_back(first ? a : b);
      direct.push_back(first ? b : a);
      added.push_back(hooked.back() - direct.back());
    }
    std::printf("%s\"%s\": {\"hooked\": %.3f, \"direct\": %.3f, \"added\": %.3f}",
                &target == &arguments.targets.front() ? "" : ", ", target.name.c_str(), median(hooked), median(direct),
                median(added));
  }
  std::printf("}\n");
}
}  // namespace hivemind::bench
