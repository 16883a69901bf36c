#!/usr/bin/python3
"""The eBPF tier: programs that no preload object reaches, those that one does, and each behaves as without us."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from kernel import EBPF, need_privilege
from supervised import captured, program, rows
from hazard import closed_port
from relay import Echo

QUESTION = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]})
PYTHON = "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), {'content-type': 'application/json'})).read().decode())"


def hazard(name):
    return os.path.join(harness.BUILD, "bin/hazards", name)


class Clients(harness.Case):
    def setUp(self):
        need_privilege()
        self.provider = self.mock()
        self.world = self.home(harness.route("127.0.0.1", self.provider, dialect="anthropic"), ports=[self.provider.port])
        self.url = self.provider.url("/v1/messages")

    def ask(self, *command, name=None, count=1, options=EBPF, **more):
        done = self.world.run(*command, options=[*options, "--explain", "--summary"], **more)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertIn("Hello from the mock server.", done.out(), done.describe())
        self.assertRegex(done.err(), r"requests  1[,\n]", done.describe())
        found = [row[1:3] for row in rows(done)[(name or os.path.basename(command[0]))[:15]]]
        self.assertEqual(found, [("ebpf", count)], done.describe())

    def test_curl(self):
        self.ask("curl", "-sS", "-H", "content-type: application/json", "-d", QUESTION, self.url)

    def test_python(self):
        self.ask("/usr/bin/python3", "-c", PYTHON, self.url, QUESTION)

    def test_static_c(self):
        self.ask(program("ask"), "127.0.0.1", str(self.provider.port), "/v1/messages", QUESTION)

    def test_static_musl(self):
        harness.need("musl-gcc")
        self.ask(program("ask.musl"), "127.0.0.1", str(self.provider.port), "/v1/messages", QUESTION)

    def test_static_go_with_goroutines(self):
        harness.need("go")
        self.ask(program("ask_go"), self.url, QUESTION, f"127.0.0.1:{self.provider.port}", "2000", count=2001, seconds=120)

    def test_chosen_for_a_static_program(self):
        self.ask(program("ask"), "127.0.0.1", str(self.provider.port), "/v1/messages", QUESTION, options=())

    def test_setuid_program(self):
        harness.need("setpriv")
        self.ask("setpriv", "--reuid", "65534", "--clear-groups", "--", "curl", "-sS", "-H", "content-type: application/json", "-d",
                 QUESTION, self.url, name="curl")


class Same(harness.Case):
    """The hazards' programs tell the same natively and captured."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_privilege()
        cls.echo = Echo()
        cls.addClassCleanup(cls.echo.close)
        holder, cls.closed = closed_port()
        cls.addClassCleanup(holder.close)
        cls.world = cls.enterClassContext(harness.Home(ports=[cls.echo.port, cls.closed]))

    def same(self, name, *arguments, count=None):
        arguments = [str(a) for a in arguments] or [str(self.echo.port)]
        native = self.world.direct(hazard(name), *arguments)
        ours = self.world.run(hazard(name), *arguments, options=[*EBPF, "--explain"])
        self.assertEqual((ours.returncode, ours.out()), (native.returncode, native.out()), ours.describe())
        if count is not None:
            self.assertEqual(captured(ours, name), count, ours.describe())
        return ours

    def test_C1_errno(self):
        self.same("C1_errno")

    def test_C2_nonblocking(self):
        self.same("C2_nonblocking")

    def test_C5_second_connect(self):
        self.same("C5_second_connect")

    def test_C6_unspec(self):
        self.same("C6_unspec")

    def test_C7_bad_pointers(self):
        self.same("C7_bad_pointers")

    def test_C8_sockaddr(self):
        self.same("C8_sockaddr")

    def test_C9_getpeername(self):
        self.same("C9_getpeername")

    def test_C10_v6_sockets(self):
        self.same("C10_v6_sockets")

    def test_C12_bound_source(self):
        self.same("C12_bound_source")

    def test_C13_fast_open(self):
        self.same("C13_fast_open")

    def test_C14_udp(self):
        self.same("C14_udp")

    def test_C15_other_families(self):
        self.same("C15_other_families")

    def test_C16_mptcp(self):
        self.same("C16_mptcp")

    def test_C17_special(self):
        self.same("C17_special")

    def test_C19_io_uring(self):
        self.same("C19_io_uring")

    def test_C20_raw_syscall(self):
        self.same("C20_raw_syscall")

    def test_C21_payload(self):
        self.same("C21_payload", count=1)

    def test_C22_half_close(self):
        self.same("C22_half_close")

    def test_P1_fork(self):
        self.same("P1_fork")

    def test_P2_vfork(self):
        self.same("P2_vfork")

    def test_P5_fd_reuse(self):
        self.same("P5_fd_reuse")

    def test_P6_signal(self):
        self.same("P6_signal")

    def test_closed_port(self):
        self.same("closed_port", self.closed)


if __name__ == "__main__":
    harness.main()
