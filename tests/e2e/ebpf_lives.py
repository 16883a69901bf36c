#!/usr/bin/python3
"""The eBPF tier: whoever dies, connections go on, and nothing of us stays in the kernel."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from harness import gone, until
from kernel import EBPF, all_gone, cgroup2, cgroup_of, held_by, helper_of, left_cgroups, need_privilege

# Connects when it is told where to: says whether the server saw it, or whoever carries it, and what it takes for its peer.
ASKER = """
import socket, sys
for line in sys.stdin:
    address, port = line.split()
    try:
        with socket.create_connection((address, int(port)), timeout=20) as s:
            s.sendall(b"?")
            seen = int(s.makefile().readline())
            print("direct" if seen == s.getsockname()[1] else "captured", *s.getpeername()[:2], flush=True)
    except (OSError, ValueError) as error:
        print("failed", repr(error), flush=True)
"""


def tell_source(s):
    if s.recv(1):
        s.sendall(b"%d\n" % s.getpeername()[1])


class Asker:
    def __init__(self, test, *prefix, home=None, options=EBPF, **more):
        self.server, self.reading, writing = test.source_teller, *os.pipe()
        self.writing = writing
        command = [*prefix, "/usr/bin/python3", "-c", ASKER]
        self.process = (home or test.ours).start(*command, options=[*options, "--explain"], stdin=self.reading, **more)
        os.close(self.reading)
        test.addCleanup(self.end)

    def ask(self, address="127.0.0.1"):
        """'captured' or 'direct', or why it failed."""
        before = self.process.out().count("\n")
        os.write(self.writing, f"{address} {self.server.port}\n".encode())
        until(lambda: self.process.out().count("\n") > before, "it has connected", 30)
        self.last = self.process.out().splitlines()[-1]
        return self.last.split()[0]

    def pid(self):
        """Of the asker itself, wherever below hivemind-run it is."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return int(f.read().split()[-1])

    def helper(self):
        return until(lambda: helper_of(self.process.pid), "a hivemind-ebpf serves this run")

    def end(self):
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1
            self.process.returncode = self.process.wait(30)
        return self.process


