#!/usr/bin/python3
"""What the daemon learned of an account is known to the next one: its limit, and how much of it is used up."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

LIMIT, SPEED = 6, 10  # requests per minute; a minute takes six seconds
BODY = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "say hi"}]})


class Learned(harness.Case):
    def ask(self, mock, home, times):
        done = home.run("curl", "-sS", "--fail", "-H", "x-api-key: sk-learned", "-H", "content-type: application/json",
                        "-d", BODY, *[mock.url("/v1/messages")] * times)
        self.assertEqual(done.returncode, 0, done.describe())

    def limit(self, home):
        """(limit, left, where from) of requests per minute, of the one pool; None: no pool knows one."""
        for pool in home.status()["pools"]:
            for limit in pool["limits"]:
                if limit["dimension"] == "requests":
                    return limit["limit"], limit["available"], limit["source"]
        return None

    def test_a_limit_comes_back_with_the_next_daemon(self):
        mock = self.mock("--limit", f"requests={LIMIT},window", "--speed", str(SPEED))
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"scheduler": {"minute": f"{60000 // SPEED}ms"}})
        first = home.up()
        self.assertIsNone(self.limit(home))
        self.ask(mock, home, LIMIT)
        limit, left, source = self.limit(home)
        self.assertEqual((limit, source), (LIMIT, "header"))
        self.assertLess(left, 1)

        stopped = home.control("stop", "--wait", seconds=30)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertNotEqual(home.up(), first)
        limit, _, source = self.limit(home)
        self.assertEqual((limit, source), (LIMIT, "header"), "before the new daemon has sent anything")
        self.ask(mock, home, LIMIT + 1)  # they wait for the next window, and the last for the one after it
        self.assertEqual(mock.stats()["rate_limited"], 0, "no window was overrun")
        self.assertEqual(mock.stats()["completed"], 2 * LIMIT + 1)


if __name__ == "__main__":
    harness.main()
