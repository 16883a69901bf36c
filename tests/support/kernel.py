"""What the tests of the eBPF tier share: whether it can be had here, and who holds what in the kernel."""
import glob
import os
import re
import subprocess
import unittest

import harness
from harness import until

EBPF = ["--capture", "ebpf"]
CAP_NET_ADMIN, CAP_BPF = 12, 39


def need_privilege():
    """Skips, aloud, where this machine or this user has no eBPF."""
    with open("/proc/self/status") as f:
        capabilities = int(re.search(r"^CapEff:\s*(\w+)$", f.read(), re.M).group(1), 16)
    if not capabilities >> CAP_BPF & capabilities >> CAP_NET_ADMIN & 1:
        raise unittest.SkipTest("needs CAP_BPF and CAP_NET_ADMIN")
    if not cgroup2():
        raise unittest.SkipTest("no cgroup2 file system is mounted")
    if not os.access(os.path.join(harness.BUILD, "bin/hivemind-ebpf"), os.X_OK):
        raise unittest.SkipTest("hivemind-ebpf is not built: it needs clang, bpftool and libbpf-dev")


def cgroup2():
    with open("/proc/self/mountinfo") as f:
        return next((line.split()[4] for line in f if " - cgroup2 " in line), None)


def cgroup_of(pid):
    """The directory of the process's cgroup; None when it has ended."""
    try:
        with open(f"/proc/{pid}/cgroup") as f:
            path = next(line[3:].strip() for line in f if line.startswith("0::"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    return cgroup2() + path.rstrip("/")


def left_cgroups():
    return set(glob.glob(cgroup2() + "/**/hivemind-run-*", recursive=True))


def helper_of(pid):
    """The hivemind-ebpf that serves this hivemind-run: it is in the cgroup's name."""
    for entry in glob.glob("/proc/[0-9]*/comm"):
        helper = int(entry.split("/")[2])
        try:
            with open(entry) as f:
                if f.read() != "hivemind-ebpf\n":
                    continue
            if any(f"hivemind-run-{pid}-" in os.readlink(fd) for fd in glob.glob(f"/proc/{helper}/fd/*")):
                return helper
        except OSError:
            pass
    return None


def held_by(pid):
    """{(kind, id)} of the programs, links and maps that a process holds."""
    found = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        with open(path) as f:
            found |= set(re.findall(r"^(prog|link|map)_id:\s*(\d+)$", f.read(), re.M))
    return found


def exists(kind, number):
    return subprocess.run(["bpftool", kind, "show", "id", number], capture_output=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).returncode == 0


def all_gone(held):
    return until(lambda: not [one for one in held if exists(*one)], f"the kernel has let go of {sorted(held)}", 10)