class Lives(harness.Case):
    def setUp(self):
        need_privilege()
        self.before = left_cgroups()
        self.source_teller = self.server(tell_source)
        self.ours = self.home(ports=[self.source_teller.port])

    def nothing_left(self):
        until(lambda: left_cgroups() <= self.before, f"every cgroup of a run is gone: {left_cgroups() - self.before}", 10)

    def test_captured_unnoticed_and_gone_with_the_run(self):
        asker = Asker(self)
        self.assertEqual(asker.ask(), "captured")
        self.assertEqual(asker.last, f"captured 127.0.0.1 {self.source_teller.port}")
        helper, pid = asker.helper(), asker.pid()
        held = held_by(helper)
        self.assertEqual(sorted(kind for kind, _ in held), ["link"] * 7 + ["map"] * 3 + ["prog"] * 7)
        self.assertIn(f"hivemind-run-{asker.process.pid}-", cgroup_of(pid))
        self.assertNotIn("hivemind-run-", cgroup_of(self.ours.daemon()))
        with open(f"/proc/{helper}/status") as f:
            status = f.read()
        self.assertRegex(status, r"CapPrm:\s*0{15}[02]\n", "no privilege is left, but that to move processes where the cgroup is another's")
        self.assertRegex(status, r"NoNewPrivs:\s*1\n")
        done = asker.end()
        self.assertRegex(done.err(), rf"  {pid} +python3 +ebpf +1  -\n", done.describe())
        all_gone(held)
        self.nothing_left()

    def test_ipv6_and_closed_ports(self):
        asker = Asker(self)
        self.assertEqual(asker.ask("::ffff:127.0.0.1"), "captured")
        self.assertEqual(asker.last, f"captured ::ffff:127.0.0.1 {self.source_teller.port}")
        self.assertEqual(asker.ask("::1"), "failed", "our server listens on IPv4 only")
        self.assertIn("ConnectionRefusedError", asker.last)

    def test_others_are_not_touched(self):
        asker = Asker(self)
        self.assertEqual(asker.ask(), "captured")
        done = subprocess.run(["/usr/bin/python3", "-c", ASKER], input=f"127.0.0.1 {self.source_teller.port}\n", text=True,
                              capture_output=True, timeout=30)
        self.assertEqual(done.stdout, f"direct 127.0.0.1 {self.source_teller.port}\n", done.stderr)

    def test_killed_helper(self):
        asker = Asker(self)
        self.assertEqual(asker.ask(), "captured")
        helper = asker.helper()
        held = held_by(helper)
        os.kill(helper, signal.SIGKILL)
        until(lambda: asker.ask() == "direct", "connections go direct", 1)
        all_gone({one for one in held if one[0] != "map"})  # hivemind-run and the daemon still have the table
        done = asker.end()
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("failed", done.out())
        self.assertEqual(len(re.findall("hivemind-ebpf has ended", done.err())), 1, done.describe())
        all_gone(held)
        self.nothing_left()

    def test_killed_hivemind_run(self):
        asker = Asker(self)
        self.assertEqual(asker.ask(), "captured")
        helper, pid = asker.helper(), asker.pid()
        held = held_by(helper)
        os.kill(asker.process.pid, signal.SIGKILL)
        asker.process.popen.wait()
        until(lambda: asker.ask() == "direct", "connections go direct", 2)
        all_gone(held)
        os.close(asker.writing)
        asker.writing = -1
        until(lambda: gone(pid) and gone(helper), "the command ends with its input, and the helper with it")
        self.nothing_left()

    def test_killed_daemon(self):
        asker = Asker(self)
        self.assertEqual(asker.ask(), "captured")
        first = self.ours.daemon()
        os.kill(first, signal.SIGKILL)
        answers = [asker.ask() for _ in range(50)]
        self.assertEqual(set(answers), {"captured"}, "the run's own relay carries them, then the next daemon")
        until(lambda: self.ours.daemon() not in (None, first), "there is another daemon")
        self.assertEqual({asker.ask() for _ in range(20)}, {"captured"})
        self.assertNotIn("hivemind-run-", cgroup_of(self.ours.daemon()))

    def test_a_run_within_a_run(self):
        asker = Asker(self, harness.program("hivemind-run"), *EBPF, "--explain", "--")
        self.assertEqual({asker.ask() for _ in range(5)}, {"captured"})
        outer = f"hivemind-run-{asker.process.pid}-"
        inner = [path for path in left_cgroups() if path.count("hivemind-run-") == 2 and outer in path]
        self.assertEqual(len(inner), 1, left_cgroups())
        done = asker.end()
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual([int(n) for n in re.findall(r"^  \d+ +python3 +ebpf +(\d+)", done.err(), re.M)], [5], done.describe())
        self.nothing_left()

    def test_other_tiers_within_and_around(self):
        """A token of one tier is no destination for the other."""
        for outer, inner in (("ebpf", "preload"), ("preload", "ebpf")):
            with self.subTest(outer=outer, inner=inner):
                asker = Asker(self, harness.program("hivemind-run"), "--capture", inner, "--explain", "--", options=["--capture", outer])
                self.assertEqual({asker.ask() for _ in range(3)}, {"captured"})
                self.assertEqual(asker.last, f"captured 127.0.0.1 {self.source_teller.port}")
                done = asker.end()
                rows = re.findall(r"^  \d+ +python3 +(\S+) +(\d+)", done.err(), re.M)
                self.assertIn("3", [count for _, count in rows], done.describe())
        self.nothing_left()

    def test_a_daemon_started_inside_is_outside(self):
        other = os.path.join(self.folder(), "runtime")
        os.mkdir(other, 0o700)
        with harness.Home(ports=[self.source_teller.port]) as inner:
            done = self.ours.run("env", f"HIVEMIND_RUNTIME_DIR={inner.runtime}", harness.program("hivemind-run"), *EBPF, "--", "true", options=EBPF)
            self.assertEqual(done.returncode, 0, done.describe())
            self.assertEqual(cgroup_of(inner.daemon()), cgroup_of(os.getpid()))
        self.nothing_left()

    def test_processes_that_outlive_the_command(self):
        folder = self.folder()
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        with open(os.path.join(folder, "asker.py"), "w") as f:
            f.write(ASKER)
        # Without a trace in its environment: only its cgroup tells.
        command = f"env -i /usr/bin/python3 {folder}/asker.py <{fifo} >{folder}/out & exec 9>{fifo}; echo 127.0.0.1 {self.source_teller.port} >&9; " \
                  f"(sleep 0.3; echo 127.0.0.1 {self.source_teller.port}) >&9 &"
        done = self.ours.run("/bin/sh", "-c", command, options=EBPF)
        self.assertEqual(done.returncode, 0, done.describe())

        def connected():
            with open(f"{folder}/out") as f:
                return f.read().count("captured") == 2
        until(connected, "it was captured twice")
        self.nothing_left()

    def test_another_user_in_the_run(self):
        harness.need("setpriv")
        asker = Asker(self, "setpriv", "--reuid", "65534", "--clear-groups", "--")
        self.assertEqual(asker.ask(), "captured")


if __name__ == "__main__":
    harness.main()
