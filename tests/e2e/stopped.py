#!/usr/bin/python3
"""A daemon that was stopped on purpose stays away; the runs it had go on without it and come back to the next one."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

# One request for each line on stdin; prints the status.
AGENT = """
import sys, urllib.request
for line in sys.stdin:
    request = urllib.request.Request(sys.argv[1], data=sys.argv[2].encode(), headers={"x-api-key": "k"})
    print(urllib.request.urlopen(request, timeout=20).status, flush=True)
"""


class Stopped(harness.Case):
    def test_stop_lasts_until_the_next_run_and_loses_no_agent(self):
        mock = self.mock()
        home = self.home(harness.route("127.0.0.1", mock), ports=[mock.port])
        question = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 10, "messages": []})
        agent = home.start("/usr/bin/python3", "-c", AGENT, mock.url("/v1/messages"), question, stdin=subprocess.PIPE)
        asked = 0

        def ask():
            nonlocal asked
            asked += 1
            agent.popen.stdin.write(b"ask\n")
            agent.popen.stdin.flush()
            harness.until(lambda: agent.out() == "200\n" * asked, "the agent is answered")

        ask()
        self.assertEqual(home.control("stop", "--wait").returncode, 0)
        self.assertIsNone(home.daemon())
        for _ in range(3):
            ask()  # carried to where it was going
        self.assertIsNone(home.daemon(), "a daemon that nobody asked for")
        home.up()
        harness.until(lambda: len(home.status()["runs"]) == 1, "the run is handed to the new daemon")
        ask()
        self.assertEqual(home.status()["runs"][0]["requests"], 1)
        agent.popen.stdin.close()


if __name__ == "__main__":
    harness.main()
