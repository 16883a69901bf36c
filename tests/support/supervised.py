"""What the tests of the seccomp tier share: one home whose daemon captures an echo server (`echo`; nobody
captures `plain`), and the static programs that run in it."""
import os
import re
import subprocess
import sys

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests/hazards"))
from hazard import closed_port  # noqa: E402,F401

NOBODY = 65534
SECCOMP = ["--capture", "seccomp"]


def program(name):
    path = os.path.join(harness.BUILD, "bin/supervised", name)
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{path} is not built; `make tests` builds it")
    return path


def rows(done):
    """--explain's processes: {command: [(pid, tier, captured, direct)]}."""
    found = {}
    for pid, command, tier, captured, direct in re.findall(r"^  (\d+) +(\S+) +(\S+) +(\d+)  (.*)$", done.err(), re.M):
        found.setdefault(command, []).append((int(pid), tier, int(captured), direct))
    return found


def captured(done, command):
    return sum(row[2] for row in rows(done).get(command[:15], []))


class Port:
    def __init__(self, port):
        self.port = port


class Echoes:
    """A server that keeps up with whatever connects to it, on two ports."""

    def __enter__(self):
        self.process = subprocess.Popen([program("echo")], stdout=subprocess.PIPE, text=True)
        return tuple(Port(int(self.process.stdout.readline())) for _ in range(2))

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Case(harness.Case):
    ports = ()
    config = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.echo, cls.plain = cls.enterClassContext(Echoes())
        holder, cls.closed = closed_port()
        cls.addClassCleanup(holder.close)
        cls.enterClassContext(cls.make_home())

    @classmethod
    def make_home(cls):
        cls.home_of_all = harness.Home(ports=[cls.echo.port, cls.closed, *cls.ports], config=cls.config)
        return cls.home_of_all

    def setUp(self):
        self.addCleanup(self._diagnose, self.home_of_all)

    def supervised(self, *command, options=(), **more):
        return self.home_of_all.run(*command, options=[*SECCOMP, "--explain", *options], **more)

    def same(self, name, *arguments, count=None):
        """The static program says the same without us and supervised; `count` of its connects were captured."""
        native = self.home_of_all.direct(program(name), *arguments)
        ours = self.supervised(program(name), *arguments)
        self.assertEqual((ours.returncode, ours.out()), (native.returncode, native.out()), ours.describe())
        if count is not None:
            self.assertEqual(captured(ours, name), count, ours.describe())
        return ours.out()
