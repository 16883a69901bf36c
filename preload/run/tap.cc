#include "preload/run/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <set>
#include <vector>

#include "hivemind/tap_ring.h"
#include "preload/run/directories.h"
#include "preload/run/preload_list.h"
#include "preload/run/process_status.h"
#include "preload/run/run_table.h"
#include "preload/run/tap_lines.h"
#include "preload/run/tap_reader.h"

namespace hivemind::run {
namespace {
constexpr int look_every_ms = 10;

Result<UniqueFd> make_ring(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed_to("make " + path);
  if (const int error = ::posix_fallocate(file.get(), 0, sizeof(hm_tap_ring)); error != 0) {
    ::unlink(path.c_str());
    errno = error;
    return failed_to("make " + path);
  }
  return file;
}

hm_tap_ring* map_ring(int file) {
  void* mapped = ::mmap(nullptr, sizeof(hm_tap_ring), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* ring = static_cast<hm_tap_ring*>(mapped);
  ring->magic = HM_TAP_MAGIC;
  ring->version = HM_TAP_VERSION;
  ring->cell_count = HM_TAP_CELLS;
  ring->uid = ::geteuid();
  return ring;
}

std::int64_t realtime_offset_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec - static_cast<std::int64_t>(monotonic_ns());
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Its life: reads until our end is closed and nobody is left who could write.
class Reading {
public:
  Reading(hm_tap_ring& ring, int file, int control, std::string assignment, int first)
      : reader_(ring),
        lines_(realtime_offset_ns()),
        file_(file),
        control_(control),
        assignment_(std::move(assignment)),
        first_(first),
        pids_{first} {}

  // 0, or why FILE could not be written to its end.
  int run() {
    bool writes = write_all(file_, lines_.head());
    for (bool last = false; writes;) {
      writes = drain();
      if (last || !writes) break;
      pollfd control{control_, POLLIN, 0};
      if (::poll(&control, control_ >= 0 ? 1 : 0, look_every_ms) > 0) last = was_told_to_end();
      last = last || (control_ < 0 && nobody_has_lived_for_a_while());
    }
    return writes && write_all(file_, lines_.tail(reader_.lost())) ? 0 : errno;
  }

private:
  bool drain() {
    std::string text;
    hm_tap_cell record;
    while (reader_.next(record, monotonic_ns())) {
      text += lines_.line(record);
      if (pids_.size() < 4096) pids_.insert(record.pid);
      if (text.size() < 262144) continue;
      if (!write_all(file_, text)) return false;
      text.clear();
    }
    return write_all(file_, text);
  }
  // Or hivemind-run is gone without a word: it became CMD, or was killed.
  bool was_told_to_end() {
    char byte = 0;
    const bool told = ::read(control_, &byte, 1) == 1;
    control_ = -1;
    return told;
  }
  // A process in the middle of an exec seems to have no environment.
  bool nobody_has_lived_for_a_while() {
    const auto now = monotonic_ns();
    if (now - seen_ns_ < 100'000'000) return false;
    const bool somebody = !processes_with(assignment_, first_, {pids_.begin(), pids_.end()}).empty();
    seen_ns_ = now;
    looks_without_ = somebody ? 0 : looks_without_ + 1;
    return looks_without_ == 5;
  }

  TapReader reader_;
  TapLines lines_;
  int file_, control_;
  std::string assignment_;
  int first_;
  std::set<int> pids_;
  std::uint64_t seen_ns_ = 0;
  int looks_without_ = 0;
};

void detach() {
  ::setsid();
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  ::prctl(PR_SET_NAME, "hivemind-tap");
  if (::chdir("/") != 0) return;
}

// Of what we inherited, only these stay open: a pipe that CMD's reader waits on must end with CMD.
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (static_cast<unsigned>(fd) > from) ::close_range(from, static_cast<unsigned>(fd) - 1, 0);
    from = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(from, ~0u, 0);
}
}  // namespace

Result<Tap> Tap::start(const std::string& file, const std::string& object, const ProcessEnvironment& environment) {
  UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600));
  if (!out) return failed_to("write " + file);
  const auto directories = open_directories(environment);
  if (!directories) return Problem{directories.problem()};
  std::uint64_t id = monotonic_ns();
  if (::getrandom(&id, sizeof id, 0) < 0) id ^= static_cast<std::uint64_t>(::getpid());
  Tap tap;
  tap.file_ = file;
  tap.ring_ = directories->runtime + "/" + run_name(id) + ".tap";
  tap.object_ = object;
  const auto ring_file = make_ring(tap.ring_);
  if (!ring_file) return Problem{ring_file.problem()};
  hm_tap_ring* const ring = map_ring(ring_file->get());
  int control[2], done[2];
  if (!ring || ::pipe2(control, O_CLOEXEC) != 0 || ::pipe2(done, O_CLOEXEC) != 0) {
    Problem problem = failed_to("start the tap's reader");
    ::unlink(tap.ring_.c_str());
    return problem;
  }
  tap.ours_.reset(control[1]);
  tap.done_.reset(done[0]);
  const UniqueFd its_control(control[0]), its_done(done[1]);
  const int us = ::getpid();
  const pid_t between = ::fork();
  if (between == 0) {
    if (::fork() != 0) ::_exit(0);  // nobody's child: CMD may wait for all of its own
    detach();
    close_all_but({out.get(), its_control.get(), its_done.get()});
    if (const int error = Reading(*ring, out.get(), its_control.get(), HM_ENV_TAP "=" + tap.ring_, us).run();
        error != 0)
      write_all(its_done.get(), {reinterpret_cast<const char*>(&error), sizeof error});
    ::unlink(tap.ring_.c_str());
    ::_exit(0);
  }
  ::munmap(ring, sizeof *ring);
  if (between < 0) {
    Problem problem = failed_to("start the tap's reader");
    ::unlink(tap.ring_.c_str());
    return problem;
  }
  ::waitpid(between, nullptr, 0);
  return tap;
}

void Tap::add_to(ProcessEnvironment& environment) const {
  environment.set(HM_ENV_TAP, ring_);
  environment.set("ASAN_OPTIONS", with_link_order_unchecked(environment.get_or("ASAN_OPTIONS", "")));
  environment.set("LD_PRELOAD", append_preload(environment.get_or("LD_PRELOAD", ""), object_));
}

std::string Tap::finish(bool somebody_lives) {
  const bool told = !somebody_lives && ::write(ours_.get(), "", 1) == 1;
  if (!told) ours_.reset();
  const int patience_ms = told ? 5000 : 0;
  pollfd done{done_.get(), POLLIN, 0};
  int error = 0;
  if (::poll(&done, 1, patience_ms) != 1 || ::read(done_.get(), &error, sizeof error) != sizeof error) return "";
  return file_ + " is not complete: " + std::strerror(error);
}
}  // namespace hivemind::run
