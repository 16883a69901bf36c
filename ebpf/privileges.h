// privileges.h - what the helper may do, and how it gives that up.
#pragma once

namespace hivemind::ebpf {
// Throws Refusal, which says how to grant it, unless CAP_BPF and CAP_NET_ADMIN are there. From here on an exec brings
// no new privilege.
void require_privileges();
// For good: all capabilities but, if `for_files`, the one that overrides file permissions.
void drop_privileges(bool for_files);
}  // namespace hivemind::ebpf
