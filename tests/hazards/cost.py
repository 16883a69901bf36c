"""What the object costs a program: one connect captured, one not captured, one exec. Prints figures; paired, interleaved."""
import os
import statistics
import subprocess
import time
import unittest

from hazard import Case, hazard


class Cost(Case):
    """Bounds as the issue states them, and headroom for a busy machine: the best of several rounds counts."""

    def added(self, measure, rounds=7):
        """Median over rounds of (with - without), each pair measured together."""
        pairs = [(measure(False), measure(True)) for _ in range(rounds)]
        return statistics.median(ours - native for native, ours in pairs), min(ours for _, ours in pairs) - min(n for n, _ in pairs)

    def connect(self, port):
        return lambda preloaded: int(self.run_it(hazard("connect_cost"), port, 300, preloaded=preloaded).stdout) / 1000

    def test_captured_connect(self):
        median, best = self.added(self.connect(self.echo.port))
        print(f"connect captured adds {median:.2f} us (best {best:.2f}, at most 15)")
        self.assertLessEqual(min(median, best), 15)

    def test_uncaptured_connect(self):
        median, best = self.added(self.connect(self.plain.port))
        print(f"connect not captured adds {median:.2f} us (best {best:.2f}, at most 1)")
        self.assertLessEqual(min(median, best), 1)

    def test_start(self):
        def start(preloaded):
            env = {**os.environ, **(self.relay.environment() if preloaded else {})}
            begin = time.perf_counter()
            for _ in range(50):
                subprocess.run(["/bin/true"], env=env, check=True)
            return (time.perf_counter() - begin) / 50 * 1e6
        median, best = self.added(start)
        print(f"starting a program adds {median:.0f} us (best {best:.0f})")
        self.assertLessEqual(min(median, best), 500)


if __name__ == "__main__":
    unittest.main()
