// A thread cancelled inside connect unwinds C++ frames above ours: destructors run, and `catch (...)` sees it pass.
// argv: port of a listener whose queue is full
#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

extern "C" {
#include "hazard.h"
}

namespace {
int destroyed = 0, passed_by = 0, started = 0;
struct Counted {
  ~Counted() { ++destroyed; }
};
struct sockaddr_in to;

int connect_within(int depth) {
  const Counted counted;
  if (depth > 0) return connect_within(depth - 1) + 1;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  __atomic_store_n(&started, 1, __ATOMIC_RELEASE);
  const int result = connect(fd, any(&to), sizeof to);  // cancelled in here: the queue is full
  close(fd);
  return result;
}
void* run(void*) {
  try {
    connect_within(3);
  } catch (abi::__forced_unwind&) {
    ++passed_by;
    throw;
  } catch (...) {
    std::puts("another exception");
  }
  return nullptr;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  to = v4("127.0.0.1", argv[1]);
  pthread_t thread;
  pthread_create(&thread, nullptr, run, nullptr);
  while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  pthread_cancel(thread);  // takes effect in connect, wherever the thread is now
  void* end = nullptr;
  pthread_join(thread, &end);
  std::printf("cancelled %d destroyed %d passed by %d\n", end == PTHREAD_CANCELED, destroyed, passed_by);
  try {
    throw std::runtime_error(std::to_string(connect(-1, any(&to), sizeof to)));
  } catch (const std::runtime_error& error) {
    std::printf("thrown %s\n", error.what());
  }
  return 0;
}
