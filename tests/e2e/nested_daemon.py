#!/usr/bin/python3
"""A daemon that is started from inside a run is not captured itself: it would redirect its own upstream connections."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness


class NestedDaemon(harness.Case):
    def test_a_daemon_started_inside_a_run_is_not_preloaded(self):
        if os.getuid() != 0:
            self.skipTest("needs root: the daemon's memory map is private")
        home = self.home()
        other = os.path.join(self.folder(), "runtime")
        os.mkdir(other, 0o700)
        done = home.run("env", "HIVEMIND_RUNTIME_DIR=" + other, harness.program("hivemind-run"), "true")
        self.assertEqual(done.returncode, 0, done.describe())
        with open(os.path.join(other, "daemon.lock")) as lock:
            daemon = int(lock.read())
        try:
            with open(f"/proc/{daemon}/maps") as maps:
                self.assertNotIn("libhivemind-preload", maps.read())
        finally:
            os.kill(daemon, signal.SIGTERM)


if __name__ == "__main__":
    harness.main()
