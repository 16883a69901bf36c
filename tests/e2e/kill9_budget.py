#!/usr/bin/python3
"""The daemon is killed with -9 again and again while sixteen requests are under way: no budget is overshot for it."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/ask_until_refused.py")
WIDE = {"requests_per_minute": "unlimited", "tokens_per_minute": "unlimited", "concurrency": 64, "max_concurrency": 64}
KILLS = 4


class Kill9Budget(harness.Case):
    def world(self, config=None):
        mock = self.mock("--output-tokens", "150:50", "--latency", "100ms")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"provider.anthropic": WIDE, **(config or {})})
        home.up()
        return mock, home

    def spend(self, cap, options=(), config=None):
        mock, home = self.world(config)
        # Closed: what a run carries itself while it has no daemon, nobody could count.
        run = home.start("/usr/bin/python3", PROGRAM, mock.address, str(mock.port), options=("--fail", "closed", *options))
        for _ in range(KILLS):
            before = mock.stats()["completed"]
            daemon = harness.until(home.daemon, "a daemon serves")
            harness.until(lambda: mock.stats()["completed"] > before + 20 or run.popen.poll() is not None, "it goes on", 30)
            if run.popen.poll() is not None:
                break
            os.kill(daemon, signal.SIGKILL)
            harness.until(lambda: home.daemon() not in (daemon, None), "another daemon serves", 30)
        self.assertEqual(run.wait(120), 0, run.describe())
        told, stats = json.loads(run.out().splitlines()[-1]), mock.stats()
        self.assertTrue(told["refused"], told)
        spent = stats["input_tokens"] + stats["output_tokens"] + stats["wasted_tokens"]
        print(f"{spent} of {cap} tokens, {told['answered']} answers, {KILLS} kills", file=sys.stderr)
        self.assertLessEqual(spent, cap)
        self.assertGreater(spent, cap / 4, "a daemon that dies costs what it had set aside, not the budget")
        return home

    def test_of_the_day(self):
        self.spend(100000, config={"budget": {"day": 100000}})

    def test_of_a_run(self):
        self.spend(100000, options=("--token-budget", "100000"))

    def test_a_cap_that_reload_adds_holds_for_a_run_under_way(self):
        mock, home = self.world()
        run = home.start("/usr/bin/python3", PROGRAM, mock.address, str(mock.port), options=("--name", "team/one"))
        harness.until(lambda: mock.stats()["completed"] > 50, "it goes on", 30)
        spent = sum(mock.stats()[key] for key in ("input_tokens", "output_tokens"))
        with open(home.config, "a", encoding="utf-8") as config:
            config.write(f'\n[[group]]\nname = "team"\ntokens = {spent + 40000}\n')
        reloaded = home.control("reload")
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        self.assertEqual(run.wait(120), 0, run.describe())
        self.assertTrue(json.loads(run.out().splitlines()[-1])["refused"])
        spent_in_all = sum(mock.stats()[key] for key in ("input_tokens", "output_tokens"))
        self.assertLessEqual(spent_in_all, spent + 40000)
        self.assertGreater(spent_in_all, spent)


if __name__ == "__main__":
    harness.main()
