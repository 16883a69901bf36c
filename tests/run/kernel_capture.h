// kernel_capture.h - a captured process and the other end of its connections, in a network of their own.
// Needs privileges and hivemind-ebpf beside the test; `why_not()` says what is missing.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "preload/run/ebpf_capture.h"
#include "preload/run/run_table.h"
#include "tests/run/temporary_folder.h"

namespace hivemind::run {
class KernelCapture {
public:
  static std::string why_not();
  KernelCapture();  // captures port 443 to everywhere
  KernelCapture(const KernelCapture&) = delete;
  ~KernelCapture();

  // Runs `work` in a captured process; its exit status, or -1 when it could not be captured or was ended. `meanwhile`
  // starts here what needs a thread: a process with threads must not fork one that starts its own.
  int run(
      const std::function<int()>& work, const std::function<void()>& meanwhile = [] {});
  hm_kernel_table& kernel() { return *capture_->entrance()->table.kernel(); }
  RunTable& table() { return capture_->entrance()->table; }
  int listener() const { return capture_->entrance()->listener.socket.get(); }
  Capture& capture() { return *capture_; }
  void end() { capture_.reset(); }
  void set_port_count(std::uint32_t count);
  unsigned slots_in(hm_slot_state state);
  std::uint32_t counted(std::uint32_t hm_process::*counter);

private:
  int outside_;  // the network namespace we came from
  TemporaryFolder folder_;
  std::unique_ptr<RunTable> file_;
  Listener listener_;
  std::unique_ptr<Capture> capture_;
};
}  // namespace hivemind::run
