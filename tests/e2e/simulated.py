#!/usr/bin/python3
"""hivemind-sim tells the truth: the scenario files it plays are played by real processes too (mock, daemon,
hivemind-run, agents; time-scaled), and both lose as many agents and take as long."""
import json
import os
import subprocess
import sys
import time
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

AGENT = os.path.join(harness.ROOT, "examples", "incident", "agent.py")
STARTING = 6  # seconds until all agents are up; then they begin together


def seconds(text):
    for unit, factor in (("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)):
        if text.endswith(unit) and text[:-len(unit)].replace(".", "", 1).isdigit():
            return float(text[:-len(unit)]) * factor
    raise ValueError(f"{text} is no plain duration")


class Scenario:
    """A scenario file as far as real processes can play it."""

    def __init__(self, name):
        self.path = os.path.join(harness.ROOT, "examples", "scenarios", f"{name}.toml")
        with open(self.path, "rb") as f:
            table = tomllib.load(f)
        self.provider, (self.agents,) = table["provider"], table["agents"]
        self.seed = table.get("seed", {})

    def mock_flags(self):
        flags = []
        for key, flag in (("limits", "--limit"), ("faults", "--fault")):
            for value in self.provider.get(key, []):
                flags += [flag, value]
        for key in ("concurrency", "latency", "spikes", "output_tokens"):
            if key in self.provider:
                flags += [f"--{key.replace('_', '-')}", str(self.provider[key])]
        return [*flags, "--tokens-per-event", "25"]

    def simulated(self, seeds):
        done = subprocess.run([f"{harness.BUILD}/bin/hivemind-sim", "run", self.path, "--seeds", str(seeds), "--json"],
                              capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout)[0]


class Simulated(harness.Case):
    def really(self, scenario, speed):
        """(dead agents, what they died of, makespan in the provider's seconds)"""
        mock = self.mock("--speed", str(speed), *scenario.mock_flags())
        scaled = {key: f"{round(value * 1000 / speed)}ms" for key, value in
                  (("minute", 60), ("backoff_base", 1), ("backoff_cap", 30), ("breaker_open", 5),
                   ("breaker_open_cap", 60), ("aging_step", 30))}
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"scheduler": scaled, "provider.anthropic": scenario.seed})
        agents = scenario.agents
        start = time.time() + STARTING
        runs = [home.start(AGENT, "--name", f"agent-{n + 1}", "--base-url", mock.url(""), "--turns", str(agents["turns"]),
                           "--context", "0", "--pause", str(seconds(agents["tool"]) / speed),
                           "--timeout", str(seconds(agents["timeout"]) / speed), "--start-at", str(start))
                for n in range(agents["count"])]
        for run in runs:
            run.wait(150)
        ends = [json.loads(run.out().splitlines()[-1]) for run in runs]
        return ([end["died_of"] for end in ends if not end["alive"]], max(end["seconds"] for end in ends) * speed,
                mock.stats())

    def agrees(self, name, speed):
        scenario = Scenario(name)
        row = scenario.simulated(10)
        dead, makespan, stats = self.really(scenario, speed)
        print(f"{name}: simulated {row['dead'] / row['seeds']:.1f} dead, {row['makespan']:.1f} s; really {len(dead)} dead, "
              f"{makespan:.1f} s", file=sys.stderr)
        self.assertEqual(len(dead), row["dead"] / row["seeds"], (dead, row, stats))
        self.assertLessEqual(abs(makespan / row["makespan"] - 1), 0.15, (makespan, row, stats))

    def test_the_incident(self):
        self.agrees("replay-11", 6)

    def test_under_stress(self):
        self.agrees("stress", 12)


if __name__ == "__main__":
    harness.main()
