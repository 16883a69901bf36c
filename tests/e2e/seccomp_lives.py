#!/usr/bin/python3
"""The seccomp tier: whoever dies, stops or may not be looked into, the run's processes go on connecting."""
import json
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from harness import gone, until
from supervised import NOBODY, SECCOMP, Case, captured, program, rows


def children(pid, name):
    """Its child processes that are called that."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split() if comm(child) == name]


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


class Asked:
    """A supervised process that connects when it is told to."""

    def __init__(self, home, port, *arguments, options=SECCOMP, **more):
        self.reading, self.writing = os.pipe()
        self.process = home.start(program("asked"), str(port), *arguments, options=[*options, "--explain"], stdin=self.reading, **more)
        os.close(self.reading)
        self.pid = until(self._agent, "the agent runs")

    def _agent(self):
        found = children(self.process.pid, "asked")
        return found[0] if found else None

    def ask(self):
        before = self.process.out().count("echoes")
        os.write(self.writing, b"\n")
        until(lambda: self.process.out().count("echoes") > before, "it has connected")
        return self.process.out().splitlines()[-2:]

    def end(self):
        os.close(self.writing)
        self.process.returncode = self.process.wait(20)
        return self.process

    def holder(self):
        found = children(self.process.pid, "hivemind-holder")
        return found[0] if found else None


class Hammer:
    """A supervised process that connects all the time from four threads."""

    def __init__(self, home, port):
        reading, self.writing = os.pipe()
        self.process = home.start(program("hammer"), str(port), options=SECCOMP, stdin=reading)
        os.close(reading)
        self.goes_on()
        self.pid, = children(self.process.pid, "hammer")

    def goes_on(self):
        before = len(self.process.out())
        until(lambda: len(self.process.out()) > before + 20, "it connects", 15)

    def verdict(self):
        os.close(self.writing)
        until(lambda: gone(self.pid), "it ends")
        return self.process.out().splitlines()[-1]

    def holder(self):
        return next(iter(children(self.process.pid, "hivemind-holder")), None)


WELL = ["connect: 0 ", "echoes: 1"]


class Lives(Case):
    def test_captured_and_told_by_process(self):
        asked = Asked(self.home_of_all, self.echo.port)
        self.assertEqual([asked.ask(), asked.ask()], [WELL, WELL])
        done = asked.end()
        self.assertEqual([(row[0], row[2]) for row in rows(done)["asked"]], [(asked.pid, 2)], done.describe())

    def test_killed_daemon_is_made_up_for(self):
        asked = Asked(self.home_of_all, self.echo.port)
        self.assertEqual(asked.ask(), WELL)
        for _ in range(3):
            os.kill(until(self.home_of_all.daemon, "there is a daemon"), signal.SIGKILL)
            self.assertEqual(asked.ask(), WELL)
        done = asked.end()
        self.assertEqual(captured(done, "asked"), 4, done.describe())

    def test_killed_hivemind_run_leaves_a_listener(self):
        asked = Asked(self.home_of_all, self.echo.port)
        self.assertEqual(asked.ask(), WELL)
        holder = until(asked.holder, "there is a holder")
        os.kill(asked.process.pid, signal.SIGKILL)
        asked.process.popen.wait()
        for _ in range(20):
            self.assertEqual(asked.ask(), WELL)
        os.close(asked.writing)
        until(lambda: gone(asked.pid) and gone(holder), "both end")

    def test_killed_holder_is_replaced(self):
        asked = Asked(self.home_of_all, self.echo.port)
        first = until(asked.holder, "there is a holder")
        os.kill(first, signal.SIGKILL)
        second = until(lambda: asked.holder() not in (None, first) and asked.holder(), "there is another one")
        self.assertEqual(asked.ask(), WELL)
        os.kill(asked.process.pid, signal.SIGKILL)
        asked.process.popen.wait()
        self.assertEqual(asked.ask(), WELL)
        os.close(asked.writing)
        until(lambda: gone(asked.pid) and gone(second), "both end")

    def test_stopped_hivemind_run_stops_nobody(self):
        asked = Asked(self.home_of_all, self.echo.port)
        self.assertEqual(asked.ask(), WELL)
        os.kill(asked.process.pid, signal.SIGSTOP)
        self.assertEqual(asked.ask(), WELL)
        os.kill(asked.process.pid, signal.SIGCONT)
        self.assertEqual(asked.ask(), WELL)
        done = asked.end()
        self.assertIn(captured(done, "asked"), (2, 3), done.describe())  # the middle one may have waited for us

    def test_killed_while_calls_are_in_hand(self):
        for _ in range(5):
            hammer = Hammer(self.home_of_all, self.echo.port)
            os.kill(hammer.process.pid, signal.SIGKILL)
            hammer.process.popen.wait()
            hammer.goes_on()
            self.assertEqual(hammer.verdict(), "failed 0 ")

    def test_stopped_and_continued_while_calls_are_in_hand(self):
        hammer = Hammer(self.home_of_all, self.echo.port)
        for _ in range(3):
            os.kill(hammer.process.pid, signal.SIGSTOP)
            hammer.goes_on()
            os.kill(hammer.process.pid, signal.SIGCONT)
            hammer.goes_on()
        self.assertEqual(hammer.verdict(), "failed 0 ")
        self.assertEqual(hammer.process.wait(), 0)

    def test_holders_die_while_calls_are_in_hand(self):
        hammer = Hammer(self.home_of_all, self.echo.port)
        for _ in range(10):
            os.kill(until(hammer.holder, "there is a holder"), signal.SIGKILL)
            hammer.goes_on()
        self.assertEqual(hammer.verdict(), "failed 0 ")
        self.assertEqual(hammer.process.wait(), 0)

    @unittest.skipIf(os.environ.get("HIVEMIND_MODE") == "tsan", "TSan lets no thread be started after the fork of a keeper")
    def test_processes_that_outlive_the_command(self):
        folder = self.folder()
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        command = f"{program('asked')} {self.echo.port} <{fifo} >{folder}/out & exec 9>{fifo}; echo >&9; echo $! >{folder}/pid; (sleep 0.2; echo; echo) >&9 &"
        done = self.supervised("/bin/sh", "-c", command)
        self.assertEqual(done.returncode, 0, done.describe())
        with open(f"{folder}/pid") as f:
            pid = int(f.read())

        def connected():
            with open(f"{folder}/out") as f:
                return f.read().count("echoes: 1") == 3
        until(connected, "it has connected three times")
        until(lambda: gone(pid), "it ends with its input")

    def test_killed_and_replaced_while_they_connect(self):
        done = self.supervised(program("killed"), self.echo.port)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(done.out(), "ended otherwise than killed: 0\n" + "connect: 0 \n" * 20)
        self.no_slot_is_held()

    def test_dynamic_children_are_captured_once(self):
        script = f"{program('connect_once')} {self.echo.port} 3; /usr/bin/python3 -c 'import socket; s = socket.create_connection((\"127.0.0.1\", {self.echo.port})); print(s.getpeername()[1])'"
        done = self.supervised("/bin/sh", "-c", script)
        self.assertEqual((done.returncode, done.out()), (0, f"{self.echo.port}\n"), done.describe())
        self.assertEqual((captured(done, "connect_once"), captured(done, "python3")), (3, 1), done.describe())

    def test_run_inside_a_supervised_run(self):
        inner = [harness.program("hivemind-run"), *SECCOMP, program("connect_once"), str(self.echo.port)]
        done = self.supervised(*inner)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertIn("already supervises", done.err())
        self.assertEqual(captured(done, "connect_once"), 1, done.describe())

    def test_run_inside_a_supervised_run_may_insist(self):
        inner = [harness.program("hivemind-run"), *SECCOMP, "--fail", "closed", "echo", "ran"]
        done = self.supervised(*inner)
        self.assertEqual((done.returncode, done.out()), (125, ""), done.describe())

    def test_daemon_inside_a_supervised_run_is_let_go(self):
        # It asks the mock at a port that the outer run captures.
        mock = self.mock()
        outer = self.home(ports=[mock.port])
        inner = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port])
        question = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]})
        own = [f"{name}={inner.env[name]}" for name in ("HIVEMIND_RUNTIME_DIR", "HIVEMIND_STATE_DIR", "HIVEMIND_CONFIG")]
        done = outer.run("env", *own, harness.program("hivemind-run"), "--summary", "--", "curl", "-sS", mock.url("/v1/messages"),
                         "-H", "x-api-key: k", "-H", "content-type: application/json", "-d", question,
                         options=[*SECCOMP, "--explain"])
        self.assertIn("Hello", done.out(), done.describe())
        self.assertIn("requests  1\n", done.err(), done.describe())
        self.assertEqual((captured(done, "hivemindd"), captured(done, "curl")), (0, 0), done.describe())

    def test_disabled_program_is_let_go(self):
        done = self.supervised("env", "HIVEMIND_DISABLE=1", program("connect_once"), str(self.echo.port))
        self.assertEqual((done.returncode, captured(done, "connect_once")), (0, 0), done.describe())

    def test_pid_namespace(self):
        self.need_root()
        done = self.supervised("unshare", "-fp", "--kill-child", program("connect_once"), self.echo.port)
        self.assertEqual((done.returncode, captured(done, "connect_once")), (0, 1), done.describe())

    def test_other_network(self):
        self.need_root()
        done = self.supervised("unshare", "-n", "sh", "-c", f"ip link set lo up; exec {program('asked')} {self.echo.port}",
                               stdin=self.one_line())
        self.assertIn("connect: -1 Connection refused", done.out(), done.describe())
        self.assertEqual(captured(done, "asked"), 0, done.describe())

    def test_rights_are_only_locked_where_they_must_be(self):
        done = self.supervised("grep", "NoNewPrivs", "/proc/self/status")
        self.assertIn(f"NoNewPrivs:\t{0 if os.getuid() == 0 else 1}", done.out(), done.describe())

    def need_root(self):
        if os.getuid() != 0:
            self.skipTest("needs root")

    def one_line(self):
        reading, writing = os.pipe()
        os.write(writing, b"\n")
        os.close(writing)
        self.addCleanup(os.close, reading)
        return reading

    def no_slot_is_held(self):
        # The run is over and its table gone; the daemon counts what it still holds.
        until(lambda: not os.listdir(os.path.join(self.home_of_all.runtime, "runs")), "the run's table is gone")


class OrdinaryUser(Case):
    """The same for somebody who may not look into just any process."""

    @classmethod
    def make_home(cls):
        if os.getuid() != 0:
            raise unittest.SkipTest("everything here runs as an ordinary user already")
        home = super().make_home()
        for folder, _, files in os.walk(home.folder):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, NOBODY, NOBODY)
        return home

    def supervised(self, *command, **more):
        return super().supervised(*command, user=NOBODY, **more)

    def test_is_captured(self):
        done = self.supervised(program("connect_once"), self.echo.port)
        self.assertEqual((done.returncode, captured(done, "connect_once")), (0, 1), done.describe())

    def test_rights_are_locked(self):
        done = self.supervised("grep", "NoNewPrivs", "/proc/self/status")
        self.assertIn("NoNewPrivs:\t1", done.out(), done.describe())

    def test_setuid_program_gains_nothing(self):
        copy = os.path.join(self.home_of_all.folder, "id")
        shutil.copy("/usr/bin/id", copy)
        os.chmod(copy, 0o4755)
        if self.home_of_all.direct(copy, "-u", user=NOBODY).out() != "0\n":
            self.skipTest("setuid has no effect in this folder")
        done = self.supervised(copy, "-u")
        self.assertEqual(done.returncode, 0, done.describe())
        done = self.supervised("sh", "-c", f"{copy} -u")
        self.assertEqual((done.returncode, done.out()), (0, f"{NOBODY}\n"), done.describe())

    def test_sandbox_with_namespaces_of_its_own(self):
        harness.need("bwrap")
        sandbox = ["bwrap", "--dev-bind", "/", "/", "--unshare-all", "--share-net", "--die-with-parent"]
        if self.home_of_all.direct(*sandbox, "true", user=NOBODY).returncode != 0:
            self.skipTest("bwrap makes no sandbox here")
        done = self.supervised(*sandbox, program("connect_once"), self.echo.port)
        self.assertEqual((done.returncode, captured(done, "connect_once")), (0, 1), done.describe())

    def test_process_that_lets_nobody_look_is_let_go_and_told(self):
        asked = Asked(self.home_of_all, self.echo.port, "closed", user=NOBODY)
        self.assertEqual(asked.ask(), WELL)
        done = asked.end()
        self.assertEqual(captured(done, "asked"), 0, done.describe())
        self.assertIn("look into", rows(done)["asked"][0][3], done.describe())


if __name__ == "__main__":
    harness.main()
