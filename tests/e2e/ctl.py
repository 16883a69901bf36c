#!/usr/bin/python3
"""hivemindctl against a real daemon: what it shows while agents wait, and what it does when there is none."""
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

QUESTION = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]}


class NoDaemon(harness.Case):
    def test_every_command_says_so(self):
        home = self.home()
        for command in (["status"], ["status", "--json"], ["runs"], ["stop"], ["stop", "--wait"], ["reload"], ["ca"]):
            done = home.control(*command)
            self.assertEqual((done.returncode, done.stdout), (1, ""), command)
            self.assertEqual(done.stderr, f"hivemindctl: no daemon is running ({home.runtime}/control.sock); "
                                          "hivemind-run starts one\n")

    def test_a_wrong_command_line_is_2(self):
        home = self.home()
        for command in ([], ["nonsense"], ["status", "--nonsense"]):
            self.assertEqual(home.control(*command).returncode, 2, command)
        self.assertEqual(home.control("--help").returncode, 0)
        self.assertEqual(home.control("--version").stdout, "hivemindctl 0.1.0\n")

    def test_a_wrong_command_line_of_the_daemon_is_2(self):
        home = self.home()
        for command in (["--nonsense"], ["extra"], ["--ready-fd", "x"]):
            self.assertEqual(home.direct(harness.program("hivemindd"), *command).returncode, 2, command)
        self.assertEqual(home.direct(harness.program("hivemindd"), "--version").out(), "hivemindd 0.1.0\n")


class WithDaemon(harness.Case):
    def test_status_shows_who_waits_for_what(self):
        mock = self.mock("--rpm", "5", "--latency", "300ms")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"provider.anthropic": {"requests_per_minute": 5, "concurrency": 2}})
        asks = ["curl", "-sS", "-H", "x-api-key: sk-secret-key", "-d", json.dumps(QUESTION), *[mock.url("/v1/messages")] * 9]
        agents = [home.start(*asks, options=("--name", f"agent-{i}", "--priority", priority))
                  for i, priority in enumerate(("high", "normal", "low"))]

        def waiting():
            return (home.daemon() and len(home.status()["queue"]) == 3
                    and "requests per minute: 0 of 5 left" in home.control("status").stdout)

        harness.until(waiting, "all three agents wait, and nothing is left of the limit", 30, every=0.2)
        done = home.control("status")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("hivemindd ", f"configured by {home.config}", "anthropic claude-sonnet-4", "minute",
                     "agent-0", "agent-1", "agent-2", "high", "low", "requests per minute: 0 of 5 left"):
            self.assertIn(part, done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100, done.stdout)
        self.assertNotIn("\033", done.stdout)
        self.assertNotIn("secret", done.stdout + home.control("status", "--json").stdout + home.log())
        self.assertEqual(home.control("runs").stdout.count("agent-"), 3)
        self.assertEqual(len(json.loads(home.control("runs", "--json").stdout)["runs"]), 3)
        if os.environ.get("SHOW"):
            print(done.stdout)
        for agent in agents:
            agent.stop()
        harness.until(lambda: not home.status()["runs"], "the runs end with their agents", 10)
        self.assertEqual(home.status()["queue"], [])

    def test_reload_keeps_what_was_when_the_file_is_wrong(self):
        home = self.home()
        home.up()
        with open(home.config, "a") as f:
            f.write("\n[timeouts]\nhed = \"1s\"\n")
        done = home.control("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown key \"timeouts.hed\"; did you mean \"timeouts.head\"?", done.stderr)
        self.assertTrue(home.daemon())
        home.write_config({"log_level": "debug"})
        self.assertEqual(home.control("reload").returncode, 0)

    def test_reload_finds_the_usual_file_when_it_came_later(self):
        home = self.home(env={"HIVEMIND_CONFIG": ""})
        usual = os.path.join(home.env["HOME"], ".config/hivemind/hivemind.toml")
        home.up()
        self.assertIn("no configuration file, defaults", home.control("status").stdout)
        os.makedirs(os.path.dirname(usual))
        with open(usual, "w") as f:
            f.write("ports = [443, 99999]\n")
        self.assertIn(f"{usual}:1", home.control("reload").stderr)
        with open(usual, "w") as f:
            f.write("ports = [443, 8443]\n")
        self.assertEqual(home.control("reload").returncode, 0)
        self.assertIn(f"configured by {usual}", home.control("status").stdout)
        os.unlink(usual)
        self.assertEqual(home.control("reload").returncode, 0)
        self.assertIn("no configuration file, defaults", home.control("status").stdout)

    def test_ca_names_the_roots(self):
        home = self.home()
        home.up()
        done = home.control("ca")
        self.assertIn(os.path.join(home.state, "ca/roots.pem"), done.stdout)
        self.assertRegex(done.stdout, r"expire   \d{4}-\d\d-\d\d \d\d:\d\d UTC, in 29d")

    def test_who_connects_and_says_nothing_is_let_go(self):
        home = self.home()
        home.up()
        kinds = {"control.sock": (socket.SOCK_STREAM, b"GET /status HTTP/1.1\r\nHos"), "run.sock": (socket.SOCK_SEQPACKET, b"")}
        silent = []
        for name, (kind, part) in kinds.items():
            client = self.enterContext(socket.socket(socket.AF_UNIX, kind))
            client.settimeout(20)
            client.connect(os.path.join(home.runtime, name))
            if part:
                client.send(part)
            silent.append(client)
        self.assertEqual(home.control("status").returncode, 0, "others are served meanwhile")
        for client in silent:
            self.assertEqual(client.recv(1024), b"")

    def test_a_dump_draws_what_waited_and_what_ran(self):
        mock = self.mock()
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"budget": {"day": 5000}})
        body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]})
        home.run("curl", "-sS", "-H", "x-api-key: sk-ant-REDACTED", "-H", "content-type: application/json", "-d", body,
                 *[mock.url("/v1/messages")] * 3, options=("--name", "drawn"))
        status = home.status()
        self.assertEqual([(b["name"], b["limit"]) for b in status["budgets"]], [("day", 5000)])
        self.assertGreater(status["budgets"][0]["spent"], 0)
        self.assertIn("Budgets", home.control("status").stdout)

        told = json.loads(home.control("trace", "dump").stdout)
        self.assertEqual([d["kind"] for d in told["decisions"] if d["kind"] != "held"],
                         ["queued", "dispatched", "finished"] * 3)
        picture = os.path.join(home.folder, "picture.json")
        done = home.control("trace", "dump", "--format", "perfetto", "--output", picture)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        with open(picture) as f:
            text = f.read()
        events = json.loads(text)["traceEvents"]
        self.assertEqual([e["name"] for e in events if e["ph"] == "X"], ["waits", "runs"] * 3)
        for event in events:
            self.assertEqual(event["ph"] in "Xi", "ts" in event, event)
        self.assertNotIn("sk-ant", text)
        self.assertEqual(home.control("trace", "dump", "--output", home.folder).returncode, 1)

    def test_stop_waits_for_the_end(self):
        home = self.home()
        pid = home.up()
        done = home.control("stop", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"(pid {pid}) is stopping", done.stdout)
        self.assertTrue(harness.gone(pid))
        self.assertFalse(os.path.exists(os.path.join(home.runtime, "control.sock")))


if __name__ == "__main__":
    harness.main()
