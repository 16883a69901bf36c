#include "preload/run/ebpf_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>

#include "hivemind/ebpf.h"
#include "preload/run/ebpf_helper.h"
#include "preload/run/routes.h"
#include "preload/run/say.h"

namespace hivemind::run {
namespace {
class EbpfCapture final : public Capture {
public:
  EbpfCapture(EbpfHelper helper, Entrance entrance) : helper_(std::move(helper)), entrance_(std::move(entrance)) {
    tell_reach();
  }
  // The helper removes the cgroup, if it made it; unless it was ended.
  ~EbpfCapture() override {
    if (helper_.cgroup.find("/" HM_CGROUP_PREFIX) != std::string::npos) ::rmdir(helper_.cgroup.c_str());
  }

  std::string enter() override { return helper_.enter(); }
  std::string follow(int) override { return {}; }
  Entrance* entrance() override { return &entrance_; }
  std::pair<std::string, std::string> mark() const override { return {HM_ENV_CGROUP, helper_.cgroup}; }
  std::vector<int> members() const override;

  void watch(std::vector<pollfd>& list) const override {
    if (!gone_) list.push_back({helper_.socket.get(), 0, 0});
    if (routes_.fd() >= 0) list.push_back({routes_.fd(), POLLIN, 0});
  }
  void turn() override;

private:
  void tell_reach() {
    std::atomic_ref(entrance_.table.kernel()->reach).store(Routes::reach(), std::memory_order_relaxed);
  }

  EbpfHelper helper_;
  Entrance entrance_;
  Routes routes_;
  bool gone_ = false;
};

void EbpfCapture::turn() {
  if (!gone_ && helper_.has_gone()) {
    gone_ = true;
    say("hivemind-ebpf has ended: new connections of this run go straight to their servers");
  }
  pollfd changed{routes_.fd(), POLLIN, 0};
  if (routes_.fd() < 0 || ::poll(&changed, 1, 0) <= 0) return;
  routes_.read_changes();
  tell_reach();
}

std::vector<int> EbpfCapture::members() const {
  std::vector<int> pids;
  const UniqueFd file(::open((helper_.cgroup + "/cgroup.procs").c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char chunk[4096];
  for (ssize_t n = 0; file && (n = ::read(file.get(), chunk, sizeof chunk)) > 0;)
    text.append(chunk, static_cast<std::size_t>(n));
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) pids.push_back(std::atoi(text.c_str() + at));
  return pids;
}

// Asking whether a helper can be had is most of the work of having one: it is kept for the run that follows.
std::optional<EbpfHelper>& asked() {
  static std::optional<EbpfHelper> helper;
  return helper;
}
}  // namespace

void use_for_capture(EbpfHelper helper) { asked() = std::move(helper); }

std::string why_no_ebpf_capture() {
  if (asked()) return {};
  auto helper = EbpfHelper::ask(monotonic_ns());
  if (!helper) return helper.problem();
  asked() = std::move(*helper);
  return {};
}

Result<std::unique_ptr<Capture>> start_ebpf_capture(const CaptureOf& run) {
  if (const auto why = why_no_ebpf_capture(); !why.empty()) return Problem{why};
  EbpfHelper helper = std::move(*asked());
  asked().reset();
  auto listener = open_dual_listener();
  if (!listener) return Problem{listener.problem()};
  auto table = RunTable::map_kernel(std::move(helper.table), run.table.run_id(), *listener);
  if (!table) return Problem{table.problem()};
  return std::unique_ptr<Capture>(
      std::make_unique<EbpfCapture>(std::move(helper), Entrance{std::move(*listener), std::move(*table)}));
}
}  // namespace hivemind::run
