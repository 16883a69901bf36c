#include "tests/run/kernel_capture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "preload/run/program_directory.h"

namespace hivemind::run {
namespace {
// Fast open without cookies, also for listeners that did not ask for it.
constexpr const char* fast_open_everywhere = "1543";

bool has_capabilities() {
  constexpr unsigned long long needed = 1ull << CAP_BPF | 1ull << CAP_NET_ADMIN | 1ull << CAP_SYS_ADMIN;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) return (std::stoull(line.substr(7), nullptr, 16) & needed) == needed;
  return false;
}

void bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM, 0));
  ifreq request{};
  std::string("lo").copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) throw std::runtime_error("loopback device");
}
}  // namespace

std::string KernelCapture::why_not() {
  if (!has_capabilities()) return "needs CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN";
  if (::access((program_directory() + "/hivemind-ebpf").c_str(), X_OK) != 0) return "hivemind-ebpf is not built";
  return {};
}

KernelCapture::KernelCapture() : outside_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("no network namespace");
  bring_loopback_up();
  std::ofstream("/proc/sys/net/ipv4/tcp_fastopen") << fast_open_everywhere;
  listener_ = std::move(*open_listener());
  file_ = std::make_unique<RunTable>(std::move(*RunTable::create(folder_.path(), 0xEB, listener_.port)));
  auto capture = start_ebpf_capture(CaptureOf{*file_, listener_, folder_.path()});
  if (!capture) throw std::runtime_error(capture.problem());
  capture_ = std::move(*capture);
  kernel().reach = HM_REACH_IPV4 | HM_REACH_IPV6;  // as if routes led out
  kernel().table.policy.ports[0] = 443;
  set_port_count(1);
}

KernelCapture::~KernelCapture() {
  ::setns(outside_, CLONE_NEWNET);
  ::close(outside_);
}

void KernelCapture::set_port_count(std::uint32_t count) {
  kernel().table.policy.epoch += 1;
  kernel().table.policy.port_count = count;
  kernel().table.policy.epoch += 1;
}

int KernelCapture::run(const std::function<int()>& work, const std::function<void()>& meanwhile) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(capture_->enter().empty() ? work() : 120);
  meanwhile();
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != 120 ? WEXITSTATUS(status) : -1;
}

unsigned KernelCapture::slots_in(hm_slot_state state) {
  const auto& slots = kernel().table.slots;
  return static_cast<unsigned>(std::count_if(std::begin(slots), std::end(slots), [state](const hm_slot& slot) {
    return (slot.state & HM_STATE_MASK) == static_cast<std::uint32_t>(state);
  }));
}

std::uint32_t KernelCapture::counted(std::uint32_t hm_process::*counter) {
  std::uint32_t sum = 0;
  for (const auto& process : table().processes()) sum += process.*counter;
  return sum;
}
}  // namespace hivemind::run
