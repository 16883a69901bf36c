#!/usr/bin/python3
"""Job control: under a shell on a terminal, hivemind-run stops, continues and ends as its command would alone."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from fake_home import FakeHome, children, kill_tree, until

# Tells which signals it gets and how often; ends at the number of SIGINTs given.
LISTENER = r"""
import os, signal, sys, time
def told(number, frame): os.write(1, f"<{signal.Signals(number).name}>\n".encode())
for name in sys.argv[1].split(','): signal.signal(getattr(signal, name), told)
os.write(1, b"<ready>\n")
while True: signal.pause()
"""


class Terminal:
    """An interactive bash on a pseudo terminal."""

    def __init__(self, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"],
                      {**home.env, "PS1": "[$?]$ ", "TERM": "dumb", "RUN": home.program, "HISTFILE": "/dev/null"})
        self.seen = ""
        self.expect(r"\$ $")

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def expect(self, pattern, seconds=15):
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{pattern!r} did not come: {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace").replace("\r", "")
        return match

    def __enter__(self):
        return self

    def __exit__(self, *_):
        kill_tree(self.pid)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def state(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rpartition(")")[2].split()[0]


def name(pid):
    with open(f"/proc/{pid}/comm") as f:
        return f.read().strip()


class JobControl(unittest.TestCase):
    def setUp(self):
        self.home = self.enterContext(FakeHome())
        self.assertEqual(self.home.run("true").returncode, 0)
        with open(f"{self.home.folder}/listener.py", "w") as f:
            f.write(LISTENER)

    def terminal(self):
        return self.enterContext(Terminal(self.home))

    def listener(self, signals="SIGINT,SIGTERM,SIGHUP,SIGUSR1,SIGUSR2,SIGQUIT,SIGWINCH"):
        return f"/usr/bin/python3 {self.home.folder}/listener.py {signals}"

    def test_interrupt_reaches_both_once(self):
        t = self.terminal()
        t.type(f"$RUN {self.listener()}\n")
        t.expect("<ready>")
        for key, name in (("\x03", "SIGINT"), ("\x1c", "SIGQUIT")):
            t.type(key)
            t.expect(f"<{name}>")
            with self.assertRaises(AssertionError):
                t.expect(rf"<{name}>(.|\n)*<{name}>", 0.3)
        run, = children(t.pid)
        agent = children(run)[0]
        os.kill(agent, signal.SIGKILL)
        t.expect(r"\[137\]\$ $")

    def test_interrupt_kills_a_command_and_stops_the_script(self):
        t = self.terminal()
        t.type("for i in 1 2; do echo turn; $RUN sleep 100; done\n")
        run = until(lambda: children(t.pid), "hivemind-run starts")[0]
        until(lambda: children(run) and name(children(run)[0]) == "sleep", "sleep runs")
        t.type("\x03")
        t.expect(r"\[130\]\$ $")
        self.assertEqual(t.seen.count("\nturn\n"), 1)

    def test_stop_and_continue(self):
        t = self.terminal()
        t.type(f"$RUN {self.listener()}\n")
        t.expect("<ready>")
        run, = children(t.pid)
        agent = children(run)[0]
        for _ in range(3):
            t.type("\x1a")
            t.expect(r"Stopped")
            t.expect(r"\$ $")
            self.assertEqual((state(run), state(agent)), ("T", "T"))
            t.type("fg\n")
            until(lambda: state(run) == "S" and state(agent) == "S", "both go on")
        t.type("\x1a")
        t.expect(r"\$ $")
        t.type("bg\n")
        until(lambda: state(run) == "S" and state(agent) == "S", "both go on in the background")
        t.type("kill -KILL %1; wait %1\n")
        t.expect(r"\[137\]\$ $")

    def test_a_command_that_stops_itself(self):
        for number in ("STOP", "TSTP"):
            with self.subTest(number):
                t = self.terminal()
                t.type(f"$RUN sh -c 'kill -{number} $$; echo went on'\n")
                t.expect(r"Stopped")
                t.expect(r"\$ $")
                t.type("fg\n")
                t.expect(r"\nwent on\n")
                t.expect(r"\[0\]\$ $")

    def test_the_command_has_the_terminal(self):
        t = self.terminal()
        t.type("$RUN sh -c 'stty size; read line; echo got $line; tty'\n")
        t.expect(r"\d+ \d+\n")
        t.type("words\n")
        t.expect(r"got words\n/dev/pts/\d+\n")
        t.expect(r"\[0\]\$ $")

    def test_a_resized_window_is_told_once(self):
        t = self.terminal()
        t.type(f"$RUN {self.listener()}\n")
        t.expect("<ready>")
        t.seen = ""
        fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("4H", 50, 100, 0, 0))
        t.expect("<SIGWINCH>")
        with self.assertRaises(AssertionError):
            t.expect(r"<SIGWINCH>(.|\n)*<SIGWINCH>", 0.3)

    def test_signals_sent_to_us_alone_are_passed_on(self):
        names = "SIGINT,SIGTERM,SIGHUP,SIGUSR1,SIGUSR2,SIGQUIT,SIGWINCH,SIGALRM"
        process = self.home.start(*self.listener(names).split())
        self.assertEqual(process.stdout.readline(), "<ready>\n")
        for name in names.split(","):
            os.kill(process.pid, getattr(signal, name))
            self.assertEqual(process.stdout.readline(), f"<{name}>\n")
        agent = children(process.pid)[0]
        os.kill(agent, signal.SIGTERM)
        self.assertEqual(process.stdout.readline(), "<SIGTERM>\n")
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(agent, signal.SIGSTOP)
        until(lambda: state(agent) == "T", "the command stops")
        os.kill(process.pid, signal.SIGCONT)
        until(lambda: state(agent) == "S", "continuing us continues the command")
        os.kill(agent, signal.SIGSTOP)  # by somebody who watches the command itself: we go on
        until(lambda: state(agent) == "T", "the command stops")
        until(lambda: state(process.pid) == "S", "we do not stop")
        os.kill(agent, signal.SIGCONT)
        os.kill(agent, signal.SIGKILL)
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, -signal.SIGKILL)

    def test_a_group_signal_of_the_command_itself_is_not_doubled(self):
        script = "trap 'echo got' TERM; kill -TERM 0; kill -TERM 0; echo end"
        process = self.home.start("sh", "-c", script, start_new_session=True)
        out, _ = process.communicate(timeout=10)
        self.assertEqual(out, "got\ngot\nend\n")

    def test_what_the_parent_ignored_stays_ignored(self):
        def ignore():
            for number in ignoring:
                signal.signal(number, signal.SIG_IGN)

        ignoring = (signal.SIGHUP, signal.SIGINT, signal.SIGCHLD)
        done = self.home.run("grep", "-E", "SigBlk|SigIgn", "/proc/self/status", preexec_fn=ignore)
        self.assertEqual(done.returncode, 0)
        blocked, ignored = [int(line.split()[1], 16) for line in done.stdout.splitlines()]
        self.assertEqual(blocked, 0)
        for number in ignoring:
            self.assertTrue(ignored >> (number - 1) & 1, number)
        direct = subprocess.run(["grep", "SigIgn", "/proc/self/status"], stdout=subprocess.PIPE, text=True, restore_signals=True)
        done = self.home.run("grep", "SigIgn", "/proc/self/status", restore_signals=True)
        threads_own = 0b11 << 31  # 32 and 33 are the C library's, and a sanitizer's runtime changes them
        self.assertEqual(*(int(p.stdout.split()[1], 16) & ~threads_own for p in (done, direct)))

    def test_nothing_is_written_to_a_terminal_in_use(self):
        t = self.terminal()
        t.type("$RUN sh -c 'echo begin; read x; echo end'\n")
        t.expect("begin\n")
        t.seen = ""
        self.home.kill_daemon()
        until(lambda: len(self.home.events("start")) == 2 and len(self.home.events("hello")) == 3, "the daemon is back")
        with self.assertRaises(AssertionError):
            t.expect("daemon", 0.3)
        t.type("\n")
        t.expect(r"end\n(.|\n)*daemon went away(.|\n)*is back after")
        t.expect(r"\[0\]\$ $")


if __name__ == "__main__":
    unittest.main(verbosity=2)
