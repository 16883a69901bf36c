"""What end-to-end tests are written with: a home for one user's HiveMind, the mock provider, the trap, and Case.

    class Streams(harness.Case):
        def test_stream_ends(self):
            mock = self.mock("--seed", "1")
            home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port])
            done = home.run("curl", "-sN", mock.url("/v1/messages"), ...)
            self.assertEqual(done.returncode, 0, done.describe())

Run one file by itself: HIVEMIND_BUILD=build /usr/bin/python3 tests/e2e/budget.py -v
"""
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("HIVEMIND_BUILD", os.path.join(ROOT, "build")))

SANITIZED = os.environ.get("HIVEMIND_MODE", "release") != "release"  # sanitizers hold on to memory: it says nothing then

import mock as _mock
from namespace import DIRECT, TRAP, HOSTS, Trap, enter, names  # noqa: F401  part of what tests use
from process import Process, Timeout, cpu, end, gone, memory, until  # noqa: F401
from wire import Connector, Server


def program(name):
    """The path of one of our programs; a test that needs one that is not built fails, naming it."""
    path = os.path.join(BUILD, "bin", name)
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{path} is not built; `make tests` builds it")
    return path


def need(*programs):
    """Skips, aloud, where a foreign program is not installed."""
    for name in programs:
        if not shutil.which(name):
            raise unittest.SkipTest(f"{name} is not installed; `make deps` installs it")


def toml(values, sections=()):
    """`values` is {key: value or {key: value}}; `sections` is [(name, {key: value})], each an entry of an array."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for name, table in values.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for name, table in sections:
        lines += ["", f"[[{name}]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def route(host, mock, **more):
    """One [[upstream]]: traffic for `host` goes to `mock`, verified with its root when it speaks TLS."""
    way = {"host": host, "address": mock.address, "port": mock.port, **more}
    way.update({"ca_file": mock.ca} if mock.ca else {"plain": True})
    return way


class Home:
    """One user's HiveMind: its own runtime, state and home folder and hivemind.toml. Ends its daemon when it ends."""

    def __init__(self, *routes, ports=(443,), config=None, env=None):
        self.folder = tempfile.mkdtemp(prefix="hm-")
        self.runtime, self.state = os.path.join(self.folder, "run"), os.path.join(self.folder, "state")
        self.config = os.path.join(self.folder, "hivemind.toml")
        for path in (self.runtime, self.state, os.path.join(self.folder, "home"), os.path.join(self.folder, "tmp")):
            os.mkdir(path, 0o700)
        self.write_config({"ports": list(ports), **(config or {})}, [("upstream", way) for way in routes])
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "TERM": "dumb",
            "HOME": os.path.join(self.folder, "home"), "TMPDIR": os.path.join(self.folder, "tmp"),
            "HIVEMIND_RUNTIME_DIR": self.runtime, "HIVEMIND_STATE_DIR": self.state, "HIVEMIND_CONFIG": self.config,
            **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ},
            **(env or {})}
        self.started = []

    def write_config(self, values, sections=()):
        with open(self.config, "w") as f:
            f.write(toml(values, sections))

    def start(self, *command, options=(), env=None, **more):
        """Starts a command under hivemind-run; it is stopped with the home."""
        process = Process([program("hivemind-run"), *options, "--", *command], self.folder,
                          name=os.path.basename(command[0]), env={**self.env, **(env or {})}, **more)
        self.started.append(process)
        return process

    def run(self, *command, options=(), env=None, seconds=60.0, **more):
        """Runs it to its end; `.returncode`, `.out()`, `.err()`."""
        process = self.start(*command, options=options, env=env, **more)
        process.returncode = process.wait(seconds)
        return process

    def direct(self, *command, env=None, seconds=60.0, **more):
        """The same command with the same environment, without hivemind-run."""
        process = Process(command, self.folder, env={**self.env, **(env or {})}, **more)
        self.started.append(process)
        process.returncode = process.wait(seconds)
        return process

    def control(self, *arguments, seconds=15.0):
        """hivemindctl ARGUMENTS, as a CompletedProcess with text."""
        return subprocess.run([program("hivemindctl"), *arguments], env=self.env, capture_output=True, text=True, timeout=seconds)

    def status(self):
        done = self.control("status", "--json")
        if done.returncode != 0:
            raise AssertionError(f"hivemindctl status --json: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def daemon(self):
        """The daemon's process id, told by the kernel; None when nobody listens on the control socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            try:
                s.connect(os.path.join(self.runtime, "control.sock"))
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def up(self):
        """Makes sure the daemon runs, the way users get it: some command under hivemind-run. Returns its pid."""
        done = self.run("true")
        if done.returncode != 0:
            raise AssertionError(done.describe())
        return until(self.daemon, "the daemon listens on its control socket")

    def log(self):
        path = os.path.join(self.state, "hivemindd.log")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as f:
            return f.read()

    def stop(self):
        for process in self.started:
            process.stop()
        pid = self.daemon()
        if pid:
            try:
                self.control("stop")
                until(lambda: gone(pid), "hivemindctl stop ends the daemon", 5)
            except (Timeout, AssertionError, subprocess.TimeoutExpired):
                end(pid, "hivemindd", 5)

    def describe(self):
        return "".join(process.describe() for process in self.started[-3:]) + f"--- hivemindd.log\n{self.log()[-6000:]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """Cleans up what it uses in reverse order; a failed test prints what that knows before it goes."""

    maxDiff = 4000

    def using(self, context):
        value = self.enterContext(context)
        self.addCleanup(self._diagnose, value)
        return value

    def _diagnose(self, value):
        if not self._outcome.success and hasattr(value, "describe"):
            print(f"\n=== {self.id()}: {type(value).__name__}\n{value.describe()}", file=sys.stderr)

    def folder(self):
        return self.enterContext(tempfile.TemporaryDirectory(prefix="hm-test-"))

    def mock(self, *flags, **more):
        return self.using(_mock.Mock(program("hivemind-mock"), self.folder(), *flags, **more))

    def home(self, *routes, **more):
        return self.using(Home(*routes, **more))

    def connector(self, home, **more):
        return self.using(Connector(home, **more))

    def server(self, handler, **more):
        return self.using(Server(handler, **more))

    def trap(self):
        """A trap that fails the test when anything reached it."""
        trap = self.using(Trap())
        self.addCleanup(trap.check)
        return trap


class ControlConnection(http.client.HTTPConnection):
    """The control socket, for tests that speak to it themselves."""

    def __init__(self, home):
        super().__init__("hivemind", timeout=10)
        self._path = os.path.join(home.runtime, "control.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def main():
    """`unittest.main`, ended in order also by SIGTERM, so that contexts clean up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
