#!/usr/bin/python3
"""Fifty runs at once on one account of 50 requests a minute (a minute lasts 6 s): all finish, the provider hardly
ever says 429, and hivemindctl shows them while they run."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

RUNS, TURNS = 50, 3
QUESTION = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]}


class Fifty(harness.Case):
    def test_a_bucket_is_kept(self):
        self.all_finish_within("requests=50")

    def test_a_fixed_window_that_counts_rejections_is_kept(self):
        self.all_finish_within("requests=50,window,count-rejected")

    def all_finish_within(self, limit):
        mock = self.mock("--limit", limit, "--speed", "10", "--latency", "500ms+-200ms")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"scheduler": {"minute": "6s", "backoff_base": "100ms"}})
        url = mock.url("/v1/messages")
        turns = ["curl", "-sS", "--fail", "-H", "x-api-key: sk-fifty", "-H", "content-type: application/json",
                 "-d", json.dumps(QUESTION), *[url] * TURNS]
        runs = [home.start(*turns, options=("--name", f"agent-{i}")) for i in range(RUNS)]

        def live():
            if not home.daemon():
                return None
            status = home.status()
            return status if len(status["runs"]) > RUNS // 2 and status["queue"] else None

        status = harness.until(live, "hivemindctl status shows the runs and their queue", 30, every=0.2)
        self.assertTrue(all(run["name"].startswith("agent-") for run in status["runs"]), status["runs"])
        self.assertEqual([pool["provider"] for pool in status["pools"]], ["anthropic"])

        for run in runs:
            self.assertEqual(run.wait(90), 0, run.describe())
            self.assertEqual(run.out().count("Hello from the mock server."), TURNS, run.describe())
        stats = mock.stats()
        self.assertEqual(stats["completed"], RUNS * TURNS, stats)
        self.assertLessEqual(stats["rate_limited"], 0.01 * stats["generations"], stats)


if __name__ == "__main__":
    harness.main()
