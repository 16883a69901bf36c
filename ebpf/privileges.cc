#include "ebpf/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdint>

#include "ebpf/refusal.h"

namespace hivemind::ebpf {
namespace {
using Set = std::uint64_t;
constexpr Set bit(int capability) { return Set{1} << capability; }
constexpr Set needed = bit(CAP_BPF) | bit(CAP_NET_ADMIN);

struct Words {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
};

Set permitted() {
  Words words;
  if (::syscall(SYS_capget, &words.header, words.data) != 0) return 0;
  return words.data[0].permitted | Set{words.data[1].permitted} << 32;
}

void keep_only(Set kept) {
  Words words;
  for (int i = 0; i < 2; ++i)
    words.data[i].permitted = words.data[i].effective = static_cast<std::uint32_t>(kept >> (32 * i));
  if (::syscall(SYS_capset, &words.header, words.data) != 0) throw failed_to("give up privileges");
}

std::string own_path() {
  char path[PATH_MAX];
  const auto n = ::readlink("/proc/self/exe", path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "hivemind-ebpf";
}
}  // namespace

void require_privileges() {
  const Set held = permitted();
  if ((held & needed) != needed)
    throw Refusal("it needs two capabilities, once: sudo setcap cap_bpf,cap_net_admin=ep " + own_path());
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  keep_only(held & (needed | bit(CAP_DAC_OVERRIDE)));
}

void drop_privileges(bool for_files) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  keep_only(for_files ? permitted() & bit(CAP_DAC_OVERRIDE) : 0);
}
}  // namespace hivemind::ebpf
