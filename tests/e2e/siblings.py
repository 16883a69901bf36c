#!/usr/bin/python3
"""Eight sub-agents, each with a body as Claude Code writes it, that begin with the same tools and system prompt: one of
them writes that into the provider's cache, the others wait for it and read it."""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

AGENTS = 8
MARK = {"type": "ephemeral"}


def body(number):
    """A note for the bill that is new every time, a marked system prompt, a last message of its own."""
    return {"model": "claude-sonnet-4-5",
            "messages": [{"role": "user", "content": [{"type": "text", "text": f"look at part {number}", "cache_control": MARK}]}],
            "system": [{"type": "text", "text": f"x-anthropic-billing-header: cc_version=2.1.328; cc_entrypoint=cli; cch={number:05x};"},
                       {"type": "text", "text": "You are Claude Code.", "cache_control": MARK},
                       {"type": "text", "text": "Be brief. " * 4000, "cache_control": MARK}],
            "tools": [{"name": "Bash", "description": "Runs. " * 2000, "input_schema": {"type": "object"}}],
            "max_tokens": 64, "stream": True}


def used(text, what):
    return int(re.search(rf'"{what}":(\d+)', text).group(1))


class Siblings(harness.Case):
    def test_one_writes_and_the_others_read(self):
        written, read = self.fan_out({})
        self.assertEqual((written, read), (1, AGENTS - 1))

    def test_without_waiting_several_pay_for_the_same(self):
        written, _ = self.fan_out({"cache_siblings": False})
        self.assertGreater(written, 1)

    def fan_out(self, scheduler):
        mock = self.mock("--latency", "2s")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port],
                         config={"scheduler": scheduler})
        url = mock.url("/v1/messages")
        asks = ["curl", "-sSN", "--fail", "-H", "x-api-key: sk-siblings", "-H", "content-type: application/json"]
        # The provider is known by then: more than one at a time goes out.
        small = dict(body(0), system="", tools=[], messages=[{"role": "user", "content": "hi"}])
        done = home.run(*asks, "-d", json.dumps(small), url, url, url)
        self.assertEqual(done.returncode, 0, done)
        with tempfile.TemporaryDirectory() as folder:
            runs = []
            for number in range(AGENTS):
                path = os.path.join(folder, f"{number}.json")
                with open(path, "w") as file:
                    json.dump(body(number), file)
                runs.append(home.start(*asks, "--data-binary", "@" + path, url))
            for run in runs:
                self.assertEqual(run.wait(60), 0, run.describe())
        answers = [run.out() for run in runs]
        return (sum(used(text, "cache_creation_input_tokens") > 10000 for text in answers),
                sum(used(text, "cache_read_input_tokens") > 10000 for text in answers))


if __name__ == "__main__":
    harness.main()
