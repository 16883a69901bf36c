#!/usr/bin/python3
"""What carries connections is never captured itself, also when it was started from inside a run: a daemon there would
serve its own upstream connections, for ever."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

BODY = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 16, "messages": [{"role": "user", "content": "hi"}]})


class Loops(harness.Case):
    def tier(self, name):
        mock = self.mock("--seed", "1")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port])
        found = json.loads(home.control("doctor", "--json").stdout)["findings"]
        state, said = next((f["state"], f["said"]) for f in found if f["check"] == name)
        if state != "ok":
            self.skipTest(f"no {name} capture here: {said}")
        return mock, home

    def ask(self, mock):
        return (f"curl -sS --fail --max-time 30 -o /dev/null {mock.url('/v1/messages')} -H 'x-api-key: k' "
                f"-H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' -d '{BODY}'")

    def daemon_of_a_run_inside(self, tier):
        mock, home = self.tier(tier)
        before = home.up()
        run, ctl, ask = harness.program("hivemind-run"), harness.program("hivemindctl"), self.ask(mock)
        # The second daemon descends from the outer run, and serves both runs once the outer one has found it.
        found = f"for i in $(seq 300); do {ctl} runs --json | grep -q outer && break; sleep 0.1; done"
        script = (f"set -e; {ask}; {ctl} stop --wait >/dev/null; {run} --capture=preload sh -c \"$INNER\"; "
                  f"{ask}; {ask}")
        done = home.run("sh", "-c", script, options=[f"--capture={tier}", "--explain", "--name=outer"],
                        env={"INNER": f"{found}; {ask}"}, seconds=120)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertNotIn(home.daemon(), (None, before))
        stats = mock.stats()
        self.assertEqual((stats["generations"], stats["completed"]), (4, 4), stats)
        self.assertNotRegex(done.err(), r"(?m)^ +\d+ hivemindd +\S+ +[1-9]")
        self.assertEqual(home.status()["daemon"]["connections"], 0)

    def test_preload(self):
        self.daemon_of_a_run_inside("preload")

    def test_seccomp(self):
        self.daemon_of_a_run_inside("seccomp")

    def test_ebpf(self):
        self.daemon_of_a_run_inside("ebpf")

    def relay_of_a_run_inside(self, tier):
        mock, home = self.tier(tier)
        home.up()
        run, ask = harness.program("hivemind-run"), self.ask(mock)
        # Nobody can start a daemon again, so both runs relay, the inner one from inside the outer one.
        broken = f"echo 'prots = 1' > {home.config}; kill -9 $(cat {home.runtime}/daemon.lock)"
        done = home.run("sh", "-c", f"{run} --capture=preload sh -c \"$INNER\"", options=[f"--capture={tier}"],
                        env={"INNER": f"set -e; {broken}; {ask}; {ask}"}, seconds=120)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(mock.stats()["completed"], 2)

    def test_relay_under_preload(self):
        self.relay_of_a_run_inside("preload")

    def test_relay_under_seccomp(self):
        self.relay_of_a_run_inside("seccomp")

    def test_relay_under_ebpf(self):
        self.relay_of_a_run_inside("ebpf")


if __name__ == "__main__":
    harness.main()
