#include "preload/run/seccomp_capture.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <optional>

#include "preload/run/seccomp_filter.h"
#include "preload/run/seccomp_handover.h"
#include "preload/run/seccomp_holder.h"
#include "preload/run/seccomp_probe.h"
#include "preload/run/seccomp_supervisor.h"

namespace hivemind::run {
namespace {
constexpr unsigned most_holders = 20;  // started in place of one that was killed

class SeccompCapture final : public Capture {
public:
  explicit SeccompCapture(const CaptureOf& run)
      : table_(run.table.memory()), run_listener_(run.listener.socket.get()) {}

  bool open() { return handover_.open(); }

  std::string enter() override { return handover_.give(install_filter()) ? "" : "its connects are not supervised"; }

  std::string follow(int) override {
    auto handed = handover_.take();
    if (!handed.listener) return why_no_filter(handed.error);
    kept_.notify = std::move(handed.listener);
    supervise();
    handover_.say_it_is_watched();
    return {};
  }

  void watch(std::vector<pollfd>& list) const override {
    if (holder_) list.push_back({holder_.get(), POLLIN, 0});
  }
  int timeout_ms() const override { return kept_.notify && supervisor_of_ != ::getpid() ? 0 : -1; }

  void turn() override {
    if (!kept_.notify) return;
    if (supervisor_of_ != ::getpid()) {
      // We are the keeper. Threads do not live through a fork: what is left of the old supervisor is only memory.
      static_cast<void>(kept_.supervisor.release());
      supervise();
    }
    pollfd ended{holder_.get(), POLLIN, 0};
    if (!holder_ || ::poll(&ended, 1, 0) <= 0) return;
    holder_.reset();
    ::waitpid(holder_pid_, nullptr, WNOHANG);
    pollfd used{kept_.notify.get(), 0, 0};
    if (::poll(&used, 1, 0) == 0) hold();
  }

private:
  // The holder first: from here on no death of ours leaves the run's processes without a listener.
  void supervise() {
    supervisor_of_ = ::getpid();
    kept_.in_hand.supervisor().store(supervisor_of_, std::memory_order_release);
    if (!holder_) hold();
    kept_.supervisor = std::make_unique<Supervisor>(kept_.notify.get(), kept_.in_hand, table_, run_listener_);
    kept_.supervisor->stay();
  }
  void hold() {
    if (holders_++ >= most_holders) return;
    holder_pid_ = start_holder(kept_.notify.get(), kept_.in_hand, table_);
    if (holder_pid_ > 0) holder_.reset(static_cast<int>(::syscall(SYS_pidfd_open, holder_pid_, 0u)));
  }

  hm_table& table_;
  const int run_listener_;
  ListenerHandover handover_;
  // Never destroyed: the threads end with the process, whatever they wait for then.
  struct Kept {
    InHand in_hand;
    UniqueFd notify;
    std::unique_ptr<Supervisor> supervisor;
  };
  Kept& kept_ = *new Kept;
  UniqueFd holder_;  // its pidfd
  int holder_pid_ = -1;
  unsigned holders_ = 0;
  int supervisor_of_ = -1;  // the process whose thread it is
};
}  // namespace

std::string why_no_seccomp_capture() { return why_no_supervision(); }

Result<std::unique_ptr<Capture>> start_seccomp_capture(const CaptureOf& run) {
  auto capture = std::make_unique<SeccompCapture>(run);
  if (!capture->open()) return failed_to("open a socket pair");
  return std::unique_ptr<Capture>(std::move(capture));
}
}  // namespace hivemind::run
