#!/usr/bin/python3
"""The daemon is killed with -9 while twenty clients stream: new connections succeed at once, in the runs that lost it
and in new ones, and every client that tries its broken exchange again completes."""
import http.client
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

CLIENTS = 20
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/ask_until_done.py")
WIDE = {"requests_per_minute": "unlimited", "tokens_per_minute": "unlimited", "concurrency": 64, "max_concurrency": 64}


class Kill9(harness.Case):
    def test_everyone_survives(self):
        mock = self.mock("--gap", "50ms", "--text", "word " * 60)
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"provider.anthropic": WIDE})
        first = home.up()
        bystander = self.connector(home)
        runs = [home.start("/usr/bin/python3", PROGRAM, mock.address, str(mock.port), options=("--name", f"agent-{i}"))
                for i in range(CLIENTS)]
        harness.until(lambda: mock.stats()["in_flight"] == CLIENTS, f"{CLIENTS} clients stream", 30, every=0.05)

        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        for _ in range(10):  # connections of a run that has just lost its daemon
            started = time.monotonic()
            connection = http.client.HTTPConnection(mock.address, mock.port, timeout=10)
            connection.sock = bystander.connect(mock.address, mock.port)
            connection.request("GET", "/v1/models")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            self.assertLess(time.monotonic() - started, 1.0)
        done = home.run("curl", "-sS", "--fail", mock.url("/v1/models"))  # and of a run that starts now
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertLess(time.monotonic() - killed, 5.0)

        for run in runs:
            self.assertEqual(run.wait(60), 0, run.describe())
        tries = [int(re.search(r"tries=(\d+)", run.out()).group(1)) for run in runs]
        self.assertEqual(max(tries), 2, f"one broken exchange each, so one more try: {tries}")
        self.assertGreaterEqual(mock.stats()["completed"], CLIENTS)
        self.assertNotIn(harness.until(home.daemon, "a new daemon serves"), (first, None))


if __name__ == "__main__":
    harness.main()
