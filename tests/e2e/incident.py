#!/usr/bin/python3
"""What `make demo` shows is true, and it leaves nothing behind, also when it is interrupted."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

DEMO = os.path.join(harness.ROOT, "examples", "incident", "demo")


def content(path):
    """Empty when we may not read it: the daemon hides its environment, also from its user."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def running(folder):
    """Command lines of processes whose command line or environment names `folder`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        line = content(f"/proc/{pid}/cmdline")
        if int(pid) != os.getpid() and line and folder.encode() in content(f"/proc/{pid}/environ") + line:
            found.append(line)
    return found


class Incident(harness.Case):
    def demo(self, *flags):
        self.temporary = self.folder()
        return harness.Process([DEMO, "--build", harness.BUILD, *flags], self.folder(), name="demo",
                               env=dict(os.environ, TMPDIR=self.temporary))

    def assert_nothing_left(self):
        harness.until(lambda: not running(self.temporary), "all that the demo started has ended")
        self.assertEqual(os.listdir(self.temporary), [])

    def test_hivemind_keeps_all_agents_alive(self):
        for flags in ((), ("--plain", "--retries", "2", "--only", "hivemind")):
            with self.subTest(flags=flags):
                demo = self.using(self.demo("--speed", "10", *flags))
                self.assertEqual(demo.wait(100), 0, demo.describe())
                self.assertRegex(demo.out(), re.compile(r"^hivemind: 11 of 11 alive ", re.M))
                if not flags:
                    self.assertRegex(demo.out(), re.compile(r"^direct: (10|\d) of 11 alive ", re.M))
                self.assert_nothing_left()

    def test_an_interrupt_cleans_up(self):
        demo = self.using(self.demo("--only", "hivemind"))
        harness.until(lambda: any(b"hivemindd" in line for line in running(self.temporary)), "the daemon runs", 20)
        demo.popen.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(30), 130, demo.describe())
        self.assert_nothing_left()

    def test_a_missing_program_is_named(self):
        done = subprocess.run([DEMO, "--build", self.folder()], capture_output=True, text=True, timeout=10, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("hivemind-mock is missing", done.stderr)


if __name__ == "__main__":
    harness.main()
