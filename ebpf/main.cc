// hivemind-ebpf: owns the privilege that eBPF capture needs, and nothing else.
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "ebpf/refusal.h"
#include "ebpf/service.h"
#include "ebpf/session.h"
#include "hivemind/ebpf.h"
#include "hivemind/version.h"

namespace hivemind::ebpf {
namespace {
constexpr const char* usage =
    "hivemind-ebpf: captures the connects of a run in the kernel, for hivemind-run\n"
    "  hivemind-ebpf --probe            say whether runs can be captured from here, or why not\n"
    "  hivemind-ebpf --serve [PATH]     serve every user's runs at PATH (" HM_EBPF_SOCKET
    ")\n"
    "  hivemind-ebpf --session FD       serve the run whose hivemind-run has the other end of FD\n"
    "  hivemind-ebpf --help | --version\n"
    "It needs CAP_BPF and CAP_NET_ADMIN: root, or once `setcap cap_bpf,cap_net_admin=ep hivemind-ebpf`.\n";

int run(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--version") return std::puts("hivemind-ebpf " HM_VERSION) < 0;
  if (mode == "--help") return std::fputs(usage, stdout) < 0;
  if (mode == "--probe" && argc == 2) {
    try_out();
    return std::puts("ok") < 0;
  }
  if (mode == "--serve" && argc <= 3) {
    serve(argc == 3 ? argv[2] : HM_EBPF_SOCKET);
    return 0;
  }
  if (mode == "--session" && argc == 3) {
    // The terminal's signals are the run's; the end of its hivemind-run is ours.
    for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGPIPE}) ::signal(number, SIG_IGN);
    serve_run(std::atoi(argv[2]));
    return 0;
  }
  std::fputs(usage, stderr);
  return 2;
}
}  // namespace
}  // namespace hivemind::ebpf

int main(int argc, char** argv) {
  try {
    return hivemind::ebpf::run(argc, argv);
  } catch (const hivemind::ebpf::Refusal& refusal) {
    std::printf("%s\n", refusal.what());
    return 1;
  }
}
